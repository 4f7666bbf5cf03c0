"""A table of small texts with vectors: what actions and facts have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.table_schema import Row, TableSchema
from lsp_server.memory.tables import Database, Table, is_one_of
from lsp_server.memory.vectors import VectorTable

BACKLOG_ROWS = 500
"""Read at once when a memory is opened."""


class RecordTable:
    """Rows with `id`, `words` and `vector_key`; `backlog` has texts without a vector, by key.

    `embedded` says which text of a row is turned into its vector.
    """

    def __init__(
        self,
        database: Database,
        layout: TableSchema,
        vectors: VectorTable,
        embedded: Callable[[Row], str],
    ) -> None:
        self._database = database
        self._layout = layout
        self._embedded = embedded
        self._table: Table | None = None
        self.vectors = vectors
        self.backlog: dict[str, str] = {}

    async def open(self, *, writes: bool) -> None:
        """Raises MemoryUnavailable."""
        self._table = await self._database.table(self._layout, writes=writes)
        if writes:
            await self._find_backlog()

    @property
    def table(self) -> Table:
        assert self._table is not None, "open it first"
        return self._table

    async def put(self, rows: Sequence[Row]) -> None:
        """Inserts or replaces. Raises MemoryUnavailable."""
        await self.table.put(rows)
        for row in rows:
            if row["vector_key"] not in self.vectors.keys:
                self.backlog[row["vector_key"]] = self._embedded(row)

    async def delete(self, where: str) -> int:
        """Rows, and the vectors that nothing else points to. Raises MemoryUnavailable."""
        rows = await self.table.rows(["vector_key"], where)
        removed = await self.table.delete(where)
        await self.vectors.delete(await self._unused({row["vector_key"] for row in rows}))
        return removed

    async def erase(self, where: str) -> int:
        """The same, and no file of before is left on disk. Raises MemoryUnavailable."""
        rows = await self.table.rows(["id", "vector_key"], where)
        if rows:
            await self.table.erase({row["id"] for row in rows})
            await self.vectors.erase(await self._unused({row["vector_key"] for row in rows}))
        return len(rows)

    async def _unused(self, keys: set[str]) -> set[str]:
        """Those of the keys to which no row points any more; nobody will make their vectors."""
        left = await self.table.rows(["vector_key"], is_one_of("vector_key", sorted(keys)))
        unused = keys - {row["vector_key"] for row in left}
        for key in unused:
            self.backlog.pop(key, None)
        return unused

    async def embed(self, count: int) -> dict[str, Sequence[float]]:
        """Vectors for the next few texts, by key. Raises MemoryUnavailable."""
        batch = dict(list(self.backlog.items())[:count])
        vectors = await self.vectors.embed(list(batch.values()))
        return dict(zip(batch, vectors, strict=True))

    async def keep(self, vectors: Mapping[str, Sequence[float]]) -> None:
        """What was forgotten meanwhile is left out. Raises MemoryUnavailable."""
        wanted = {key: vector for key, vector in vectors.items() if key in self.backlog}
        await self.vectors.put(wanted)
        for key in wanted:
            self.backlog.pop(key, None)

    async def _find_backlog(self) -> None:
        """What another embedder or a process that was killed left without a vector."""
        there = {row["vector_key"] for row in await self.table.rows(["vector_key"])}
        missing = sorted(there - self.vectors.keys)
        for start in range(0, len(missing), BACKLOG_ROWS):
            where = is_one_of("vector_key", missing[start : start + BACKLOG_ROWS])
            for row in await self.table.rows(tuple(self._layout.columns), where):
                self.backlog[row["vector_key"]] = self._embedded(row)

    async def repair(self) -> None:
        """Puts the table aside when it cannot be read. Raises MemoryUnavailable."""
        await self.vectors.repair()
        try:
            if self._table is not None:
                await self._table.rows(tuple(self._layout.columns))
        except PlaceUnavailable:
            raise
        except MemoryUnavailable:
            self._table = await self._database.replace(self._layout)
