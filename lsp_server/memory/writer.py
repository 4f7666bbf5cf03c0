"""A `MemoryWriter` writes in the background what was added and changed, as long as it is open.

One task writes records and changed files, and optimizes tables when nobody waits;
another makes vectors, the slow part, and holds up nobody. A part that fails is
repaired before its next try.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.code_writer import CodeWriter
from lsp_server.memory.health import MemoryHealth
from lsp_server.memory.memory_tables import MemoryTables
from lsp_server.memory.record_writer import RecordWriter
from lsp_server.system.idle_memory import give_back_memory
from lsp_server.system.task_set import TaskSet

GROUP_SECONDS = 0.1
"""Changed files that come within this time are written together: a commit costs as much as 100 rows."""
TICK_SECONDS = 2.0
"""Records are written this often, and the queue and the lock are looked at; nothing for so long
is a quiet moment."""
CLOSE_SECONDS_MAX = 5.0
MEASURE_SECONDS = 30.0
"""The time between two looks at the size on disk."""

REST_SECONDS = (20.0, 80.0)
"""After so long without work memory is given back: first what writing took, then what the
embedder, which is let go meanwhile, leaves behind."""

WriterPart: TypeAlias = RecordWriter | CodeWriter


class MemoryWriter:
    """A `MemoryWriter` does the background work of one memory; start it, and close it.

    `work` is set when changed files wait to be written, `embedding` when rows may lack
    vectors.
    """

    def __init__(
        self,
        tables: MemoryTables,
        records: RecordWriter,
        code: CodeWriter,
        health: MemoryHealth,
        *,
        work: asyncio.Event,
        embedding: asyncio.Event,
    ) -> None:
        self._tables = tables
        self._records = records
        self._code = code
        self._health = health
        self._work = work
        self._embedding = embedding
        self._progress = asyncio.Condition()
        self._others_dropped = False
        self._settling = 0
        self._idle_since = time.monotonic()
        self._rests = 0
        self._tasks = TaskSet()

    def start(self) -> None:
        """Starts the background tasks; the tables must be open."""
        self._tasks.start(self._guard(self._write_forever), "writing to memory")
        self._tasks.start(self._guard(self._embed_forever), "making vectors for memory")

    async def close(self) -> None:
        """Ends the tasks and writes what was added, within CLOSE_SECONDS_MAX."""
        await self._tasks.close()
        with suppress(MemoryUnavailable, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._records.flush()
                await self._code.write_vectors()

    @property
    def pending(self) -> int:
        """Returns the number of vectors that are still to be made or written."""
        return self._records.pending + self._code.pending

    async def settle(self) -> None:
        """Returns when everything that was added and changed is written and has its vectors.

        Raises MemoryUnavailable when that cannot be reached for now.
        """
        self._settling += 1
        self._work.set()
        self._embedding.set()
        try:
            async with self._progress:
                await self._progress.wait_for(lambda: self._health.problems or not self._is_busy)
        finally:
            self._settling -= 1
        if problems := self._health.problems:
            raise MemoryUnavailable(problems[0])

    @property
    def _is_busy(self) -> bool:
        return self._records.is_busy or self._code.is_busy

    async def _write_forever(self) -> None:
        while True:
            woken = await _wait(self._work)
            if woken:
                await asyncio.sleep(GROUP_SECONDS)
                self._work.clear()
            is_idle = not woken and not self._records.waiting
            quiet = is_idle and time.monotonic() - self._tables.read_at > TICK_SECONDS
            # Records come first, as people and runs wait for them.
            await self._write(self._records, quiet=quiet)
            await self._write(self._code, quiet=quiet)
            await self._report_progress()
            await self._rest(quiet=quiet and not self._is_busy)

    async def _rest(self, *, quiet: bool) -> None:
        """Gives memory back that idles, once at each of REST_SECONDS."""
        now = time.monotonic()
        if not quiet:
            self._idle_since, self._rests = now, 0
        elif now - self._idle_since > (*REST_SECONDS, math.inf)[self._rests]:
            self._rests += 1
            await asyncio.to_thread(give_back_memory)

    async def _write(self, part: WriterPart, *, quiet: bool) -> None:
        if not part.health.may_try:
            return
        try:
            await part.write(quiet=quiet)
            if part is self._records:
                await self._measure()
            part.health.recover()
        except MemoryUnavailable as error:
            part.health.fail(error, in_tables=self._tables.writable)

    async def _measure(self) -> None:
        tables = self._tables
        if tables.opened and time.monotonic() - tables.measured_at > MEASURE_SECONDS:
            await tables.measure()

    async def _embed_forever(self) -> None:
        while True:
            await _wait(self._embedding)
            self._embedding.clear()
            if self._health.vectors.may_try:
                await self._embed_all()
            await self._report_progress()

    async def _embed_all(self) -> None:
        try:
            # Records come first: they are few, and wanted soon.
            while self._tables.writable and (
                await self._records.embed(at_once=self._settling > 0) or await self._code.embed()
            ):
                pass
            await self._drop_other_vectors()
            self._health.vectors.recover()
        except MemoryUnavailable as error:
            self._health.vectors.fail(error, in_tables=False)

    async def _drop_other_vectors(self) -> None:
        # Until this embedder has made all, going back to the other one costs nothing.
        if self._tables.writable and not self._others_dropped:
            for vectors in self._tables.vectors:
                await vectors.drop_others()
            self._others_dropped = True

    async def _report_progress(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        """Runs a task; if it ends by a fault of ours, the status says so and nobody waits."""
        try:
            await work()
        except Exception as error:
            fault = f"memory ended by a fault of its own: {error!r}"
            self._health.records.problem = self._health.vectors.problem = fault
            await self._report_progress()
            raise


async def _wait(event: asyncio.Event) -> bool:
    """Waits for the event, up to TICK_SECONDS; returns whether it came."""
    try:
        async with asyncio.timeout(TICK_SECONDS):
            await event.wait()
    except TimeoutError:
        return False
    return True
