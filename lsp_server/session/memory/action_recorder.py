"""An `ActionRecorder` makes rows for memory of what runs do, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lsp_server.agent.action_fold import ActionFold
from lsp_server.domain.events import RecordedEvent, RunEnded, Streamed
from lsp_server.domain.memories import ActionRecord
from lsp_server.domain.tasks import RunId
from lsp_server.session.memory.backfill import past_events
from lsp_server.session.run_store import RunStore

EVENTS_MAX = 20_000


class ActionRecorder:
    """Folds the Events of runs into rows, in a task of its own. Close it.

    `runs` is the folder with the journals. `keep` is called with every row, in the
    order of the Events.
    """

    def __init__(
        self,
        runs: Path,
        keep: Callable[[ActionRecord], Awaitable[None]],
    ) -> None:
        self._runs = runs
        self._keep = keep
        self._folds: dict[RunId, ActionFold] = {}
        self._events: asyncio.Queue[tuple[RunId, RecordedEvent]] = asyncio.Queue(EVENTS_MAX)
        self._work: asyncio.Task[None] | None = None

    def see(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Takes an Event in; cheap."""
        if isinstance(recorded.event, Streamed):
            return
        # In a task of its own: folding may have to read a journal, and a run must not wait.
        if self._work is None:
            self._work = asyncio.create_task(self._follow(), name="recording of actions")
        with suppress(asyncio.QueueFull):  # The journal has it; the next opening learns it.
            self._events.put_nowait((run_id, recorded))

    async def caught_up(self) -> None:
        """Returns when `keep` was called for everything that was seen."""
        if self._work is None or self._work.done():
            return
        joined = asyncio.create_task(self._events.join())
        try:
            await asyncio.wait({joined, self._work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joined.cancel()

    async def close(self) -> None:
        """Ends the task; Events that wait are left to the journals."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            run_id, recorded = await self._events.get()
            try:
                for row in await self._rows(run_id, recorded):
                    await self._keep(row)
            finally:
                self._events.task_done()

    async def _rows(self, run_id: RunId, recorded: RecordedEvent) -> Sequence[ActionRecord]:
        # By id: of a row that changes again and again, the last state counts.
        rows: dict[str, ActionRecord] = {}
        fold = self._folds.get(run_id)
        if fold is None:
            fold = self._folds[run_id] = ActionFold()
            if recorded.seq:  # It has a past, from before it was resumed or undone.
                journal = RunStore(self._runs).journal(run_id)
                for past in await asyncio.to_thread(past_events, journal, recorded.seq):
                    rows |= {row.id: row for row in fold.fold(past)}
        if isinstance(recorded.event, RunEnded):
            self._folds.pop(run_id)
        rows |= {row.id: row for row in fold.fold(recorded)}
        return tuple(rows.values())
