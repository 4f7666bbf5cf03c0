"""What runs do, made into rows as it happens, and what commands showed on the way."""

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
COMMANDS_MAX = 100
COMMAND_CHARS_MIN = 4
"""A shorter command stands in any text by chance."""


class ActionRecorder:
    """Close it. `keep` is given every row, `refuted` the evidence that does not hold any more."""

    def __init__(
        self,
        runs: Path,
        keep: Callable[[ActionRecord], None],
        refuted: Callable[[str], Awaitable[None]],
    ) -> None:
        self._runs = runs
        self._keep = keep
        self._refuted = refuted
        self._folds: dict[RunId, ActionFold] = {}
        self._succeeded: dict[RunId, dict[str, None]] = {}
        """Commands that succeeded when they last ran, oldest first."""
        self._events: asyncio.Queue[tuple[RunId, RecordedEvent]] = asyncio.Queue(EVENTS_MAX)
        self._work: asyncio.Task[None] | None = None

    def see(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Takes an Event in; cheap."""
        if isinstance(recorded.event, Streamed):
            return
        if self._work is None:
            self._work = asyncio.create_task(self._follow(), name="chronicle of the runs")
        with suppress(asyncio.QueueFull):  # The journal has it; the next opening learns it.
            self._events.put_nowait((run_id, recorded))

    def evidence_for(self, run_id: RunId, text: str) -> str:
        """The id of what shows a claim: a command that it names and that succeeded; else empty."""
        named = [
            command
            for command in self._succeeded.get(run_id, ())
            if len(command) >= COMMAND_CHARS_MIN and command in text
        ]
        return command_evidence(max(named, key=len)) if named else ""

    async def caught_up(self) -> None:
        """Returns when a row was made of all that was seen."""
        if self._work is None or self._work.done():
            return
        joined = asyncio.create_task(self._events.join())
        try:
            await asyncio.wait({joined, self._work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joined.cancel()

    async def close(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            run_id, recorded = await self._events.get()
            try:
                for row in await self._rows(run_id, recorded):
                    self._keep(row)
                    if row.tool == "shell":
                        await self._weigh(run_id, row)
            finally:
                self._events.task_done()

    async def _rows(self, run_id: RunId, recorded: RecordedEvent) -> Sequence[ActionRecord]:
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

    async def _weigh(self, run_id: RunId, row: ActionRecord) -> None:
        """A command that fails now does not show any more what it showed."""
        command = row.title.removeprefix("$ ")
        succeeded = self._succeeded.setdefault(run_id, {})
        succeeded.pop(command, None)
        if row.outcome == "ok":
            succeeded[command] = None
            for oldest in list(succeeded)[:-COMMANDS_MAX]:
                del succeeded[oldest]
        else:
            await self._refuted(command_evidence(command))


def command_evidence(command: str) -> str:
    """The id of what a command showed by succeeding."""
    return f"command: {command}"
