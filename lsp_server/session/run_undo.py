"""This module takes back what a run changed, and records it in the run's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol

from lsp_server.agent.journal import replay
from lsp_server.agent.rewinding import counted
from lsp_server.domain.child_events import ChildStarted
from lsp_server.domain.events import (
    Emit,
    Event,
    FileChanged,
    FileRestored,
    RecordedEvent,
    SnapshotTaken,
)
from lsp_server.domain.rewind_events import Forked
from lsp_server.domain.tasks import RunId
from lsp_server.session.run import OnEvent
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.checkpoints.undo import UndoReport


class TakeBack(Protocol):
    """Takes back changes, which come oldest first, and keeps what a person changed since."""

    def __call__(
        self,
        changes: Sequence[FileChanged | SnapshotTaken],
        emit: Emit,
        *,
        as_changes: bool = False,
    ) -> Awaitable[UndoReport]:
        """Emits what it finds out about the run; with `as_changes` what it did to files instead."""
        ...


async def undo_run(
    store: RunStore, run_id: RunId, take_back: TakeBack, on_event: OnEvent
) -> UndoReport:
    """Takes back what a run that is not at work changed, and what its children did.

    Raises JournalBusy, JournalDamaged, ConfigurationError, OSError.
    """
    # The journal stays open, so that nobody resumes the run meanwhile.
    journal = await asyncio.to_thread(store.open, run_id)
    try:

        def emit(event: Event) -> None:
            on_event(run_id, journal.append(event))

        changes = await asyncio.to_thread(changes_of, store, own(counted(journal.past)))
        report = await take_back(changes, emit)
        emit_report(report, emit)
        await journal.flush()
    finally:
        journal.close()
    return report


def changes_of(
    store: RunStore, records: Sequence[RecordedEvent]
) -> list[FileChanged | SnapshotTaken]:
    """Returns what these records of a run say of files, and what the children begun in them did.

    Blocking. Raises JournalDamaged, OSError.
    """
    begun = {one.event.run_id for one in records if isinstance(one.event, ChildStarted)}
    journals = [path for path in map(store.journal, begun) if path.exists()]
    of_children = [record for path in journals for record in replay(path)]
    kinds = FileChanged | SnapshotTaken
    # Of a family one changes files at a time, so that the times tell what came first.
    past = sorted([*records, *of_children], key=lambda recorded: recorded.at)
    return [record.event for record in past if isinstance(record.event, kinds)]


def own(records: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
    """Returns those of a run itself, without those of the run that it was forked from."""
    forks = [number for number, record in enumerate(records) if isinstance(record.event, Forked)]
    return records[forks[-1] :] if forks else records


def emit_report(report: UndoReport, emit: Emit) -> None:
    """Emits what was restored, and what was not."""
    for path in report.restored:
        emit(FileRestored(path))
    for conflict in report.conflicts:
        emit(FileRestored(conflict.path, conflict.reason))
