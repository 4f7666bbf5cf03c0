"""This module lets a person decide with one answer on several edits of one step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lsp_server.domain.edits import PlannedEdit
from lsp_server.domain.errors import ToolError
from lsp_server.domain.permissions import PermissionMode, Question
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import ToolCall
from lsp_server.text.count import count_of
from lsp_server.text.diff import unified_diff
from lsp_server.workspace.files.overlay_editor import OverlayEditor

DIFF_CHARS_MAX = 20_000
"""Together their diffs are no longer than that, so that nothing that a person agrees to is cut off."""


@dataclass(frozen=True, slots=True)
class AskedEdit:
    """An `AskedEdit` is a call that a person is asked about, with the edit that it would make."""

    call: ToolCall
    planned: PlannedEdit
    question: Question


class StepReview:
    """A `StepReview` has the calls of one step, and what was decided on edits among them at once.

    `calls` are in their order. A review takes in edits that follow each other; calls that
    only look may stand between them.
    """

    def __init__(self, calls: Sequence[ToolCall] = ()) -> None:
        self._calls = calls
        self._agreed: dict[ToolCall, PlannedEdit] = {}
        self._refused: dict[ToolCall, ToolError] = {}

    def is_refused(self, call: ToolCall) -> bool:
        """Says whether the call was refused together with one before it."""
        return call in self._refused

    def agreed(self, call: ToolCall) -> PlannedEdit | None:
        """Returns the edit of the call that a person agreed to; None: it was not asked about.

        Raises the ToolError of the refusal.
        """
        if call in self._refused:
            raise self._refused[call]
        return self._agreed.get(call)

    async def gather(
        self,
        first: AskedEdit,
        editor: Editor,
        ask: Callable[[ToolCall, Editor], Awaitable[AskedEdit | None]],
        looks: Callable[[ToolCall], bool],
    ) -> list[AskedEdit]:
        """Returns the first edit and those behind it that are asked about with it.

        Each is planned by `ask` against the texts that those before it leave, for which
        `editor` has the texts as they are. One that would fail ends the review: it is
        looked at when its turn comes.
        """
        edits = [first]
        overlay = OverlayEditor(editor)
        for call in self._behind(first.call):
            if looks(call):
                continue
            try:
                await _make(edits[-1], overlay)
                asked = await ask(call, overlay)
            except ToolError:
                break
            if asked is None or not _fits(asked, edits):
                break
            edits.append(asked)
        return edits

    @contextmanager
    def settling(self, edits: Sequence[AskedEdit]) -> Iterator[None]:
        """Keeps for all of the edits how the question about them ends inside."""
        try:
            yield
        except ToolError as refusal:
            self._refused |= {edit.call: refusal for edit in edits}
            raise
        self._agreed |= {edit.call: edit.planned for edit in edits}

    def _behind(self, first: ToolCall) -> Sequence[ToolCall]:
        return self._calls[self._calls.index(first) + 1 :] if first in self._calls else ()


def joint_question(edits: Sequence[AskedEdit]) -> Question:
    """Returns the one question about these edits; it is on offer what each of them allows."""
    first = edits[0].question
    if len(edits) == 1:
        return first
    paths = tuple(dict.fromkeys(edit.planned.result.changed[0] for edit in edits))
    rules = {edit.question.rule for edit in edits}
    return replace(
        first,
        summary=_summary(len(edits), paths),
        detail="\n".join(_diff(path, edits) for path in paths),
        path=paths[0],
        more_paths=paths[1:],
        rule=first.rule if len(rules) == 1 else None,
        general=all(edit.question.general for edit in edits),
        freed_by=_freed_by_all(edits),
    )


async def _make(edit: AskedEdit, overlay: OverlayEditor) -> None:
    if edit.planned.edits is not None:
        await overlay.apply(edit.planned.edits)


def _fits(asked: AskedEdit, edits: Sequence[AskedEdit]) -> bool:
    """Says whether an edit can be decided on together with the others, and is seen beside them.

    What is kept from edits of the whole run, such as a protected file, is asked about alone.
    """
    rule = edits[0].question.run_rule
    chars = sum(len(edit.planned.diff) for edit in (*edits, asked))
    return (
        rule is not None
        and asked.question.run_rule == rule
        and all(edit.planned.diff for edit in (edits[0], asked))
        and chars <= DIFF_CHARS_MAX
    )


def _diff(path: str, edits: Sequence[AskedEdit]) -> str:
    """What the edits of one file make of it together."""
    plans = [edit.planned for edit in edits if edit.planned.result.changed[0] == path]
    return unified_diff(path, plans[0].shown_before, plans[-1].shown_after)


def _summary(count: int, paths: Sequence[str]) -> str:
    where = f"{len(paths)} files: " if len(paths) > 1 else ""
    return f"{count_of(count, 'edit')} of {where}{', '.join(paths)}"


def _freed_by_all(edits: Sequence[AskedEdit]) -> tuple[PermissionMode, ...]:
    first, *others = (edit.question.freed_by for edit in edits)
    return tuple(mode for mode in first if all(mode in other for other in others))
