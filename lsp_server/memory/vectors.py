"""A `VectorTable` stores the vectors of texts by their content.

A vector is made once for each text and embedder: code that moves, is renamed or
comes back with a branch costs nothing. Rows point to vectors by key, so that they
can be written at once and found by words while vectors are still made. Each
embedder has a table of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from lsp_server.domain.errors import MemoryUnavailable, ModelError
from lsp_server.domain.ports import Embedder
from lsp_server.memory.database import Database
from lsp_server.memory.digest import digest
from lsp_server.memory.sql import is_one_of
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.table import Table
from lsp_server.memory.table_schema import TableSchema

VECTORS_VERSION = 1
UNUSED_ROWS_MAX = 5_000
"""Vectors to which no row points may stay for other branches, up to this many more than the
vectors in use."""
DELETE_ROWS = 1_000


class NoVectors(MemoryUnavailable):
    """The embedder cannot serve now; words can still be compared."""


class VectorTable:
    """A `VectorTable` keeps the vectors of one kind of rows.

    `keys` are those that are stored; the set is replaced and never changed, so that a
    search keeps the set with which it began. `name` begins the table's name, as
    in `chunk`. Each method that waits raises MemoryUnavailable; those that embed raise
    NoVectors when the embedder fails.
    """

    def __init__(self, database: Database, name: str, embedder: Embedder) -> None:
        self.keys: frozenset[str] = frozenset()
        self._database = database
        self._prefix = f"{name}_vectors_"
        self._name = self._prefix + digest(embedder.fingerprint)[:8]
        self._embedder = embedder
        self._table: Table | None = None
        self._writes = False

    @property
    def tables(self) -> tuple[Table, ...]:
        """Returns the one table, or none while there are no vectors."""
        return () if self._table is None else (self._table,)

    async def open(self, *, writes: bool) -> None:
        """Opens the table if it is there; it is made with the first vectors."""
        self._writes = writes
        if self._name in await self._database.names():
            table = await self._database.table(_schema(self._name), writes=writes)
            self.keys = await self._stored_keys(table)
            self._table = table if self.keys else None
            if writes and not self.keys:
                # A damaged one may just have been made again with a dimension of 1; the next
                # vectors make it with theirs.
                await self._database.drop(self._name)

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Returns the vectors of the texts without storing them."""
        return await embed(self._embedder, texts)

    async def put(self, vectors: Mapping[str, Sequence[float]]) -> None:
        """Stores vectors by their keys; those that are stored already are left alone."""
        fresh = {key: vector for key, vector in vectors.items() if key not in self.keys}
        if not fresh:
            return
        if self._table is None:
            schema = _schema(self._name, len(next(iter(fresh.values()))))
            self._table = await self._database.table(schema, writes=True)
        await self._table.add([{"key": key, "vector": vector} for key, vector in fresh.items()])
        self.keys |= fresh.keys()

    async def find_nearest(self, text: str, limit: int) -> dict[str, float]:
        """Returns the cosines of the `limit` nearest vectors to a text, by key, nearest first."""
        # Before there are vectors, the embedder need not even be loaded.
        if not await self.has_some():
            return {}
        (vector,) = await self.embed([text])
        return await self.nearest_to(vector, limit)

    async def has_some(self) -> bool:
        """Says whether there are any vectors yet."""
        if self._table is None and not self._writes:
            with suppress(MemoryUnavailable):  # Another process may be making it right now.
                await self.open(writes=False)
        return self._table is not None

    async def nearest_to(self, vector: Sequence[float], limit: int) -> dict[str, float]:
        """Returns the cosines of the `limit` nearest vectors, by key, nearest first."""
        if not await self.has_some() or self._table is None:
            return {}
        return await self._table.search_vectors(vector, limit)

    async def repair(self) -> None:
        """Drops the vectors when they cannot be read."""
        try:
            if self._table is not None:
                await self._table.rows(["key", "vector"])
        except PlaceUnavailable:
            raise
        except MemoryUnavailable:
            self._table = None
            self.keys = frozenset()
            await self._database.drop(self._name)

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes the vectors with these keys."""
        going = sorted(self.keys.intersection(keys))
        # In parts, as a condition with all keys could be megabytes.
        for start in range(0, len(going), DELETE_ROWS):
            if self._table is not None:
                await self._table.delete(is_one_of("key", going[start : start + DELETE_ROWS]))
        self.keys = self.keys.difference(going)

    async def erase(self, keys: Iterable[str]) -> None:
        """Removes the vectors with these keys from all files on disk."""
        going = self.keys.intersection(keys)
        if self._table is not None and going:
            await self._table.erase(going)
        self.keys -= going

    async def prune(self, used: Collection[str]) -> int:
        """Deletes the vectors that are not `used`, once there are too many; returns how many."""
        unused = self.keys.difference(used)
        if len(unused) <= len(used) + UNUSED_ROWS_MAX:
            return 0
        await self.delete(unused)
        return len(unused)

    async def drop_others(self) -> None:
        """Drops the vectors of other embedders; call it once this one has made all."""
        for name in await self._database.names():
            if name.startswith(self._prefix) and name != self._name:
                await self._database.drop(name)

    async def check(self) -> frozenset[str]:
        """Returns the keys that are really stored, read from the table."""
        return await self._stored_keys(self._table) if self._table else frozenset()

    async def _stored_keys(self, table: Table) -> frozenset[str]:
        rows = await table.rows(["key"])
        return await asyncio.to_thread(lambda: frozenset(row["key"] for row in rows))


async def embed(embedder: Embedder, texts: Sequence[str]) -> Sequence[Sequence[float]]:
    """Returns the vectors of the texts. Raises NoVectors when the embedder fails."""
    try:
        return await embedder.embed(texts)
    except ModelError as error:
        raise NoVectors(str(error)) from error


def _schema(name: str, dimension: int = 1) -> TableSchema:
    """Returns the schema of a table; the dimension matters only when the table is made."""
    return TableSchema(
        name,
        VECTORS_VERSION,
        {"key": "text", "vector": "vector"},
        {"key": "btree"},
        dimension=dimension,
    )
