"""A `CodeWriter` keeps the code index up: index runs, changed files, and vectors of chunks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.batch_size import BatchSize
from lsp_server.memory.health import Health
from lsp_server.memory.indexing import CodeIndexer, IndexReport, Report, ignore_progress
from lsp_server.memory.memory_tables import MemoryTables
from lsp_server.memory.table import Table
from lsp_server.memory.upkeep import optimize_next

CHANGED_MAX = 2_000
"""If more paths changed, all files are compared."""
EMBED_COMMIT_ROWS = 1_024
EMBED_COMMIT_SECONDS = 10.0


class CodeWriter:
    """Writes the code index; a `MemoryWriter` calls what works in the background.

    Its lock is not that of the records, so that a long index run holds up nobody who
    remembers something. `work_added` is called when something waits to be written,
    `written` when rows were written that may lack vectors.
    """

    def __init__(
        self,
        tables: MemoryTables,
        indexer: CodeIndexer,
        health: Health,
        *,
        work_added: Callable[[], None],
        written: Callable[[], None],
    ) -> None:
        self.health = health
        self.indexing = False
        self._tables = tables
        self._indexer = indexer
        self._lock = asyncio.Lock()
        self._changed: set[Path] = set()
        self._batch = BatchSize()
        self._vectors: dict[str, Sequence[float]] = {}
        """Vectors that are made and not written yet."""
        self._vectors_written_at = time.monotonic()
        self._work_added = work_added
        self._written = written

    async def index(self, report: Report = ignore_progress, *, full: bool = False) -> IndexReport:
        """Brings the index up to what is on disk; vectors follow in the background.

        With `full` it is made again from all files; vectors of unchanged code stay.
        May be cancelled and called again at any time. In a process that does not
        write, nothing happens, and the report says how many files there are. Raises
        MemoryUnavailable.
        """
        async with self._lock:
            self.indexing = True
            try:
                if not await self._tables.become_writer():
                    return IndexReport(len(self._tables.code.known), 0, 0, 0, 0, 0.0)
                await self._repair()
                if full:
                    await self._tables.code.clear()
                done = await self._indexer.sync(report)
                self.health.recover()
                return done
            except MemoryUnavailable as error:
                self.health.fail(error, in_tables=self._tables.writable)
                raise
            finally:
                # After a failure, too: what was written until then lacks vectors.
                self.indexing = False
                self._tables.measured_at = float("-inf")
                self._written()

    def files_changed(self, paths: Iterable[Path]) -> None:
        """Notes absolute paths of files or folders that changed, appeared or went. Cheap.

        They are read soon, in the background.
        """
        self._changed.update(paths)
        self._work_added()

    @property
    def pending(self) -> int:
        """Returns the number of vectors that are still to be made or written."""
        return len(self._tables.code.backlog) + len(self._vectors)

    @property
    def is_busy(self) -> bool:
        """Says whether changes or vectors are still to be written."""
        return bool(self._changed or self.indexing or self.pending)

    async def write(self, *, quiet: bool) -> None:
        """Writes what changed; when `quiet`, may optimize a table. Raises MemoryUnavailable."""
        if not self._tables.writes:
            self._changed.clear()  # The process that writes watches the files itself.
        elif not self._lock.locked():  # An index run is not waited for.
            async with self._lock:
                await self._write_changes()
                code = self._tables.code
                tables = (code.files, code.chunks, *code.vectors.tables)
                await optimize_next(tables, self.health, quiet=quiet, clean=self._prune)

    async def embed(self) -> bool:
        """Makes the next few vectors; whether there were any to make or write.

        They are written in groups. Raises MemoryUnavailable.
        """
        if not self.pending:
            return False
        code = self._tables.code
        if code.backlog:
            began = time.monotonic()
            made = await code.embed(self._batch.texts)
            self._batch.adapt(made=len(made), seconds=time.monotonic() - began)
            self._vectors |= made
        late = time.monotonic() - self._vectors_written_at > EMBED_COMMIT_SECONDS
        if late or len(self._vectors) >= EMBED_COMMIT_ROWS or not code.backlog:
            await self.write_vectors()
        return True

    async def write_vectors(self) -> None:
        """Writes the vectors that are made. Raises MemoryUnavailable."""
        async with self._lock:
            if self._tables.writable:
                await self._tables.code.vectors.put(self._vectors)
                self._vectors = {}
                self._vectors_written_at = time.monotonic()

    async def _write_changes(self) -> None:
        if self.health.damaged:
            await self._repair()
            await self._indexer.sync()
        if self._changed:
            # Paths that come meanwhile stay for the next time, and so do all if this fails.
            paths = set(self._changed)
            if len(paths) > CHANGED_MAX:
                await self._indexer.sync()
            else:
                await self._indexer.update(paths)
            self._changed -= paths
            self._written()

    async def _repair(self) -> None:
        """Empties damaged tables; the next index run fills them from files."""
        if self.health.damaged:
            await self._tables.code.vectors.repair()
            await self._tables.code.clear()
            self.health.damaged = False

    async def _prune(self, table: Table) -> None:
        # Before the table is optimized, as then many commits came together.
        code = self._tables.code
        if table is code.chunks:
            await code.vectors.prune(await code.used_keys())
