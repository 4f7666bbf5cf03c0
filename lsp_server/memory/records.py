"""A `RecordTable` stores small records that are found by words and by vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.database import Database
from lsp_server.memory.digest import digest
from lsp_server.memory.fusion import fuse_by_ranks
from lsp_server.memory.hybrid import NO_VECTOR, HybridResult, hybrid_search
from lsp_server.memory.sql import equals, is_one_of
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.table import Table
from lsp_server.memory.table_schema import RecordSchema, Row
from lsp_server.memory.vectors import VectorTable
from lsp_server.text.tokenizer import tokenize

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)
else:
    R = TypeVar("R")

BACKLOG_ROWS = 500
"""Rows that are read at once when a memory is opened."""


class RecordTable(Generic[R]):
    """A `RecordTable` keeps the records of one kind, such as actions or facts, keyed by their `id`.

    `searched_text` gives the text of a record that words are compared with,
    `embedded_text` the text that is embedded, "" for a record without a vector. `backlog` has the texts that still
    lack a vector, by key. Each method that waits raises MemoryUnavailable.
    """

    def __init__(
        self,
        database: Database,
        schema: RecordSchema[R],
        vectors: VectorTable,
        searched_text: Callable[[R], str],
        embedded_text: Callable[[R], str],
    ) -> None:
        self.vectors = vectors
        self.backlog: dict[str, str] = {}
        self._database = database
        self._schema = schema
        self._searched_text = searched_text
        self._embedded_text = embedded_text
        self._table: Table | None = None

    async def open(self, *, writes: bool) -> None:
        """Opens the table; with `writes` also finds the rows that lack a vector."""
        self._table = await self._database.table(self._schema.table, writes=writes)
        if writes:
            await self._find_backlog()

    @property
    def table(self) -> Table:
        """Returns the open table."""
        assert self._table is not None, "open it first"
        return self._table

    async def put(self, records: Iterable[R]) -> None:
        """Inserts the records, or replaces those with the same id."""
        # A merge takes one row for each key.
        newest = {str(getattr(one, self._schema.table.key)): one for one in records}
        # Cutting the texts into words takes half a millisecond each.
        rows = await asyncio.to_thread(lambda: [self._row(one) for one in newest.values()])
        await self.table.put(rows)
        for row in rows:
            if row["vector_key"] and row["vector_key"] not in self.vectors.keys:
                self.backlog[row["vector_key"]] = self._embedded_text(self._schema.record(row))

    async def get(self, record_id: str) -> R | None:
        """Returns the record with this id, None when there is none."""
        rows = await self.table.rows(self._schema.columns, equals("id", record_id), 1)
        return self._schema.record(rows[0]) if rows else None

    async def select(self, where: str | None = None) -> list[R]:
        """Returns the records that meet a condition, or all, in no order."""
        rows = await self.table.rows(self._schema.columns, where)
        return [self._schema.record(row) for row in rows]

    async def search(self, text: str, where: str | None) -> HybridResult:
        """Returns the rows that match best, with all columns of a record and `words`."""
        columns = (*self._schema.columns, "words")
        return await hybrid_search(self.table, self.vectors, text, columns, where, fuse_by_ranks)

    async def delete(self, where: str) -> int:
        """Deletes rows, and the vectors that no other row points to; returns how many rows."""
        rows = await self.table.rows(["vector_key"], where)
        # Vectors go last: a row without a vector is found by words, and gets it again.
        removed = await self.table.delete(where)
        await self.vectors.delete(await self._unused({row["vector_key"] for row in rows}))
        return removed

    async def erase(self, where: str) -> int:
        """Deletes rows and vectors so that no file on disk has them; returns how many rows."""
        rows = await self.table.rows(["id", "vector_key"], where)
        if rows:
            await self.table.erase({row["id"] for row in rows})
            await self.vectors.erase(await self._unused({row["vector_key"] for row in rows}))
        return len(rows)

    async def embed(self, count: int) -> Mapping[str, Sequence[float]]:
        """Makes the vectors of up to `count` texts of the backlog; returns them by key."""
        batch = dict(list(self.backlog.items())[:count])
        vectors = await self.vectors.embed(list(batch.values()))
        return dict(zip(batch, vectors, strict=True))

    async def keep(self, vectors: Mapping[str, Sequence[float]]) -> None:
        """Stores vectors, without those of records that were forgotten meanwhile."""
        # Forgetting takes keys out of the backlog while their vectors are made.
        wanted = {key: vector for key, vector in vectors.items() if key in self.backlog}
        await self.vectors.put(wanted)
        for key in wanted:
            self.backlog.pop(key, None)

    async def repair(self) -> None:
        """Replaces the table by an empty one when it cannot be read."""
        await self.vectors.repair()
        try:
            if self._table is not None:
                await self._table.rows(tuple(self._schema.table.columns))
        except PlaceUnavailable:
            raise
        except MemoryUnavailable:
            self._table = await self._database.replace(self._schema.table)

    async def _unused(self, keys: set[str]) -> set[str]:
        """Returns the vector keys to which no row points any more; they leave the backlog, too."""
        left = await self.table.rows(["vector_key"], is_one_of("vector_key", sorted(keys)))
        unused = keys - {row["vector_key"] for row in left}
        for key in unused:
            self.backlog.pop(key, None)
        return unused

    async def _find_backlog(self) -> None:
        # Another embedder, or a process that was killed, left rows without a vector.
        there = {row["vector_key"] for row in await self.table.rows(["vector_key"])}
        missing = sorted(there - self.vectors.keys - {NO_VECTOR})
        for start in range(0, len(missing), BACKLOG_ROWS):
            where = is_one_of("vector_key", missing[start : start + BACKLOG_ROWS])
            for row in await self.table.rows((*self._schema.columns, "vector_key"), where):
                text = self._embedded_text(self._schema.record(row))
                self.backlog[row["vector_key"]] = text

    def _row(self, record: R) -> Row:
        return self._schema.row(
            record,
            words=tokenize(self._searched_text(record)),
            vector_key=digest(text) if (text := self._embedded_text(record)) else NO_VECTOR,
        )
