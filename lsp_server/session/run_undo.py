"""This module takes back what a run changed, and records it in the run's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from lsp_server.agent.journal import replay
from lsp_server.domain.events import (
    Emit,
    FileChanged,
    FileRestored,
    RecordedEvent,
    RunStarted,
    SnapshotTaken,
)
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import child_ids
from lsp_server.session.run import OnEvent
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.checkpoints.undo import UndoReport

TakeBack: TypeAlias = Callable[[Sequence[FileChanged | SnapshotTaken], Emit], Awaitable[UndoReport]]
"""Takes back changes, which come oldest first, and keeps what a person changed since.

What it finds out about the run is emitted.
"""


async def undo_run(
    store: RunStore, run_id: RunId, take_back: TakeBack, on_event: OnEvent
) -> UndoReport:
    """Takes back what a run that is not at work changed, and what its children did.

    Raises JournalBusy, JournalDamaged, ConfigurationError, OSError.
    """
    # The journal stays open, so that nobody resumes the run meanwhile.
    journal = await asyncio.to_thread(store.open, run_id)
    try:
        kinds = FileChanged | SnapshotTaken
        begun = await asyncio.to_thread(_records_of_children, store, run_id, journal.past)
        # Of a family one changes files at a time, so that the times tell what came first.
        past = sorted([*journal.past, *begun], key=lambda recorded: recorded.at)
        report = await take_back(
            [r.event for r in past if isinstance(r.event, kinds)],
            lambda event: on_event(run_id, journal.append(event)),
        )
        for path in report.restored:
            on_event(run_id, journal.append(FileRestored(path)))
        for conflict in report.conflicts:
            restored = FileRestored(conflict.path, conflict.reason)
            on_event(run_id, journal.append(restored))
        await journal.flush()
    finally:
        journal.close()
    return report


def _records_of_children(
    store: RunStore, run_id: RunId, past: Sequence[RecordedEvent]
) -> list[RecordedEvent]:
    """Returns what the journals of those children hold that worked in the folder of their parent.

    An attempt works in a copy: what it changed there was never here. Raises JournalDamaged, OSError.
    """
    place = _workspace(past)
    journals = [list(replay(store.journal(child))) for child in child_ids(store.folder, run_id)]
    return [record for records in journals if _workspace(records) == place for record in records]


def _workspace(records: Sequence[RecordedEvent]) -> str:
    first = records[0].event if records else None
    return first.workspace if isinstance(first, RunStarted) else ""
