"""Vectors by the content they stand for.

A vector is made once for each text and embedder: what was moved, renamed or
comes back with a branch costs nothing. Rows point to vectors by key, so that
they can be written at once and found by words while vectors are still made.
Each embedder has a table of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from lsp_server.domain.errors import MemoryUnavailable, ModelError
from lsp_server.domain.ports import Embedder
from lsp_server.memory.parsing import digest
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.table_schema import TableSchema
from lsp_server.memory.tables import Database, Table, is_one_of

VECTORS_VERSION = 1
UNUSED_ROWS_MAX = 5_000
"""Vectors that nothing points to may stay, as other branches want them, up to this many more
than those in use."""
DELETE_ROWS = 1_000


class NoVectors(MemoryUnavailable):
    """The embedder cannot serve now; words can still be compared."""


class VectorTable:
    """The vectors of one kind of rows; `keys` are those that are there."""

    def __init__(self, database: Database, name: str, embedder: Embedder) -> None:
        self._database = database
        self._prefix = f"{name}_vectors_"
        self._name = self._prefix + digest(embedder.fingerprint)[:8]
        self._embedder = embedder
        self._table: Table | None = None
        self._writes = False
        self.keys: set[str] = set()

    async def open(self, *, writes: bool) -> None:
        """Raises MemoryUnavailable."""
        self._writes = writes
        if self._name in await self._database.names():
            table = await self._database.table(self._layout(), writes=writes)
            self.keys = {row["key"] for row in await table.rows(["key"])}
            self._table = table if self.keys else None
            if writes and not self.keys:
                # One that was made anew here is of no width; the next vectors make theirs.
                await self._database.drop(self._name)

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Raises NoVectors when the embedder cannot."""
        try:
            return await self._embedder.embed(texts)
        except ModelError as error:
            raise NoVectors(str(error)) from error

    async def put(self, vectors: Mapping[str, Sequence[float]]) -> None:
        """Those whose keys are not there yet. Raises MemoryUnavailable."""
        fresh = {key: vector for key, vector in vectors.items() if key not in self.keys}
        if not fresh:
            return
        if self._table is None:
            self._table = await self._database.table(
                self._layout(len(next(iter(fresh.values())))), writes=True
            )
        await self._table.add([{"key": key, "vector": vector} for key, vector in fresh.items()])
        self.keys |= fresh.keys()

    async def drop_others(self) -> None:
        """Vectors of other embedders, once this one has made all. Raises MemoryUnavailable."""
        for name in await self._database.names():
            if name.startswith(self._prefix) and name != self._name:
                await self._database.drop(name)

    async def nearest(self, text: str, limit: int) -> dict[str, float]:
        """Cosines by key, nearest first. Raises NoVectors and MemoryUnavailable."""
        if self._table is None and not self._writes:
            with suppress(MemoryUnavailable):  # Another process may be making it right now.
                await self.open(writes=False)
        if self._table is None:
            return {}
        (vector,) = await self.embed([text])
        rows = await self._table.nearest(vector, ["key"], limit)
        return {row["key"]: 1.0 - row["_distance"] for row in rows}

    async def repair(self) -> None:
        """Drops the vectors when they cannot be read. Raises MemoryUnavailable."""
        try:
            if self._table is not None:
                await self._table.rows(["key", "vector"])
        except PlaceUnavailable:
            raise
        except MemoryUnavailable:
            self._table = None
            self.keys = set()
            await self._database.drop(self._name)

    async def erase(self, keys: Iterable[str]) -> None:
        """Removes them from all files on disk. Raises MemoryUnavailable."""
        going = self.keys.intersection(keys)
        if self._table is not None and going:
            await self._table.erase(going)
        self.keys -= going

    async def delete(self, keys: Iterable[str]) -> None:
        """Raises MemoryUnavailable."""
        going = sorted(self.keys.intersection(keys))
        for start in range(0, len(going), DELETE_ROWS):
            if self._table is not None:
                await self._table.delete(is_one_of("key", going[start : start + DELETE_ROWS]))
        self.keys.difference_update(going)

    async def prune(self, used: Collection[str]) -> int:
        """Once too many are unused, all of those go; says how many. Raises MemoryUnavailable."""
        unused = self.keys.difference(used)
        if len(unused) <= len(used) + UNUSED_ROWS_MAX:
            return 0
        await self.delete(unused)
        return len(unused)

    def _layout(self, dimension: int = 1) -> TableSchema:
        """The dimension matters only when the table is made."""
        return TableSchema(
            self._name,
            VECTORS_VERSION,
            {"key": "text", "vector": "vector"},
            {"key": "btree"},
            dimension=dimension,
        )
