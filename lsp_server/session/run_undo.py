"""This module takes back what a run changed, and records it in the run's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

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
from lsp_server.domain.ids import Id
from lsp_server.domain.rewind_events import Forked
from lsp_server.domain.tasks import RunId
from lsp_server.session.run import OnEvent
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.checkpoints.undo import UndoReport

FileChanges: TypeAlias = list[FileChanged | SnapshotTaken]
"""What a run did to files, oldest first."""


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
    store: RunStore,
    run_id: RunId,
    take_back: TakeBack,
    on_event: OnEvent,
    remaining: Callable[[RunId, Sequence[FileChanged | SnapshotTaken]], FileChanges],
) -> UndoReport:
    """Takes back what a run that is not at work changed, and what its children did.

    `remaining` leaves out of the changes what a person took back of them already.

    Raises JournalBusy, JournalDamaged, ConfigurationError, OSError.
    """
    # The journal stays open, so that nobody resumes the run meanwhile.
    journal = await asyncio.to_thread(store.open, run_id)
    try:

        def emit(event: Event) -> None:
            on_event(run_id, journal.append(event))

        past = await asyncio.to_thread(with_files, store, own(counted(journal.past)))
        changes = await asyncio.to_thread(remaining, run_id, changes_in(past))
        report = await take_back(changes, emit)
        emit_report(report, emit)
        await journal.flush()
    finally:
        journal.close()
    return report


def with_files(
    store: RunStore, records: Sequence[RecordedEvent], since: int = 0
) -> list[RecordedEvent]:
    """Returns the records of a run from number `since` on, as they have to be taken back.

    What the children begun in them did to files is among them, and what an undo gave back is a
    change of its own. Blocking. Raises JournalDamaged, OSError.
    """
    past = undos_as_changes(with_children(store, records))
    return list(past)[len(with_children(store, records[:since])) :]


def changes_in(records: Iterable[RecordedEvent]) -> FileChanges:
    """Returns what these records say of files."""
    kinds = FileChanged | SnapshotTaken
    return [record.event for record in records if isinstance(record.event, kinds)]


def with_children(store: RunStore, records: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Returns the records of a run with what the children begun in them did to files, by time.

    Blocking. Raises JournalDamaged, OSError.
    """
    begun = {one.event.run_id for one in records if isinstance(one.event, ChildStarted)}
    journals = [path for path in map(store.journal, begun) if path.exists()]
    kinds = FileChanged | SnapshotTaken
    of_children = [
        record for path in journals for record in replay(path) if isinstance(record.event, kinds)
    ]
    # Of a family one changes files at a time, so that the times tell what came first.
    return sorted([*records, *of_children], key=lambda recorded: recorded.at)


def undos_as_changes(records: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
    """Yields the records, with each FileRestored as the change that it was: back to the first state."""
    first: dict[str, Id | None] = {}
    last: dict[str, Id | None] = {}
    for record in records:
        match record.event:
            case FileRestored(path, None) if path in first:
                yield replace(record, event=FileChanged(path, last[path], first[path]))
                last[path] = first[path]
                continue
            case FileChanged(path, before, after):
                first.setdefault(path, before)
                last[path] = after
            case Forked():
                first.clear()
            case _:
                pass
        yield record


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
