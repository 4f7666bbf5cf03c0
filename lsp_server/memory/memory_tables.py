"""`MemoryTables` hold all tables of one workspace, for its reader and its writers.

One process at a time writes, the one that holds the lock; others open the tables
that are there and see new versions within a second.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.actions import ActionTable
from lsp_server.memory.code_tables import CodeTables
from lsp_server.memory.database import Database
from lsp_server.memory.facts import FactTable
from lsp_server.memory.vectors import VectorTable

if TYPE_CHECKING:
    from lsp_server.system.process_lock import ProcessLock


@dataclass(frozen=True, slots=True)
class TableSizes:
    """`TableSizes` are numbers of rows, and the bytes of all files; None for an object store."""

    actions: int = 0
    facts: int = 0
    bytes_on_disk: int | None = None


class MemoryTables:
    """`MemoryTables` are the tables of code, actions and facts; close them.

    `opened` is whether the tables can be read, `sizes` are as they were measured at
    `measured_at`, and `read_at` is when somebody read last, both by the monotonic
    clock. `code` are those of code. Each method that waits raises MemoryUnavailable.
    """

    def __init__(
        self,
        database: Database,
        lock: ProcessLock,
        embedder: Embedder,
        code: CodeTables,
    ) -> None:
        self.database = database
        self.code = code
        self.actions = ActionTable(database, VectorTable(database, "action", embedder))
        self.facts = FactTable(database, VectorTable(database, "fact", embedder))
        self.sizes = TableSizes()
        self.measured_at = float("-inf")
        self.read_at = time.monotonic()
        self._lock = lock
        self.opened = False
        self._becoming_writer = asyncio.Lock()

    @property
    def writable(self) -> bool:
        """Says whether this process writes, and has opened the tables."""
        return self.opened and self._lock.held

    @property
    def writes(self) -> bool:
        """Says whether this process is the one that writes."""
        return self._lock.held

    @property
    def vectors(self) -> tuple[VectorTable, ...]:
        """Returns the tables of vectors."""
        return (self.code.vectors, self.actions.records.vectors, self.facts.records.vectors)

    async def open(self) -> None:
        """Opens all tables; a process that does not write leaves out what is missing."""
        try:
            # Vectors come first: opening rows finds out which of them lack one.
            for vectors in self.vectors:
                await vectors.open(writes=self.writes)
            for table in (self.code, self.actions.records, self.facts.records):
                await table.open(writes=self.writes)
        except MemoryUnavailable:
            if self.writes:
                raise
            return
        self.opened = True

    async def prepare_read(self) -> None:
        """Makes sure that the tables are open, and notes that they are read."""
        self.read_at = time.monotonic()
        if not self.opened:
            await self.open()
        if not self.opened:
            raise MemoryUnavailable("another process is making the memory; try again soon")

    async def become_writer(self) -> bool:
        """Takes over when no other process writes; returns whether this process writes."""
        # Records and code ask at the same time.
        async with self._becoming_writer:
            if not self.writes:
                try:
                    if not self._lock.acquire():
                        return False
                except OSError as error:
                    raise MemoryUnavailable(
                        f"{self._lock.path} cannot be used ({error.strerror}); "
                        "fix its permissions or set memory.enabled to false"
                    ) from error
                try:
                    await self.database.become_writer()
                    await self.open()
                except BaseException:
                    # Another process may be able to write; this one tries again later.
                    self._lock.release()
                    raise
        return True

    async def measure(self) -> None:
        """Counts rows and bytes anew."""
        self.sizes = TableSizes(
            await self.actions.records.table.count(),
            await self.facts.records.table.count(),
            await asyncio.to_thread(self.database.place.bytes_on_disk),
        )
        self.measured_at = time.monotonic()

    def close(self) -> None:
        """Closes the database and lets another process write."""
        self.database.close()
        self._lock.release()
