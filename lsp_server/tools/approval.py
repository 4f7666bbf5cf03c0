"""Which calls are free, which are asked about, which are refused.

| mode      | read inside | edit inside | shell, known to only read inside | other shell |
|-----------|-------------|-------------|----------------------------------|-------------|
| read-only | free        | refused     | free                             | refused     |
| ask       | free        | asked       | free                             | asked       |
| auto-edit | free        | free        | free                             | asked       |
| full      | free        | free        | free                             | free        |

Deny rules win over everything. A path outside of the workspace, symbolic links
followed, is asked about in every mode unless a rule with an absolute pattern
allows it; what keeps history, settings and goals (`PROTECTED`) is asked about
on every write. A shell command cannot be held to the workspace, so `full` means
what it says; elsewhere one that names a path outside or a file for secrets is
asked about, unless a rule spells that word out. A task in `plan` mode is
read-only.
"""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import Mode
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.confinement import are_confined
from lsp_server.tools.free import is_free
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.rules import PathPattern, Rule, ShellPattern, parse_rule, path_rule
from lsp_server.tools.shell_syntax import ShellScript, parse
from lsp_server.workspace.paths import Workspace

PROTECTED = frozenset({".git", ".hg", ".svn", ".jj", ".holdfast"})
"""Folders whose files are never written without asking, at any depth."""

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
"""Checks that run the project's own code anyway: "always" means them with any arguments."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The call is free."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The call is refused; the reason is for the model."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A person decides; with `previews` the file may be looked at before the answer."""

    question: Question
    previews: bool = True


Decision: TypeAlias = Allow | Deny | Ask


class Approval:
    """Decides about tool calls. Raises ConfigurationError for a rule that is none."""

    def __init__(
        self, permissions: PermissionSettings, workspace: Workspace, mode: Mode = "build"
    ) -> None:
        self._workspace = workspace
        self._mode = "read-only" if mode == "plan" else permissions.mode
        self._allowed = [parse_rule(text, key="permissions.allow") for text in permissions.allow]
        self._denied = [parse_rule(text, key="permissions.deny") for text in permissions.deny]

    def decide(self, tool: str, arguments: Mapping[str, object], *, read_only: bool) -> Decision:
        """What to do about a call. Raises ToolError when its path or command is none.

        `read_only` is what the tool's spec says. A tool with neither path nor
        command acts on Holdfast's own state and is free.
        """
        denying = next((r for r in self._denied if tool in r.tools and r.pattern is None), None)
        if denying:
            return _denied_by(denying)
        match arguments:
            case {"command": str(command)} if tool == "shell":
                return self._about_shell(command)
            case {"path": str(written)}:
                return self._about_path(tool, self._workspace.locate(written), reads=read_only)
            case _:
                return Allow()

    def allow(self, rule: str) -> None:
        """Adds what a person answered "always" to."""
        self._allowed.append(parse_rule(rule, key="permissions.allow"))

    def visible(self, path: Path) -> bool:
        """Whether no deny rule keeps the contents of the file from being read."""
        return not any(rule.about_path("read", path, self._workspace) for rule in self._denied)

    def _about_path(self, tool: str, path: Path, *, reads: bool) -> Decision:
        # An edit shows what it replaces, so a rule against reading holds for it too.
        for rule in self._denied:
            if any(rule.about_path(name, path, self._workspace) for name in (tool, "read")):
                return _denied_by(rule)
        if not reads and self._mode == "read-only":
            return Deny("nothing can be changed in this mode; say what you would change instead")
        if not reads and self._is_protected(path):
            return self._ask(tool, path, ", which Holdfast or version control keeps", offer=False)
        for rule in self._allowed:
            reaches = self._workspace.inside(path) or isinstance(rule.pattern, PathPattern)
            if reaches and rule.about_path(tool, path, self._workspace):
                return Allow()
        if not self._workspace.inside(path):
            return self._ask(tool, path, ", which is outside of the workspace", previews=False)
        if reads or self._mode in ("auto-edit", "full"):
            return Allow()
        return self._ask(tool, path)

    def _is_protected(self, path: Path) -> bool:
        parts = PurePosixPath(self._workspace.relative(path)).parts
        return not PROTECTED.isdisjoint(part.lower() for part in parts)

    def _ask(
        self,
        tool: str,
        path: Path,
        remark: str = "",
        *,
        offer: bool = True,
        previews: bool = True,
    ) -> Ask:
        name = self._workspace.relative(path)
        return Ask(
            Question(
                id=_question_id(),
                tool=tool,
                summary=f"{tool} {name}{remark}",
                detail=f"{tool} {path}",
                path=name,
                rule=path_rule(tool, path, self._workspace) if offer else None,
            ),
            previews,
        )

    def _about_shell(self, command: str) -> Decision:
        script = parse(command)
        rules = [(rule, rule.pattern) for rule in self._denied if "shell" in rule.tools]
        patterns = [(rule, p) for rule, p in rules if isinstance(p, ShellPattern)]
        for rule, pattern in patterns:
            if pattern.hits(script):
                return _denied_by(rule)
        unsure = any(pattern.may_hide(script) for _, pattern in patterns)
        reads = is_read_only(script)
        if self._mode == "read-only" and not reads:
            return Deny("only commands that are known to read can run in this mode")
        if self._mode == "full" and not unsure:
            return Allow()
        if not unsure and (self._free(script) or self._is_covered(script)):
            return Allow()
        return Ask(_shell_question(command, script, self._workspace))

    def _free(self, script: ShellScript) -> bool:
        # A command may read more than it names, so a rule against reading ends the freedom.
        if any("read" in rule.tools for rule in self._denied):
            return False
        return is_free(script, self._workspace)

    def _is_covered(self, script: ShellScript) -> bool:
        patterns = [rule.pattern for rule in self._allowed if "shell" in rule.tools]
        covering = (p for p in patterns if isinstance(p, ShellPattern) and p.covers(script))
        return any(are_confined(p.unwritten(script), self._workspace) for p in covering)


def _denied_by(rule: Rule) -> Deny:
    return Deny(f"the rule `{rule.text}` forbids it; find another way")


def _shell_question(command: str, script: ShellScript, workspace: Workspace) -> Question:
    first = command.strip().partition("\n")[0]
    summary = (
        f"run `{first[:77]}…`" if len(first) > 78 or first != command.strip() else f"run `{first}`"
    )
    rule = _shell_rule(script, workspace)
    return Question(_question_id(), "shell", summary, command, rule=rule)


def _shell_rule(script: ShellScript, workspace: Workspace) -> str | None:
    single = script.single
    if single is None or any(word.kind != "literal" for word in single.words):
        return None
    words = tuple(word.text for word in single.words)
    for family in _FAMILIES:
        if words[: len(family)] == family and are_confined(single.words[1:], workspace):
            return f"shell({' '.join(family)} *)"
    return f"shell({shlex.join(words)})"


def _question_id() -> str:
    return uuid.uuid4().hex[:12]
