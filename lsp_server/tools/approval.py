"""This module decides which calls are free, which are asked about and which are refused.

It looks at what a call needs, not at which tool it calls:

| mode      | read inside | edit inside | shell, known to only read inside | other shell |
|-----------|-------------|-------------|----------------------------------|-------------|
| read-only | free        | refused     | free                             | refused     |
| ask       | free        | asked       | free                             | asked       |
| auto-edit | free        | free        | free                             | asked       |
| sandboxed | free        | free        | free                             | free inside |
| full      | free        | free        | free                             | free        |

`sandboxed` frees commands where a sandbox holds what they do, and asks about them
like `auto-edit` where none does.

Deny rules win over everything. A path outside of the workspace, symbolic links
followed, is asked about in every mode unless a rule with an absolute pattern
allows it; what keeps history, settings and goals (`PROTECTED`) is asked about
on every write. A shell command cannot be held to the workspace, so `full` means
what it says; elsewhere one that names a path outside or a file for secrets is
asked about, unless a rule spells that word out. A task in `plan` mode is
read-only. A call of a tool that does not say what it needs is asked about in
every mode. To add a mode: a row above, and its cases in `Approval`.
"""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias, assert_never

from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import (
    Needs,
    NeedsCommand,
    NeedsNothing,
    NeedsPath,
    NeedsUnknown,
    NeedsUrl,
    ToolSpec,
)
from lsp_server.settings.sections import PermissionSettings
from lsp_server.text.truncate import ELLIPSIS, truncate
from lsp_server.tools.builtin import BUILTIN_NAMES
from lsp_server.tools.confinement import are_confined
from lsp_server.tools.free import is_free
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.rules import PathPattern, Rule, ShellPattern, parse_rule, path_rule
from lsp_server.tools.shell_syntax import ShellScript, parse
from lsp_server.workspace.paths import Workspace

PROTECTED = frozenset({".git", ".hg", ".svn", ".jj", ".holdfast"})
"""Folders whose files are never written without asking, at any depth."""

COMMAND_CHARS_MAX = 78
"""A longer command is cut in the line that asks about it; the question's detail has all of it."""

_FAMILIES = (
    ("pytest",),
    ("python", "-m", "pytest"),
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
"""Checks that run the project's own code anyway: "always" allows them with any arguments."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The call is free."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The call is refused; `reason` is for the model to read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A person decides.

    With `outside` the path lies outside of the workspace, and nothing there may be looked
    at before the answer, not even for a diff.
    """

    question: Question
    outside: bool = False


Decision: TypeAlias = Allow | Deny | Ask


class Approval:
    """An `Approval` decides about calls by what they need, by a person's rules, and by the mode.

    `permissions` holds the mode and the rules of the settings, `mode` is that of the task:
    with `plan` everything is read-only. `tools` are the names that a rule may use.
    `commands_are_confined` says that commands run in a sandbox that holds, as only the
    mode `sandboxed` has it. Raises ConfigurationError for a rule that cannot be read.

    >>> import tempfile
    >>> from lsp_server.tools.shell import Shell
    >>> workspace = Workspace(Path(tempfile.mkdtemp()))
    >>> approval = Approval(PermissionSettings(mode="ask"), workspace)
    >>> approval.decide(Shell.spec, NeedsCommand("ls -la"))
    Allow()
    >>> approval.decide(Shell.spec, NeedsCommand("make all")).question.rule
    'shell(make all)'
    >>> approval.allow("shell(make all)")
    >>> approval.decide(Shell.spec, NeedsCommand("make all"))
    Allow()
    """

    def __init__(
        self,
        permissions: PermissionSettings,
        workspace: Workspace,
        mode: Mode = "build",
        tools: Collection[str] = BUILTIN_NAMES,
        *,
        commands_are_confined: bool = False,
    ) -> None:
        self._workspace = workspace
        self._mode = "read-only" if mode == "plan" else permissions.mode
        self._commands_are_confined = commands_are_confined
        self._tools = tools
        self._allowed = [self._rule(text, "permissions.allow") for text in permissions.allow]
        self._denied = [self._rule(text, "permissions.deny") for text in permissions.deny]

    def decide(self, tool: ToolSpec, needs: Needs) -> Decision:
        """Decides on a call of this tool by what it needs.

        Deny rules are looked at first, and win. Raises ToolError when a path cannot be one
        of this machine.
        """
        # A tool that is denied as a whole is denied whatever its calls need.
        for rule in self._denied:
            if rule.pattern is None and rule.covers(tool):
                return _deny_by(rule)
        match needs:
            case NeedsCommand(command):
                return self._decide_command(tool, command)
            case NeedsPath(path, writes):
                return self._decide_path(tool, self._workspace.locate(path), writes=writes)
            case NeedsNothing():
                return Allow()
            case NeedsUrl(url):
                return self._decide_unbounded(tool, f"contact {url}", free=self._mode == "full")
            case NeedsUnknown():
                return self._decide_unbounded(tool, f"call {tool.name}", free=False)
            case _:
                assert_never(needs)

    def allow(self, rule: str) -> None:
        """Adds a rule that a person answered "always" to. Raises ConfigurationError."""
        self._allowed.append(self._rule(rule, "permissions.allow"))

    def visible(self, path: Path) -> bool:
        """Says whether no deny rule keeps the contents of a file (an absolute path) hidden."""
        return not any(self._hides(rule, path) for rule in self._denied)

    def _rule(self, text: str, key: str) -> Rule:
        return parse_rule(text, key=key, tools=self._tools)

    def _hides(self, rule: Rule, path: Path) -> bool:
        return rule.about_reading and rule.matches(path, self._workspace)

    def _decide_unbounded(self, tool: ToolSpec, what: str, *, free: bool) -> Decision:
        """Decides on a call that no path or command bounds; a person may allow the whole tool."""
        if self._mode == "read-only":
            return Deny("it is not known to change nothing, and nothing else runs in this mode")
        if free or any(rule.pattern is None and rule.covers(tool) for rule in self._allowed):
            return Allow()
        return Ask(Question(_question_id(), tool.name, what, "", rule=tool.name))

    def _decide_path(self, tool: ToolSpec, path: Path, *, writes: bool) -> Decision:
        for rule in self._denied:
            # An edit shows what it replaces, so a rule against reading holds for it too.
            named = rule.covers(tool) and rule.matches(path, self._workspace)
            if named or self._hides(rule, path):
                return _deny_by(rule)
        if writes and self._mode == "read-only":
            return Deny("nothing can be changed in this mode; say what you would change instead")
        if writes and self._is_protected(path):
            return self._ask(tool, path, ", which Holdfast or version control keeps", offer=False)
        inside = self._workspace.inside(path)
        for rule in self._allowed:
            # A rule for a whole tool speaks of the workspace alone.
            reaches = inside or isinstance(rule.pattern, PathPattern)
            if reaches and rule.covers(tool) and rule.matches(path, self._workspace):
                return Allow()
        if not inside:
            return self._ask(tool, path, ", which is outside of the workspace", outside=True)
        if not writes or self._mode in ("auto-edit", "sandboxed", "full"):
            return Allow()
        return self._ask(tool, path)

    def _is_protected(self, path: Path) -> bool:
        parts = PurePosixPath(self._workspace.relative(path)).parts
        # Where the file system ignores case, `.GIT` is the same folder.
        return not PROTECTED.isdisjoint(part.lower() for part in parts)

    def _ask(
        self,
        tool: ToolSpec,
        path: Path,
        remark: str = "",
        *,
        offer: bool = True,
        outside: bool = False,
    ) -> Ask:
        name = self._workspace.relative(path)
        question = Question(
            id=_question_id(),
            tool=tool.name,
            summary=f"{tool.name} {name}{remark}",
            # Of an edit, the toolbox puts the diff here.
            detail="" if tool.kind == "edit" else f"{tool.name} {path}",
            path=name,
            rule=path_rule(tool.name, path, self._workspace) if offer else None,
        )
        return Ask(question, outside)

    def _decide_command(self, tool: ToolSpec, command: str) -> Decision:
        script = parse(command)
        denied = [
            (rule, rule.pattern)
            for rule in self._denied
            if rule.covers(tool) and isinstance(rule.pattern, ShellPattern)
        ]
        for rule, pattern in denied:
            if pattern.hits(script):
                return _deny_by(rule)
        unsure = any(pattern.may_hide(script) for _, pattern in denied)
        if self._mode == "read-only" and not is_read_only(script):
            return Deny("only commands that are known to read can run in this mode")
        # What may hide a denied command is asked about, even where all is free.
        if not unsure and self._frees_commands():
            return Allow()
        if not unsure and (self._is_free(script) or self._is_covered(tool, script)):
            return Allow()
        return Ask(_command_question(tool, command, script, self._workspace))

    def _frees_commands(self) -> bool:
        if self._mode == "sandboxed":
            return self._commands_are_confined and not self._denies_reading()
        return self._mode == "full"

    def _denies_reading(self) -> bool:
        # A command may read more than it names, so a rule against reading ends the freedom.
        return any(rule.about_reading for rule in self._denied)

    def _is_free(self, script: ShellScript) -> bool:
        return not self._denies_reading() and is_free(script, self._workspace)

    def _is_covered(self, tool: ToolSpec, script: ShellScript) -> bool:
        patterns = [rule.pattern for rule in self._allowed if rule.covers(tool)]
        covering = (p for p in patterns if isinstance(p, ShellPattern) and p.covers(script))
        return any(are_confined(p.unwritten(script), self._workspace) for p in covering)


def _deny_by(rule: Rule) -> Deny:
    return Deny(f"the rule `{rule.text}` forbids it; find another way")


def _command_question(
    tool: ToolSpec, command: str, script: ShellScript, workspace: Workspace
) -> Question:
    first, *more = command.strip().splitlines() or [""]
    # An ellipsis says that there is more to see than this line.
    line = truncate(first, COMMAND_CHARS_MAX)
    line += ELLIPSIS if more and not line.endswith(ELLIPSIS) else ""
    return Question(
        _question_id(),
        tool.name,
        f"run `{line}`",
        command,
        rule=_command_rule(tool.name, script, workspace),
    )


def _command_rule(tool: str, script: ShellScript, workspace: Workspace) -> str | None:
    # A rule covers one simple command of plain words, so no other gets one.
    single = script.single
    if single is None or any(word.kind != "literal" for word in single.words):
        return None
    words = tuple(word.text for word in single.words)
    for family in _FAMILIES:
        if words[: len(family)] == family and are_confined(single.words[1:], workspace):
            return f"{tool}({' '.join(family)} *)"
    return f"{tool}({shlex.join(words)})"


def _question_id() -> str:
    return uuid.uuid4().hex[:12]
