"""A `TableUpkeep` does for one table what LanceDB leaves to its users: indexes, versions, files.

Every commit adds files, and queries slow down with their number: 1,000 small
appends make a hybrid query 28 times slower, and one optimize takes that back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.storage_errors import translate_errors
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table_schema import EMPTY_VALUES, VERSION_KEY, TableSchema

OPTIMIZE_COMMITS = 32
"""Commits after which a table is optimized in a quiet moment."""
OPTIMIZE_COMMITS_BUSY = 128
"""Commits after which it is optimized in any case."""
KEEP_SECONDS = 60.0
"""Old versions stay for so long, for queries that still read them."""
VECTOR_INDEX_ROWS_MIN = 5_000
"""If there are fewer rows, comparing every vector is as fast."""
REINDEX_GROWTH = 4
REINDEX_FAILURES = 2
"""After so many failed optimizes in a row the indexes are made again."""


class TableUpkeep:
    """A `TableUpkeep` optimizes one table and makes its indexes.

    Each method that waits raises MemoryUnavailable.

    `commits` counts those since the last optimize, `failed_optimizes` the failures
    since the last success. `indexed` is whether this process made sure of the indexes.
    """

    def __init__(self, schema: TableSchema, table: Any, place: StoragePlace) -> None:
        self.commits = 0
        self.failed_optimizes = 0
        self.indexed = False
        self._schema = schema
        self._table = table
        self._place = place
        self._vector_rows = 0
        self._old_versions_until = float("inf")

    def is_due(self, *, quiet: bool) -> bool:
        """Says whether it is time to optimize; `quiet` means that nobody waits for anything."""
        if quiet and time.monotonic() >= self._old_versions_until:
            return True
        return self.commits >= (OPTIMIZE_COMMITS if quiet else OPTIMIZE_COMMITS_BUSY)

    @property
    def is_wanted(self) -> bool:
        """Says whether a quiet moment would be used, now or within KEEP_SECONDS."""
        return self.commits >= OPTIMIZE_COMMITS or self._old_versions_until < float("inf")

    async def optimize(
        self, *, keep_seconds: float = KEEP_SECONDS, unverified: bool = False
    ) -> None:
        """Joins small files, takes new rows into the indexes, drops old versions.

        `unverified` also drops files that a write left which was cut short.
        """
        try:
            with translate_errors(self._schema.name, self._place):
                if self.failed_optimizes >= REINDEX_FAILURES:
                    await self.make_indexes(replace=True)
                await self._make_vector_index()
                await self._table.optimize(
                    cleanup_older_than=timedelta(seconds=keep_seconds),
                    delete_unverified=unverified,
                )
        except MemoryUnavailable:
            self.failed_optimizes += 1
            raise
        # The versions before this one may go only when no query can read them any more.
        self._old_versions_until = time.monotonic() + keep_seconds if self.commits else float("inf")
        self.commits = 0
        self.failed_optimizes = 0

    async def purge(self) -> None:
        """Optimizes and keeps no old version."""
        await self.optimize(keep_seconds=0.001, unverified=True)  # LanceDB warns of zero.

    async def reindex(self) -> None:
        """Makes all indexes again, for rows that were written as a whole."""
        self._vector_rows = 0
        await self.make_indexes(replace=True)

    async def make_indexes(self, *, replace: bool = False) -> None:
        """Makes the indexes of the schema that are missing, or with `replace` all of them."""
        from lancedb import index  # noqa: PLC0415 - heavy: loaded when memory is used

        kinds: Mapping[str, Any] = {
            "btree": index.BTree,
            "bitmap": index.Bitmap,
            "labels": index.LabelList,
            # English stems and stop words over split identifiers found the most.
            "words": index.FTS,
        }
        with translate_errors(self._schema.name, self._place):
            there = {column for one in await self._table.list_indices() for column in one.columns}
            for column, kind in self._schema.indexes.items():
                if column not in there or replace:
                    await self._table.create_index(column, config=kinds[kind](), replace=True)
        self.indexed = True

    async def version(self) -> int:
        """Returns the version of the schema with which the table was written."""
        with translate_errors(self._schema.name, self._place):
            schema: Any = await self._table.schema()
            metadata = schema.field(0).metadata or {}
            return int(metadata.get(VERSION_KEY, b"0"))

    async def migrate(self) -> None:
        """Adds the columns that are missing, empty, and notes the schema's version."""
        with translate_errors(self._schema.name, self._place):
            schema: Any = await self._table.schema()
            missing = {
                name: EMPTY_VALUES[kind]
                for name, kind in self._schema.columns.items()
                if name not in schema.names
            }
            if missing:
                await self._table.add_columns(missing)
            version = {VERSION_KEY.decode(): str(self._schema.version)}
            update = {"path": self._schema.key, "metadata": version}
            await self._table.update_field_metadata(update)

    async def _make_vector_index(self) -> None:
        rows = await self._table.count_rows() if self._schema.dimension else 0
        # An index keeps the number of partitions that suited the table when it was made.
        if rows < max(VECTOR_INDEX_ROWS_MIN, REINDEX_GROWTH * self._vector_rows):
            return
        from lancedb.index import IvfRq  # noqa: PLC0415 - heavy: loaded when memory is used

        wanted = self._schema.vector_index
        config = IvfRq(distance_type=wanted.metric, num_bits=wanted.bits)
        await self._table.create_index("vector", config=config, replace=True)
        self._vector_rows = rows
