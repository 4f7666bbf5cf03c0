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
like `auto-edit` where none does, and about those that would remove for good what undo
does not keep. A command that is to run outside of the sandbox is asked about, free or
not, unless a rule covers it or the mode is `full`.

Deny rules win over everything. A path outside of the workspace, symbolic links
followed, is asked about in every mode unless a rule with an absolute pattern
allows it; what keeps history, settings and goals is asked about
on every write, and so is what else commands in a sandbox may not change, unless a rule
spells it out or the mode is `full`. A shell command cannot be held to the workspace, so `full` means
what it says; elsewhere one that names a path outside or a file for secrets is
asked about, unless a rule spells that word out. A page of the web is asked about in every
mode but `full`, unless a rule names its host. A task in `plan` mode is
read-only. A call of a tool that does not say what it needs is asked about in
every mode. A run that this one begins is bounded as this one is: it is free where edits
are, asked about in `ask`, refused where nothing may change. To add a mode: a row above, and its cases in `Approval`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from copy import copy
from dataclasses import dataclass, replace
from os.path import normpath
from pathlib import Path
from typing import Literal, TypeAlias, assert_never

from lsp_server.domain.permissions import NOTHING_GRANTED, Granted, PermissionMode, Question
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import (
    Needs,
    NeedsCommand,
    NeedsNothing,
    NeedsPath,
    NeedsRun,
    NeedsServer,
    NeedsUnknown,
    NeedsUrl,
    ToolSpec,
)
from lsp_server.sandbox.protected_places import ProtectedPlace, private_places, protected_place
from lsp_server.settings.folders import config_folder, data_folder
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.allow_rules import AllowRules
from lsp_server.tools.builtin import BUILTIN_NAMES
from lsp_server.tools.confinement import are_confined
from lsp_server.tools.denied_reading import Reading, reads_denied
from lsp_server.tools.free import is_free
from lsp_server.tools.lasting_loss import lasting_loss
from lsp_server.tools.questions import (
    call_question,
    command_question,
    path_question,
    run_question,
    server_question,
    url_question,
)
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.rules import PathPattern, Rule, ShellPattern, parse_rule
from lsp_server.tools.shell_syntax import ShellScript, parse
from lsp_server.workspace.files.paths import Workspace


@dataclass(frozen=True, slots=True)
class Allow:
    """The call is free."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The call is refused; `reason` says why, `advice` what the model should do instead, `by` who did."""

    reason: str
    advice: str = ""
    by: Literal["settings", "hook"] = "settings"


@dataclass(frozen=True, slots=True)
class Ask:
    """A person decides.

    With `outside` the path lies outside of the workspace, and nothing there may be looked
    at before the answer, not even for a diff.
    """

    question: Question
    outside: bool = False


Decision: TypeAlias = Allow | Deny | Ask

_FREEING: tuple[PermissionMode, ...] = ("ask", "auto-edit", "sandboxed", "full")
"""The modes that free calls, from the narrowest to the widest."""


class Approval:
    """An `Approval` decides about calls by what they need, by a person's rules, and by the mode.

    `permissions` holds the mode and the rules of the settings, `mode` is that of the task:
    with `plan` everything is read-only. `tools` are the names that a rule may use.
    `commands_are_confined` says that commands run in a sandbox that holds, as only the
    mode `sandboxed` has it, `sandbox_holds` whether those that only read do, in any mode; it may block.
    `granted` gives what a person allowed since, as it is at each call. Raises ConfigurationError for a rule that cannot be read.

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
        sandbox_holds: Callable[[], bool] = lambda: False,
        granted: Callable[[], Granted] = lambda: NOTHING_GRANTED,
    ) -> None:
        self._workspace = workspace
        self._mode_of_settings: PermissionMode = "read-only" if mode == "plan" else permissions.mode
        self._granted = granted
        self._commands_are_confined = commands_are_confined
        self._sandbox_holds: Callable[[], bool] = (
            (lambda: True) if commands_are_confined else sandbox_holds
        )
        self._own_folders = tuple(each.resolve() for each in (config_folder(), data_folder()))
        # Empty but where the home folder is the workspace, as each file is looked up in it.
        self._private_places = frozenset(private_places(workspace.root, self._own_folders))
        self._allowed = AllowRules(permissions.allow, granted, tools)
        self._denied = [
            parse_rule(text, key="permissions.deny", tools=tools) for text in permissions.deny
        ]
        # A command may read more than it names, so a rule against reading ends the freedom.
        self._denies_reading = any(rule.about_reading for rule in self._denied)

    def decide(self, tool: ToolSpec, needs: Needs) -> Decision:
        """Decides on a call of this tool by what it needs.

        Deny rules are looked at first, and win. Raises ToolError when a path cannot be one
        of this machine.
        """
        decision = self._decide(tool, needs)
        if isinstance(decision, Ask):
            freed = tuple(mode for mode in _FREEING if _frees(self, mode, tool, needs))
            return replace(decision, question=replace(decision.question, freed_by=freed))
        return decision

    @property
    def mode(self) -> PermissionMode:
        """Returns the mode as it is now."""
        if self._mode_of_settings == "read-only":
            return "read-only"
        return self._granted().mode or self._mode_of_settings

    def allow(self, rule: str) -> None:
        """Adds a rule that a person answered "always" to. Raises ConfigurationError."""
        self._allowed.add(rule)

    def visible(self, path: Path) -> bool:
        """Says whether no deny rule, and no place for keys, keeps the contents of a file (an absolute path) hidden."""
        return _place_around(path, self._private_places) is None and not any(
            _hides(rule, path, self._workspace) for rule in self._denied
        )

    def _decide(self, tool: ToolSpec, needs: Needs) -> Decision:
        # A tool that is denied as a whole is denied whatever its calls need.
        for rule in self._denied:
            if rule.pattern is None and rule.covers(tool):
                return _deny_by(rule)
        match needs:
            case NeedsCommand():
                return self._decide_command(tool, needs)
            case NeedsPath():
                return self._decide_path(tool, needs)
            case NeedsServer():
                return self._decide_server(tool, needs)
            case NeedsNothing():
                return Allow()
            case NeedsUrl():
                return self._decide_url(tool, needs)
            case NeedsUnknown() | NeedsRun():
                return self._decide_unbounded(tool, needs)
            case _:
                assert_never(needs)

    def _decide_unbounded(self, tool: ToolSpec, needs: NeedsUnknown | NeedsRun) -> Decision:
        """Decides on a call that says no more of itself; a person may allow the whole tool.

        What a run does that it begins is decided on call by call, as in the run itself.
        """
        if self.mode == "read-only":
            return Deny("it is not known to change nothing, and nothing else runs in this mode")
        if any(rule.pattern is None and rule.covers(tool) for rule in self._allowed):
            return Allow()
        if isinstance(needs, NeedsRun):
            return Ask(run_question(tool, needs)) if self.mode == "ask" else Allow()
        return Ask(call_question(tool))

    def _decide_server(self, tool: ToolSpec, needs: NeedsServer) -> Decision:
        """Decides on a call that goes to a server, where nothing bounds it."""

        def named_by(rules: Iterable[Rule]) -> Rule | None:
            return next((rule for rule in rules if rule.names_server(needs)), None)

        if (denied := named_by(self._denied)) is not None:
            return _deny_by(denied)
        if self.mode == "read-only":
            return Deny("a server may change anything, and nothing may be changed in this mode")
        if self.mode == "full" or named_by(self._allowed) is not None:
            return Allow()
        return Ask(server_question(tool, needs))

    def _decide_url(self, tool: ToolSpec, needs: NeedsUrl) -> Decision:
        """Decides on a call that contacts an address; what only looks is asked about at most."""
        for rule in self._denied:
            if rule.denies_url(tool, needs):
                return _deny_by(rule)
        if self.mode == "read-only" and not tool.looks:
            return Deny("it is not known to change nothing, and nothing else runs in this mode")
        if self.mode == "full" or any(rule.allows_url(tool, needs) for rule in self._allowed):
            return Allow()
        return Ask(url_question(tool, needs))

    def _decide_path(self, tool: ToolSpec, needs: NeedsPath) -> Decision:
        path, writes = self._workspace.locate(needs.path), needs.writes
        for rule in self._denied:
            # An edit shows what it replaces, so a rule against reading holds for it too.
            named = rule.covers(tool) and rule.matches(path, self._workspace)
            if named or _hides(rule, path, self._workspace):
                return _deny_by(rule)
        if writes and self.mode == "read-only":
            return Deny("nothing can be changed in this mode", "say what you would change instead")
        inside = self._workspace.inside(path)
        place = self._place(needs, path) if inside else None
        if place is not None and place.is_ours:
            return Ask(path_question(tool, path, self._workspace, place))
        for rule in self._allowed:
            # A rule for a whole tool speaks of the workspace alone, and of no place in it that
            # commands may not change either.
            reaches = inside or isinstance(rule.pattern, PathPattern)
            spelled = place is None or rule.spells(place.name)
            if reaches and spelled and rule.covers(tool) and rule.matches(path, self._workspace):
                return Allow()
        if not inside:
            return Ask(path_question(tool, path, self._workspace), outside=True)
        if place is not None and self.mode != "full":
            return Ask(path_question(tool, path, self._workspace, place))
        if not writes or self.mode in ("auto-edit", "sandboxed", "full"):
            return Allow()
        return Ask(path_question(tool, path, self._workspace))

    def _place(self, needs: NeedsPath, path: Path) -> ProtectedPlace | None:
        """The place in the workspace that makes a path one to be asked about."""
        root = self._workspace.root
        if not needs.writes:
            private = _place_around(path, self._private_places)
            if private is None:
                return None
            return ProtectedPlace(private.name, is_ours=private in self._own_folders)
        # A link of a protected name is one as well, wherever it leads.
        by_name = Path(normpath(root / needs.path))
        return protected_place(path, root, self._own_folders) or protected_place(by_name, root)

    def _decide_command(self, tool: ToolSpec, needs: NeedsCommand) -> Decision:
        script = parse(needs.command)
        denied = [
            (rule, rule.pattern)
            for rule in self._denied
            if rule.covers(tool) and isinstance(rule.pattern, ShellPattern)
        ]
        for rule, pattern in denied:
            if pattern.hits(script):
                return _deny_by(rule)
        reading: Reading = "no"
        if self._denies_reading:
            reading = reads_denied(script, self._workspace, self.visible)
        if reading == "yes":
            return _deny_by(*(rule for rule in self._denied if rule.about_reading))
        unsure = reading == "unclear" or any(pattern.may_hide(script) for _, pattern in denied)
        loss = lasting_loss(script, self._workspace) if self.mode == "sandboxed" else None
        if self.mode == "read-only" and needs.outside:
            return Deny("no command leaves the sandbox in this mode")
        if self.mode == "read-only" and not is_read_only(script):
            return Deny("only commands that are known to read can run in this mode")
        # What may hide a denied command is asked about, even where all is free.
        if not unsure and (
            (loss is None and self._frees_commands(outside=bool(needs.outside)))
            or (not needs.outside and self._is_free(script))
            or self._is_covered(tool, script)
        ):
            return Allow()
        return Ask(command_question(tool, needs, script, self._workspace, loss or ""))

    def _frees_commands(self, *, outside: bool) -> bool:
        if self.mode != "sandboxed" or outside:
            return self.mode == "full"
        # Whether it holds was found out as the run began, or as the mode was switched.
        began_so = self._mode_of_settings == "sandboxed"
        holds = self._commands_are_confined if began_so else self._sandbox_holds()
        return holds and not self._denies_reading

    def _is_free(self, script: ShellScript) -> bool:
        return not self._denies_reading and is_free(script, self._workspace, self._sandbox_holds)

    def _is_covered(self, tool: ToolSpec, script: ShellScript) -> bool:
        patterns = [rule.pattern for rule in self._allowed if rule.covers(tool)]
        covering = (p for p in patterns if isinstance(p, ShellPattern) and p.covers(script))
        return any(are_confined(p.unwritten(script), self._workspace) for p in covering)


def _frees(approval: Approval, mode: PermissionMode, tool: ToolSpec, needs: Needs) -> bool:
    """Says whether a call is free in another mode; in `sandboxed` with a sandbox that holds."""
    other, granted = copy(approval), Granted(mode, approval._granted().rules)  # noqa: SLF001
    other._granted = lambda: granted  # noqa: SLF001 - its own copy
    if mode == "sandboxed":
        other._sandbox_holds = lambda: True  # noqa: SLF001
    return isinstance(other._decide(tool, needs), Allow)  # noqa: SLF001


def _hides(rule: Rule, path: Path, workspace: Workspace) -> bool:
    return rule.about_reading and rule.matches(path, workspace)


def _place_around(path: Path, places: frozenset[Path]) -> Path | None:
    """The one of the places that a path is in."""
    if not places:
        return None
    return next((one for one in (path, *path.parents) if one in places), None)


def _deny_by(*rules: Rule) -> Deny:
    texts = " or ".join(f"`{rule.text}`" for rule in rules)
    return Deny(f"the rule {texts} forbids it", "find another way")
