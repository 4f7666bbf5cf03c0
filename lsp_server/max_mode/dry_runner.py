"""This module finds out what a candidate would do, without doing it.

Edits are made on an `OverlayEditor`, an Editor that keeps what is written to itself, by
the very code that would carry them out. Nothing is written and no process starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.edits import fingerprint
from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import Choice, Message
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.max_mode.normal_form import Effect, call_problem, normal_form
from lsp_server.max_mode.sample_set import SampledAnswer
from lsp_server.max_mode.syntax import Parses, no_grammar, syntax_errors
from lsp_server.workspace.files.overlay_editor import OverlayEditor

CHANGES_CHARS_MAX = 8000
"""How much is kept of a candidate's diff."""


class DryRunTools(Protocol):
    """A `DryRunTools` says what calls would do, and does nothing.

    `tools.dry_run.ToolDryRun` is one.
    """

    @property
    def unlisted(self) -> Sequence[ToolSpec]:
        """Returns the tools that a call may name though the request does not list them."""
        ...

    def locate(self, path: str) -> str:
        """Returns the path's one name, relative to the workspace. Raises ToolError."""
        ...

    def title(self, call: ToolCall) -> str:
        """Shows the call in one line for people."""
        ...

    def read_only(self, call: ToolCall) -> bool:
        """Says whether the call is known to change nothing."""
        ...

    def only_looks(self, call: ToolCall) -> bool:
        """Says whether the call is known to change nothing and does not end the run."""
        ...

    def refusal(self, call: ToolCall) -> str:
        """Says why the call is against the rules; "" if it is not. Raises ToolError."""
        ...

    async def simulate(self, call: ToolCall, editor: Editor) -> str:
        """Makes a call's edit on `editor` and returns the diff; other calls are only checked.

        Raises ToolError when the call would fail.
        """
        ...


RefutesDone: TypeAlias = Callable[[], Awaitable[str]]
"""Says what a check of the goal on this very tree found missing; "" if nothing is known."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """A `DryRun` is what looking at a candidate showed.

    `form` is what the candidate would do, in its normal form: candidates with the same one
    would do the same. `title` is one line for people. `problem` says why it cannot work,
    "" if nothing is known. `doubts` counts what speaks against it and does not exclude it.
    `only_looks` says that it changes nothing. `notes`, `changes`, `read_versions` and
    `diffed` are as in a CandidateGroup.
    """

    form: str
    title: str
    problem: str = ""
    notes: tuple[str, ...] = ()
    doubts: int = 0
    changes: str = ""
    only_looks: bool = False
    read_versions: Mapping[str, str] = field(default_factory=dict)
    diffed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRunGroup:
    """A `DryRunGroup` has candidates that would do the same, and the dry run of the first."""

    candidates: tuple[SampledAnswer, ...]
    dry_run: DryRun

    @property
    def message(self) -> Message:
        """Returns the message of the first candidate, which represents the group."""
        return self.candidates[0].choice.message


def group_candidates(
    candidates: Sequence[SampledAnswer], dry_runs: Sequence[DryRun]
) -> tuple[DryRunGroup, ...]:
    """Groups candidates by what they would do, in the order in which each group first came.

    `dry_runs` are the dry runs of the candidates, in their order.
    """
    groups: dict[str, list[int]] = {}
    for place, dry_run in enumerate(dry_runs):
        groups.setdefault(f"{dry_run.problem}\n{dry_run.form}", []).append(place)
    return tuple(
        DryRunGroup(tuple(candidates[place] for place in places), dry_runs[places[0]])
        for places in groups.values()
    )


async def changed_files(editor: Editor, group: CandidateGroup) -> list[str]:
    """Returns the names of files that differ from when a group's dry run read them."""
    overlay = OverlayEditor(editor)
    for path in map(Path, group.read_versions):
        # A file that is gone now is noted by the overlay before it raises.
        with suppress(ToolError):
            await overlay.read(path)
    return [
        Path(path).name
        for path in group.read_versions
        if overlay.read_versions[path] != group.read_versions[path]
    ]


@dataclass(slots=True)
class _Findings:
    """A `_Findings` gathers what is found out about one candidate, call by call."""

    problem: str = ""
    notes: list[str] = field(default_factory=list)
    doubts: int = 0
    changes: list[str] = field(default_factory=list)
    diffed: list[str] = field(default_factory=list)
    effects: dict[int, Effect] = field(default_factory=dict)
    is_unsure: bool = False
    """Whether an earlier call, such as a command, may have changed what later ones find."""

    def doubt(self, note: str) -> None:
        self.notes.append(note)
        self.doubts += 1


class DryRunner:
    """A `DryRunner` looks at candidates: whether they can work, and what they would do.

    `dry_run_tools` are the tools without their effects, `editor` is where texts are read.
    `refutes_done` is asked about a candidate that would end the run. `parses` counts the
    syntax errors of a text, for certain; where it does not know the language, `grammars`
    says how many places look wrong.

    Example::

        dry_runner = DryRunner(ToolDryRun(workspace, toolbox), editor, refutes_done)
        dry_run = await dry_runner.try_out(choice, toolbox.specs)
        if not dry_run.problem:
            print(dry_run.title, dry_run.changes)
    """

    def __init__(
        self,
        dry_run_tools: DryRunTools,
        editor: Editor,
        refutes_done: RefutesDone,
        parses: Parses = syntax_errors,
        grammars: Parses = no_grammar,
    ) -> None:
        self._grammars = grammars
        self._dry_run_tools = dry_run_tools
        self._editor = editor
        self._refutes_done = refutes_done
        self._parses = parses

    async def try_out(self, choice: Choice, specs: Sequence[ToolSpec]) -> DryRun:
        """Looks at a candidate; `specs` are the tools that it could call.

        All that is wrong with the candidate is in the result and never raised.
        """
        message, calls = choice.message, choice.message.tool_calls
        found = _Findings(problem=_explain_unusable(choice))
        overlay = OverlayEditor(self._editor)
        for place, call in enumerate(calls):
            if not found.problem:
                found.problem = await self._look(place, call, specs, overlay, found)
        if not found.problem:
            found.problem = await self._compare_syntax(overlay, found)
        finishing = {spec.name for spec in specs if spec.kind == "finish"}
        if not found.problem and (not calls or any(call.name in finishing for call in calls)):
            missing = await self._refutes_done()
            found.problem = f"it would stop, but {missing}" if missing else ""
        titles = [self._dry_run_tools.title(call) for call in calls]
        return DryRun(
            form=normal_form(message, specs, self._dry_run_tools.locate, found.effects),
            title="; ".join(titles) or "stop with an answer",
            problem=found.problem,
            notes=tuple(found.notes),
            doubts=found.doubts,
            changes="\n".join(found.changes)[:CHANGES_CHARS_MAX],
            only_looks=bool(calls) and all(map(self._dry_run_tools.only_looks, calls)),
            read_versions=overlay.read_versions,
            diffed=tuple(found.diffed),
        )

    async def _look(
        self,
        place: int,
        call: ToolCall,
        specs: Sequence[ToolSpec],
        overlay: OverlayEditor,
        found: _Findings,
    ) -> str:
        """Says why the call would fail, as far as that can be known; "" otherwise."""
        if wrong := call_problem(call, (*specs, *self._dry_run_tools.unlisted)):
            return wrong
        before = dict(overlay.texts)
        try:
            if refusal := self._dry_run_tools.refusal(call):
                return f"not allowed: {refusal}"
            diff = await self._dry_run_tools.simulate(call, overlay)
        except ToolError as error:
            # Behind a command, a file may exist that does not exist now.
            if not found.is_unsure:
                return f"{call.name} would fail: {error}"
            found.doubt(f"{call.name} would fail unless what comes before it helps: {error}")
            return ""
        if diff:
            found.changes.append(diff)
            found.diffed.append(call.id)
            found.notes.append(
                f"{self._dry_run_tools.title(call)}: applies to the text as it is now"
            )
        written = {p: t for p, t in overlay.texts.items() if p not in before or before[p] != t}
        if written:
            found.effects[place] = {
                str(path): "" if text is None else fingerprint(text)
                for path, text in written.items()
            }
        elif not self._dry_run_tools.read_only(call):
            found.is_unsure = True
            found.notes.append(f"{self._dry_run_tools.title(call)}: what it changes is not known")
        return ""

    async def _compare_syntax(self, overlay: OverlayEditor, found: _Findings) -> str:
        """Says which file would not parse any more; one that only looks worse is a doubt."""
        for path, text in overlay.texts.items():
            if text is None:
                continue
            before, after, is_certain = await asyncio.to_thread(
                self._count_errors, path, overlay.before[path], text
            )
            if before is None or after is None:
                continue
            # A repair may leave errors in a broken file; a sound one has to stay sound.
            if is_certain and after > before == 0:
                return f"{path.name} would not parse"
            if after > before:
                found.doubt(f"{path.name} would have {after} syntax errors instead of {before}")
            else:
                found.notes.append(
                    f"{path.name} parses" if after == 0 else f"{path.name}: no worse"
                )
        return ""

    def _count_errors(
        self, path: Path, before: str, after: str
    ) -> tuple[int | None, int | None, bool]:
        """Counts errors before and after, and says whether the numbers are certain."""
        errors = self._parses(path, after)
        is_certain = errors is not None
        parses = self._parses if is_certain else self._grammars
        if not is_certain:
            errors = parses(path, after)
        return (parses(path, before) if before else 0), errors, is_certain


def _explain_unusable(choice: Choice) -> str:
    """Says why the answer as a whole cannot be used; "" if it can."""
    message = choice.message
    if choice.stop_reason == "length":
        return "the answer was cut off by its length limit"
    if choice.stop_reason == "content_filter":
        return "the endpoint's filter withheld the answer"
    if not message.tool_calls and not message.text.strip():
        return "the answer is empty"
    return ""
