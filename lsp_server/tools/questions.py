"""This module words the questions that a person is asked, with the rules that an answer may allow."""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Iterable
from pathlib import Path

from lsp_server.domain.permissions import Question
from lsp_server.domain.tools import NeedsCommand, NeedsRun, NeedsServer, NeedsUrl, ToolSpec
from lsp_server.sandbox.protected_places import ProtectedPlace
from lsp_server.settings.relative_rules import names_project_file
from lsp_server.text.truncate import ELLIPSIS, one_line, truncate, truncate_middle
from lsp_server.tools.command_targets import targets_text
from lsp_server.tools.confinement import are_confined
from lsp_server.tools.host_rules import host_rule
from lsp_server.tools.rules import folder_rule, path_rule
from lsp_server.tools.server_rules import server_rule
from lsp_server.tools.shell_syntax import ShellScript
from lsp_server.workspace.files.paths import Workspace

COMMAND_CHARS_MAX = 78
"""A longer command is cut in the line that asks about it; the question's detail has all of it."""
URL_CHARS_MAX = 120
"""So much of an address is in the line that asks about it; the question's detail has all of it."""
REASON_CHARS_MAX = 300
"""A longer reason of the model's is cut."""

_FAMILIES = (
    ("pytest",),
    ("python", "-m", "pytest"),
    ("python", "-m", "unittest"),
    ("mypy",),
    ("ruff", "check"),
    ("tsc",),
    ("eslint",),
    ("cargo", "test"),
    ("cargo", "check"),
    ("go", "test"),
    ("go", "vet"),
    ("npm", "test"),
)
"""Checks that run the project's own code anyway: a rule allows them with any arguments."""


def call_question(tool: ToolSpec) -> Question:
    """Returns the question about a call that does not say what it needs."""
    return Question(
        _question_id(),
        tool.name,
        f"call {tool.name}",
        "",
        rule=tool.name,
        run_rule=tool.name,
        general=True,
    )


def run_question(tool: ToolSpec, needs: NeedsRun) -> Question:
    """Returns the question about beginning a run that may change files."""
    return Question(
        _question_id(),
        tool.name,
        f"begin a subagent that may change files: {one_line(needs.title, COMMAND_CHARS_MAX)}",
        needs.detail,
        rule=tool.name,
        run_rule=tool.name,
        general=True,
    )


def url_question(tool: ToolSpec, needs: NeedsUrl) -> Question:
    """Returns the question about contacting an address; a yes that lasts is one to its host."""
    rule = host_rule(tool.name, needs)
    return Question(
        _question_id(),
        tool.name,
        f"contact {truncate_middle(needs.url, URL_CHARS_MAX)}",
        needs.url,
        rule=rule,
        run_rule=rule,
        general=True,
    )


def server_question(tool: ToolSpec, needs: NeedsServer) -> Question:
    """Returns the question about a call of a server's tool, with what the server says of it."""
    rule = server_rule(needs)
    hints = f"\n(the server says of it: {', '.join(needs.hints)})" if needs.hints else ""
    return Question(
        _question_id(),
        tool.name,
        f"call {needs.tool} of the server {needs.server}",
        needs.detail + hints,
        rule=rule,
        run_rule=rule,
    )


def path_question(
    tool: ToolSpec, path: Path, workspace: Workspace, place: ProtectedPlace | None = None
) -> Question:
    """Returns the question about reading or writing a file, which may be in a protected `place`.

    A yes for the run is one to all edits, a lasting one to those in the file's folder; to
    what is protected or outside it is narrower.
    """
    name, inside = workspace.relative(path), workspace.inside(path)
    is_edit = tool.kind == "edit" and inside
    rule = path_rule(tool.kind if is_edit else tool.name, path, workspace)
    if place is not None and place.is_ours:
        rule = None
    elif is_edit and (place is None or place.name in path.parent.parts):
        rule = folder_rule(tool.kind, path, workspace)
    return Question(
        id=_question_id(),
        tool=tool.name,
        summary=f"{tool.name} {name}{_remark(place, inside=inside, reads=tool.kind == 'read')}",
        # Of an edit, the toolbox puts the diff here.
        detail="" if tool.kind == "edit" else f"{tool.name} {path}",
        path=name,
        rule=rule,
        run_rule=tool.kind if inside and place is None else rule,
        general=not inside,
    )


def command_question(
    tool: ToolSpec,
    needs: NeedsCommand,
    script: ShellScript,
    workspace: Workspace,
    loss: str = "",
) -> Question:
    """Returns the question about a command; for one that is to leave the sandbox, with why and what for.

    `loss` says what would be gone for good.
    """
    first, *more = needs.command.strip().split("\n")
    # An ellipsis says that there is more to see than this line.
    line = truncate(first, COMMAND_CHARS_MAX)
    line += ELLIPSIS if more and not line.endswith(ELLIPSIS) else ""
    where, detail = " in the background" if needs.background else "", needs.command
    if needs.outside:
        where += " outside of the sandbox"
        why = one_line(needs.outside, REASON_CHARS_MAX)
        detail += f"\nwhy: {why}\ntouches: {targets_text(script, workspace)}"
    # What leaves the sandbox is allowed as it is, and nothing like it.
    rule = _command_rule(tool.name, script, workspace, families=() if needs.outside else _FAMILIES)
    return Question(
        _question_id(),
        tool.name,
        f"run `{line}`{where}{f' ({loss})' if loss else ''}",
        detail,
        rule=rule,
        run_rule=rule,
        general=rule is not None and not names_project_file(rule, workspace.root),
    )


def _remark(place: ProtectedPlace | None, *, inside: bool, reads: bool) -> str:
    if not inside:
        return ", which is outside of the workspace"
    if place is None:
        return ""
    if reads:
        return f": {place.name} is where keys or private data are kept"
    if place.is_ours:
        return ", which Holdfast or version control keeps"
    return f": what is in {place.name} runs code or decides on your side"


def _command_rule(
    tool: str, script: ShellScript, workspace: Workspace, families: Iterable[tuple[str, ...]]
) -> str | None:
    # A rule covers one simple command of plain words, so no other gets one.
    single = script.single
    if single is None or any(word.kind != "literal" for word in single.words):
        return None
    words = tuple(word.text for word in single.words)
    for family in families:
        if words[: len(family)] == family and are_confined(single.words[1:], workspace):
            return f"{tool}({' '.join(family)} *)"
    return f"{tool}({shlex.join(words)})"


def _question_id() -> str:
    return uuid.uuid4().hex[:12]
