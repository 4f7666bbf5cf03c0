"""What a candidate would do, found out without doing it.

Edits are played on a `OverlayEditor`, an Editor that keeps what is written to itself, by
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
from lsp_server.domain.edits import Document, EditSet, fingerprint
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.goals import Finding
from lsp_server.domain.messages import Choice, Message
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.max_mode.normal_form import Effect, call_problem, normal_form
from lsp_server.max_mode.sampler import SampledAnswer
from lsp_server.max_mode.syntax import Parses, no_grammar, syntax_errors

UNREADABLE = ""
"""The version of a file that is not there."""
CHANGES_CHARS_MAX = 8000
"""What is kept of a candidate's diff."""


class DryRunTools(Protocol):
    """The tools, looked at without effect; `assemble` hands them over."""

    def locate(self, path: str) -> str:
        """The path's one name, relative to the workspace. Raises ToolError."""
        ...

    def title(self, call: ToolCall) -> str:
        """One line for people."""
        ...

    def read_only(self, call: ToolCall) -> bool:
        """Whether the call is known to change nothing."""
        ...

    def only_looks(self, call: ToolCall) -> bool:
        """Whether the call is known to change nothing and does not end the run."""
        ...

    def refusal(self, call: ToolCall) -> str:
        """Why it would not be allowed without more ado; empty when it would. Raises ToolError."""
        ...

    async def simulate(self, call: ToolCall, editor: Editor) -> str:
        """Plays a file operation on `editor`; a diff if it changes something.

        Other calls are looked at only. Raises ToolError when the call would fail.
        """
        ...


RefutesDone: TypeAlias = Callable[[], Awaitable[str]]
"""What a check of the goal on this very tree showed missing; empty: nothing is known."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What looking at a candidate showed.

    `problem` says why it cannot work; `doubts` counts what speaks against it without
    ruling it out. `form` is what it would do, in its normal form. `read_versions` and
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
    """Candidates that would do the same; the first one's trial stands for all."""

    candidates: tuple[SampledAnswer, ...]
    trial: DryRun

    @property
    def message(self) -> Message:
        return self.candidates[0].choice.message


def group_candidates(
    candidates: Sequence[SampledAnswer], trials: Sequence[DryRun]
) -> tuple[DryRunGroup, ...]:
    """In the order in which each first came."""
    groups: dict[str, list[int]] = {}
    for place, trial in enumerate(trials):
        groups.setdefault(f"{trial.problem}\n{trial.form}", []).append(place)
    return tuple(
        DryRunGroup(tuple(candidates[place] for place in places), trials[places[0]])
        for places in groups.values()
    )


async def changed_files(editor: Editor, group: CandidateGroup) -> list[str]:
    """The names of the files that are no longer as they were when it was tried out."""
    overlay = OverlayEditor(editor)
    for path in map(Path, group.read_versions):
        with suppress(ToolError):
            await overlay.read(path)
    return [
        Path(path).name
        for path in group.read_versions
        if overlay.read_versions[path] != group.read_versions[path]
    ]


class OverlayEditor:
    """An Editor on which files change and the disk does not."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self.texts: dict[Path, str | None] = {}
        """What was written, None for a file that is gone."""
        self.before: dict[Path, str] = {}
        """What stood there, empty for a new file."""
        self.read_versions: dict[str, str] = {}
        """The version of each file that was really read, as in a CandidateGroup."""

    async def read(self, path: Path) -> Document:
        if path not in self.texts:
            return await self._first_read(path)
        text = self.texts[path]
        if text is None:
            raise ToolError(f"{path.name} would be gone by then")
        return Document(path, text)

    async def _first_read(self, path: Path) -> Document:
        try:
            document = await self._editor.read(path)
        except ToolError:
            self.read_versions.setdefault(str(path), UNREADABLE)
            raise
        self.read_versions.setdefault(str(path), document.version)
        return document

    async def apply(self, edits: EditSet) -> None:
        for file in edits.files:
            text = "" if file.base is None else (await self.read(file.path)).text
            if file.base is None and self.texts.get(file.path) is not None:
                raise EditRejected(f"{file.path.name} exists by then")
            self.before.setdefault(file.path, text)
            self.texts[file.path] = None if file.deletes else file.result(text)

    async def confirm(self, question: Question) -> Answer | None:
        del question
        return None

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        del path
        return None


@dataclass(slots=True)
class _Findings:
    """What comes to light about one candidate, call by call."""

    problem: str = ""
    notes: list[str] = field(default_factory=list)
    doubts: int = 0
    changes: list[str] = field(default_factory=list)
    diffed: list[str] = field(default_factory=list)
    effects: dict[int, Effect] = field(default_factory=dict)
    is_unsure: bool = False
    """Whether an earlier call may have changed what later ones meet."""

    def doubt(self, note: str) -> None:
        self.notes.append(note)
        self.doubts += 1


class DryRunner:
    """Looks at candidates.

    `parses` counts the syntax errors of a text, for certain; where it does not know the
    language `grammars` says how many places look wrong.
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
        """Never raises for what the candidate got wrong: that is its problem."""
        message, calls = choice.message, choice.message.tool_calls
        found = _Findings(problem=_unusable(choice))
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
        """Why the call would fail, as far as that can be told; empty when nothing is known."""
        if wrong := call_problem(call, specs):
            return wrong
        before = dict(overlay.texts)
        try:
            if refusal := self._dry_run_tools.refusal(call):
                return f"not allowed: {refusal}"
            diff = await self._dry_run_tools.simulate(call, overlay)
        except ToolError as error:
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
        """A file that parsed must parse; one that did not, or only looks so, is a doubt."""
        for path, text in overlay.texts.items():
            if text is None:
                continue
            before, after, is_certain = await asyncio.to_thread(
                self._errors, path, overlay.before[path], text
            )
            if before is None or after is None:
                continue
            if is_certain and after > before == 0:
                return f"{path.name} would not parse"
            if after > before:
                found.doubt(f"{path.name} would have {after} syntax errors instead of {before}")
            else:
                found.notes.append(
                    f"{path.name} parses" if after == 0 else f"{path.name}: no worse"
                )
        return ""

    def _errors(self, path: Path, before: str, after: str) -> tuple[int | None, int | None, bool]:
        """Before, after, and whether that is certain."""
        errors = self._parses(path, after)
        is_certain = errors is not None
        parses = self._parses if is_certain else self._grammars
        if not is_certain:
            errors = parses(path, after)
        return (parses(path, before) if before else 0), errors, is_certain


def _unusable(choice: Choice) -> str:
    """Why the answer as a whole is none."""
    message = choice.message
    if choice.stop_reason == "length":
        return "the answer was cut off by its length limit"
    if choice.stop_reason == "content_filter":
        return "the endpoint's filter withheld the answer"
    if not message.tool_calls and not message.text.strip():
        return "the answer is empty"
    return ""
