"""A `RecordWriter` keeps actions and facts, and passes them on when another process writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import ActionRecord, Fact, FactSource
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.memory.health import Health
from lsp_server.memory.made_facts import TOO_MANY, new_fact
from lsp_server.memory.memory_tables import MemoryTables
from lsp_server.memory.table import Table
from lsp_server.memory.upkeep import optimize_next
from lsp_server.memory.waiting_records import WaitingRecords, cleaned
from lsp_server.memory.write_queue import WriteQueue

EMBED_TEXTS = 8
EMBED_IDLE_SECONDS = 2.0
"""So long after the last record its vector is made: while runs act, their steps need the processor."""


class RecordWriter:
    """Writes actions and facts; a `MemoryWriter` calls what works in the background.

    `waiting` are the records that are still to be written. `queue_folder` is where they
    wait for the process that writes. `written` is called
    when rows were written that lack vectors.
    """

    def __init__(
        self,
        tables: MemoryTables,
        queue_folder: Path,
        health: Health,
        *,
        written: Callable[[], None],
    ) -> None:
        self.health = health
        self._tables = tables
        self._queue = WriteQueue(queue_folder)
        self._lock = asyncio.Lock()
        self.waiting = WaitingRecords()
        self._written = written

    def add(self, action: ActionRecord) -> None:
        """Keeps an action; it replaces one with the same id. Cheap.

        It is written within a few seconds, in the background, or before the next question.
        """
        self.waiting.add(action)

    async def remember(self, text: str, source: FactSource, evidence_id: str = "") -> Fact:
        """Keeps a claim and returns it as a fact, which is verified if it has evidence.

        `evidence_id` identifies what the harness itself saw. Raises
        MemoryUnavailable, also when FACTS_MAX facts are remembered.
        """
        # What waits may be facts, too, and counts.
        await self.flush()
        await self._tables.prepare_read()
        if await self._tables.facts.is_full():
            raise MemoryUnavailable(TOO_MANY)
        fact = new_fact(text, source, evidence_id)
        self.waiting.add(fact)
        await self.flush()
        return fact

    async def restore(self, facts: Iterable[Fact]) -> None:
        """Keeps those of the facts that are not there, or were looked at since. Raises MemoryUnavailable."""
        await self.flush()
        await self._tables.prepare_read()
        known = await self._tables.facts.checked()
        for fact in facts:
            if known.get(fact.id, "") < fact.checked_at:
                self.waiting.add(fact)

    async def mark_stale(self, evidence_id: str) -> int:
        """Makes the facts stale that rest on this evidence; returns how many they are.

        Raises MemoryUnavailable, also when another process writes.
        """
        async with self._lock:
            await self._require_writer()
            return await self._tables.facts.set_status(evidence_id, "stale")

    async def forget(self, request: ForgetRequest) -> int:
        """Removes actions and facts from all files on disk; returns how many they were.

        Raises MemoryUnavailable, also when another process writes.
        """
        async with self._lock:
            await self._require_writer()
            tables = self._tables
            removed = await tables.actions.records.erase(request.actions_condition())
            removed += await tables.facts.records.erase(request.facts_condition())
            # A damaged table that was kept for a look may hold the words, too.
            await asyncio.to_thread(tables.database.place.delete_set_aside)
        return removed

    async def flush(self) -> None:
        """Returns when everything that was added is written. Raises MemoryUnavailable."""
        if self.waiting:
            async with self._lock:
                await self._store()

    @property
    def pending(self) -> int:
        """Returns the number of vectors that are still to be made."""
        tables = self._tables
        return len(tables.actions.records.backlog) + len(tables.facts.records.backlog)

    @property
    def is_busy(self) -> bool:
        """Says whether records or vectors are still to be written."""
        return bool(self.waiting or self.pending)

    async def write(self, *, quiet: bool) -> None:
        """Writes what waits; when `quiet`, may optimize a table. Raises MemoryUnavailable."""
        async with self._lock:
            records = (self._tables.actions.records, self._tables.facts.records)
            if self.health.damaged:
                for each in records:
                    await each.repair()
                self.health.damaged = False
            await self._store()
            if self._tables.writes:
                tables = [one for each in records for one in (each.table, *each.vectors.tables)]
                await optimize_next(tables, self.health, quiet=quiet, clean=self._expire)

    async def embed(self, *, at_once: bool) -> bool:
        """Makes and writes the next few vectors; whether there were any to make.

        Unless `at_once`, that waits until no record came for EMBED_IDLE_SECONDS. Raises
        MemoryUnavailable.
        """
        if not at_once and self.waiting.idle_seconds < EMBED_IDLE_SECONDS:
            return False
        for records in (self._tables.actions.records, self._tables.facts.records):
            if records.backlog:
                made = await records.embed(EMBED_TEXTS)
                # The lock is taken only now: embedding may take a second.
                async with self._lock:
                    await records.keep(made)
                return True
        return False

    async def _store(self) -> None:
        """Writes what waits here and in the queue; call it while the lock is held."""
        records = self.waiting.all()
        try:
            if await self._tables.become_writer():
                entries, sent = await asyncio.to_thread(self._queue.read)
                # Removed only when it is written: writing it twice is writing it once.
                await self._put([*sent, *await cleaned(records)])
                await asyncio.to_thread(self._queue.remove, entries)
            elif records:
                await asyncio.to_thread(self._queue.send, await cleaned(records))
        except OSError as error:
            raise MemoryUnavailable(f"the memory's inbox cannot be used: {error}") from error
        self.waiting.written(records)

    async def _put(self, records: Sequence[ActionRecord | Fact]) -> None:
        if records:
            actions, facts = self._tables.actions.records, self._tables.facts.records
            await actions.put(one for one in records if isinstance(one, ActionRecord))
            await facts.put(one for one in records if isinstance(one, Fact))
            self._written()

    async def _require_writer(self) -> None:
        if not await self._tables.become_writer():
            raise MemoryUnavailable(
                "another process has this workspace's memory open and is the one to change it; "
                "do it there, or close that one"
            )
        await self._store()

    async def _expire(self, table: Table) -> None:
        if table is self._tables.actions.records.table:
            await self._tables.actions.expire()
