"""A `Table` reads and writes the rows of one LanceDB table; its `upkeep` keeps it fast.

All that LanceDB raises becomes MemoryUnavailable here, or PlaceUnavailable when
the disk or the object store is to blame.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from typing import TYPE_CHECKING, Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.storage_errors import PlaceUnavailable, translate_errors
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table_schema import Row, TableSchema, drop_rows, to_arrow
from lsp_server.memory.table_upkeep import TableUpkeep
from lsp_server.text.count import count_of

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

ROW_ID = "_rowid"
"""The column that every table has of itself: where a row lies in one version of the table."""
ROWS_AT_ONCE = 100
"""So few become Python's objects within a millisecond, less than a thread takes to answer."""


class Table:
    """A `Table` reads and writes the rows of one table.

    Each method that waits raises MemoryUnavailable.

    `table` is LanceDB's own asynchronous table.
    """

    def __init__(self, schema: TableSchema, table: Any, place: StoragePlace) -> None:
        self.schema = schema
        self.upkeep = TableUpkeep(schema, table, place)
        self._place = place
        self._table = table
        self._arrow_schema: Any = None

    async def put(self, rows: Sequence[Row], *, scope: str | None = None) -> None:
        """Inserts the rows, or replaces those with the same key, in one commit.

        With `scope`, a condition, stored rows that meet it and are not among
        `rows` are deleted in that commit.
        """
        if not rows:
            # Nothing to merge, but rows of the scope may have to go.
            if scope is not None:
                await self.delete(scope)
            return
        with translate_errors(self.schema.name, self._place):
            data = await self._to_arrow(rows)
            merge = self._table.merge_insert(self.schema.key)
            merge = merge.when_matched_update_all().when_not_matched_insert_all()
            if scope is not None:
                merge = merge.when_not_matched_by_source_delete(scope)
            await merge.execute(data)
        self.upkeep.commits += 1

    async def add(self, rows: Sequence[Row] | pa.Table) -> None:
        """Appends rows whose keys are new; cheaper than `put`, as nothing is compared."""
        if len(rows):
            with translate_errors(self.schema.name, self._place):
                await self._table.add(
                    await self._to_arrow(rows) if isinstance(rows, Sequence) else rows
                )
            self.upkeep.commits += 1

    async def change(self, row: Row, *, where: str) -> int:
        """Gives the rows that meet a condition these values; returns how many they were.

        Of several processes that change a row on the condition that it is as they saw it, one
        does.
        """
        with translate_errors(self.schema.name, self._place):
            done = await self._table.update(row, where=where)
        self.upkeep.commits += 1
        return int(done.rows_updated)

    async def version(self) -> int:
        """Returns the number of the table's newest version."""
        with translate_errors(self.schema.name, self._place):
            return int(await self._table.version())

    async def delete(self, where: str) -> int:
        """Deletes the rows that meet a condition and returns how many they were.

        Their bytes stay in files until the upkeep removes old versions.
        """
        with translate_errors(self.schema.name, self._place):
            # Counted first: deleting commits a version even if it deletes nothing.
            before = int(await self._table.count_rows(where))
            if before:
                await self._table.delete(where)
                self.upkeep.commits += 1
        return before

    async def erase(self, keys: Collection[str]) -> None:
        """Removes the rows with these keys so that no file on disk has their bytes.

        The table is written again as a whole: deleting alone would leave the bytes
        in files that hold enough other rows. Raises PlaceUnavailable when a file of
        before could not be removed.
        """
        # Compared at the end, as the upkeep may leave a file that another process reads.
        before = await asyncio.to_thread(self._place.table_files, self.schema.name)
        with translate_errors(self.schema.name, self._place):
            whole = await self._table.query().to_arrow()
            kept = await asyncio.to_thread(drop_rows, whole, self.schema.key, keys)
            await self._table.add(kept, mode="overwrite")
        await self.upkeep.reindex()
        await self.upkeep.purge()
        if left := before & await asyncio.to_thread(self._place.table_files, self.schema.name):
            raise PlaceUnavailable(
                f"{count_of(len(left), 'file')} may still hold what is to be forgotten, such as "
                f"{min(left)[0]}; forget it again, or remove them by hand"
            )

    async def count(self, where: str | None = None) -> int:
        """Returns the number of rows that meet a condition, or of all."""
        with translate_errors(self.schema.name, self._place):
            return int(await self._table.count_rows(where))

    async def rows(
        self, columns: Sequence[str], where: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Returns the rows that meet a condition, or all, in no order, with these columns."""
        query = self._table.query().select(list(columns))
        if where is not None:
            query = query.where(where)
        return await self._fetch(query if limit is None else query.limit(limit))

    async def search_words(
        self, words: str, columns: Sequence[str], where: str | None, limit: int
    ) -> list[Row]:
        """Finds rows by full text search over the column `words`, and returns them best first.

        `words` is a text without operators, as `tokenize` makes it.
        """
        if not words.strip():
            return []
        query = self._table.query().nearest_to_text(words, columns="words")
        query = query.select([*columns, "_score"]).limit(limit)
        return await self._fetch(query if where is None else query.where(where))

    async def whole(self, rows: Sequence[Row]) -> list[Row]:
        """Returns found rows as they are: all columns that were asked for have been read."""
        return list(rows)

    async def search_vectors(
        self, vector: Sequence[float], limit: int, where: str | None = None
    ) -> dict[str, float]:
        """Returns the cosines of the rows that meet a condition and are nearest, by their `key`.

        The nearest is the first.
        """
        index = self.schema.vector_index
        query = self._table.query().nearest_to(list(vector)).distance_type(index.metric)
        query = query.select(["key", "_distance"]).limit(limit)
        query = query.refine_factor(index.refine) if index.refine else query
        rows = await self._fetch(query if where is None else query.where(where))
        return {row["key"]: index.cosine(row["_distance"]) for row in rows}

    async def _fetch(self, query: Any) -> list[Row]:
        try:
            with translate_errors(self.schema.name, self._place):
                table = await query.to_arrow()
        except MemoryUnavailable:
            # The writing process may have removed the version that was being read.
            with translate_errors(self.schema.name, self._place):
                await self._look_again()
                table = await query.to_arrow()
        is_small = table.num_rows <= ROWS_AT_ONCE
        rows: list[Row] = (
            table.to_pylist() if is_small else await asyncio.to_thread(table.to_pylist)
        )
        return rows

    async def _look_again(self) -> None:
        await self._table.checkout_latest()

    async def _to_arrow(self, rows: Sequence[Row]) -> pa.Table:
        # The table's own schema: ours does not know the dimension of stored vectors.
        if self._arrow_schema is None:
            self._arrow_schema = await self._table.schema()
        return await asyncio.to_thread(to_arrow, rows, self._arrow_schema)


class PinnedTable(Table):
    """A `PinnedTable` stays at one version of a table, whatever is written meanwhile."""

    @classmethod
    async def pin(
        cls, schema: TableSchema, table: Any, place: StoragePlace, version: int
    ) -> PinnedTable:
        """Returns the table at a version. Raises MemoryUnavailable when that is gone."""
        with translate_errors(schema.name, place):
            await table.checkout(version)
        return cls(schema, table, place)

    async def take(self, row_ids: Sequence[int], columns: Sequence[str]) -> dict[int, Row]:
        """Returns rows by where they lie, with these columns. Raises MemoryUnavailable."""
        query = self._table.take_row_ids(list(row_ids)).select([*columns, ROW_ID])
        return {row[ROW_ID]: row for row in await self._fetch(query)}

    async def parts(self, where: str) -> AsyncGenerator[pa.Table, None]:
        """Yields the rows that meet a condition, many at a time. Raises MemoryUnavailable."""
        import pyarrow  # noqa: PLC0415, ICN001 - heavy: loaded when memory is used

        with translate_errors(self.schema.name, self._place):
            async for batch in await self._table.query().where(where).to_batches():
                yield pyarrow.Table.from_batches([batch])

    async def dimension(self) -> int:
        """Returns the length of the vectors in the column `vector`. Raises MemoryUnavailable."""
        with translate_errors(self.schema.name, self._place):
            schema: Any = await self._table.schema()
        return int(schema.field("vector").type.list_size)

    async def _look_again(self) -> None:
        """Stays where it is: the version that is pinned is kept by those who build."""
