"""This module takes a run back to an earlier step, or lets a new run go on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lsp_server.agent.journal import Journal, replay
from lsp_server.agent.rewinding import counted, end_of_step, steps_of
from lsp_server.agent.state.progress import Progress
from lsp_server.domain.events import (
    Event,
    FileChanged,
    GoalChecked,
    RecordedEvent,
    RunStarted,
    SnapshotTaken,
    StepStarted,
)
from lsp_server.domain.images import LoadedImage, described
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.rewind_events import Forked, Rewound
from lsp_server.domain.tasks import Mode, RunId
from lsp_server.session.goals import Goals
from lsp_server.session.review.run_review import RunReview
from lsp_server.session.run import OnEvent, Run
from lsp_server.session.run_errors import StepNotFound
from lsp_server.session.run_undo import changes_in, emit_report, with_files
from lsp_server.session.runs import Runs, new_run_id
from lsp_server.workspace.checkpoints.undo import UndoReport


@dataclass(frozen=True, slots=True)
class RewindReport:
    """A `RewindReport` says to which step of which run files and conversation went back."""

    run_id: RunId
    step: int
    files: UndoReport


class Rewinds:
    """`Rewinds` take the runs of one workspace back to earlier steps.

    Files go back as the `review` takes them back: what a person changed since stays.
    """

    def __init__(self, runs: Runs, goals: Goals, review: RunReview, on_event: OnEvent) -> None:
        self._runs = runs
        self._goals = goals
        self._review = review
        self._take_back = review.take_back
        self._on_event = on_event

    async def rewind(self, run_id: RunId | None = None, step: int | None = None) -> RewindReport:
        """Takes a run, by default the newest, back to the end of a step, by default the last but one.

        Its journal keeps all; what came after that step counts no more. The run does not work
        then: resume it, or speak to it.

        Raises StepNotFound, RunNotFound, RunBusy, JournalBusy, JournalDamaged, ConfigurationError.
        """
        past = self._runs.choose(run_id, "take back", idle=True)
        # The journal stays open, so that nobody resumes the run meanwhile.
        journal = await asyncio.to_thread(self._runs.store.open, past.run_id)

        def emit(event: Event) -> None:
            self._on_event(past.run_id, journal.append(event))

        try:
            records = counted(journal.past)
            step = _chosen(past.run_id, records, step, before_last=1)
            end = end_of_step(records, step)
            report = await self._take_back(await self._changes(records, end), emit)
            # Before what takes it back, so that it counts for no undo.
            emit_report(report, emit)
            emit(_rewound(records, step))
            await journal.flush()
        finally:
            journal.close()
        await self._review.note_rewound(past.run_id, report)
        checked = [one.event.report for one in records[end:] if isinstance(one.event, GoalChecked)]
        await self._goals.taken_back(checked)
        return RewindReport(past.run_id, step, report)

    async def fork(
        self,
        run_id: RunId | None = None,
        step: int | None = None,
        text: str = "",
        images: tuple[LoadedImage, ...] = (),
        new_id: RunId | None = None,
        mode: Mode | None = None,
    ) -> Run:
        """Begins a run that goes on from the end of a step of another one, by default its last.

        The files go back to that step, which is the new run's first change: to undo it brings
        them back. The other run stays as it is. `text`, with `images`, is a message to the new one,
        whose id is `new_id` and whose mode is `mode`, if they are given.

        Raises what `rewind` raises, and what keeps a run from beginning.
        """
        origin = self._runs.choose(run_id, "fork", idle=True)
        store, new_id = self._runs.store, new_id or new_run_id()
        self._runs.require_room(new_id)
        records = counted(await asyncio.to_thread(replay, store.journal(origin.run_id)))
        step = _chosen(origin.run_id, records, step, before_last=0)
        end = end_of_step(records, step)
        journal = await asyncio.to_thread(store.open, new_id)

        def emit(event: Event) -> None:
            self._on_event(new_id, journal.append(event))

        try:
            begun = await asyncio.to_thread(_copy, records[:end], journal, new_id)
            self._on_event(new_id, begun)
            emit(Forked(origin.run_id, step))
            changes = await self._changes(records, end)
            await self._take_back(changes, emit, as_changes=True)
            await journal.flush()
        finally:
            journal.close()
        message = MessageReceived(described(text, images), "steer", images)
        return self._runs.begin(
            new_id, (lambda run: run.send(message, mode)) if text.strip() else None
        )

    async def _changes(
        self, records: Sequence[RecordedEvent], end: int
    ) -> list[FileChanged | SnapshotTaken]:
        """What changed files behind the first `end` records."""
        past = await asyncio.to_thread(with_files, self._runs.store, records, end)
        return changes_in(_of_steps(past))


def _chosen(
    run_id: RunId, records: Sequence[RecordedEvent], step: int | None, *, before_last: int
) -> int:
    """The step that a person means. Raises StepNotFound."""
    steps = [0, *steps_of(records)]
    if step is None:
        return steps[-1 - before_last] if len(steps) > before_last else 0
    if step not in steps:
        raise StepNotFound(run_id, step, steps[-1])
    return step


def _of_steps(records: Sequence[RecordedEvent]) -> Iterator[RecordedEvent]:
    """Those of steps: when a run was forked files went back already, which is not to be taken back."""
    is_forking = False
    for record in records:
        is_forking = isinstance(record.event, Forked) or (
            is_forking and not isinstance(record.event, StepStarted)
        )
        if not is_forking:
            yield record


def _rewound(records: Sequence[RecordedEvent], step: int) -> Rewound:
    spent = Progress()
    for record in records:
        spent.apply(record.event)
    return Rewound(step, spent.usage, spent.billed, spent.cost_usd, spent.roles)


def _copy(records: Sequence[RecordedEvent], journal: Journal, run_id: RunId) -> RecordedEvent:
    """Writes the records into the journal of a new run, and returns its beginning. Blocking."""
    written = [
        journal.append(
            replace(record.event, run_id=run_id)
            if isinstance(record.event, RunStarted)
            else record.event
        )
        for record in records
    ]
    return written[0]
