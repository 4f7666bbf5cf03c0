"""The database: its tables, their columns and versions, and the upkeep that LanceDB leaves to us.

Every commit adds files, and queries slow down with their number, so tables are
optimized once enough commits came together (1,000 small appends make a hybrid
query 28 times slower; one optimize takes that back). What LanceDB raises
becomes MemoryUnavailable here. To change columns: change the Layout and its
version; tables of a lower version are rebuilt if they are derived from files,
and otherwise get the new columns, empty.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.connection import connect
from lsp_server.memory.parsing import stamp_of
from lsp_server.memory.storage_errors import PlaceUnavailable, translate_errors
from lsp_server.memory.table_schema import (
    EMPTY,
    VERSION_KEY,
    Row,
    TableSchema,
    arrow_schema,
    to_arrow,
    without,
)

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

OPTIMIZE_COMMITS = 32
OPTIMIZE_COMMITS_BUSY = 128
"""Without waiting for a quiet moment."""
KEEP_SECONDS = 60.0
"""How long old versions stay for queries that still read them; later ones take the newest."""
VECTOR_INDEX_ROWS_MIN = 5_000
"""Below it, looking at every vector is as fast."""
REINDEX_GROWTH = 4
REFINE_FACTOR = 3
"""So many times the wanted vectors are compared in full, as the index knows one bit of each number."""

PUT_ASIDE = ".broken"
ROWS_AT_ONCE = 100
"""So few become Python's objects within a millisecond, less than a thread takes to answer."""


class Database:
    """A place with tables; `place` is a folder or the URI of an object store."""

    def __init__(self, place: str, connection: Any) -> None:
        self._place = place
        self._connection = connection
        self._tables: dict[str, Table] = {}
        self.problems: list[str] = []

    @classmethod
    async def open(cls, place: str, *, writes: bool) -> Database:
        """Raises MemoryUnavailable."""
        return cls(place, await connect(place, writes=writes))

    async def become_writer(self) -> None:
        """All tables have to be opened again. Raises MemoryUnavailable."""
        self._connection.close()
        self._connection = await connect(self._place, writes=True)
        self._tables.clear()

    async def table(self, layout: TableSchema, *, writes: bool) -> Table:
        """Opens or makes it. What cannot be read is put aside, and `problems` says so.

        Raises MemoryUnavailable: of a newer version, or not there and not ours to make.
        """
        opened = self._tables.get(layout.name)
        if opened is not None and (opened.indexed or not writes):
            return opened
        names = await self.names()
        if layout.name in names:
            try:
                table = await self._opened(layout)
            except PlaceUnavailable:
                raise
            except MemoryUnavailable:
                if not writes or await self._is_newer(layout):
                    raise
                await self._put_aside(layout.name)
                names -= {layout.name}
            else:
                return await self._brought_up(layout, table, writes=writes)
        if not writes:
            raise MemoryUnavailable(f"{layout.name} is not there yet; another process makes it")
        return await self._made(layout)

    async def replace(self, layout: TableSchema) -> Table:
        """An empty table in the place of this one. Raises MemoryUnavailable."""
        self._tables.pop(layout.name, None)
        if layout.name in await self.names():
            if layout.derived:
                await self._drop(layout.name)
            else:
                await self._put_aside(layout.name)
        return await self._made(layout)

    async def names(self) -> set[str]:
        with translate_errors("list of tables", self._place):
            return set((await self._connection.list_tables()).tables)

    async def drop(self, name: str) -> None:
        """Raises MemoryUnavailable."""
        self._tables.pop(name, None)
        await self._drop(name)

    def tables(self) -> Sequence[Table]:
        return tuple(self._tables.values())

    def clear_put_aside(self) -> None:
        """Deletes damaged tables that were kept for a look. Blocking."""
        if "://" not in self._place:
            for folder in Path(self._place).glob(f"*{PUT_ASIDE}"):
                shutil.rmtree(folder, ignore_errors=True)

    def bytes_on_disk(self) -> int | None:
        """Of all files, old versions included; None when they are in an object store. Blocking."""
        if "://" in self._place:
            return None
        size = 0
        for folder, _, names in os.walk(self._place):
            for name in names:
                with suppress(OSError):  # Upkeep may remove it under our hands.
                    size += os.lstat(Path(folder, name)).st_size
        return size

    def close(self) -> None:
        self._connection.close()

    async def _opened(self, layout: TableSchema) -> Table:
        with translate_errors(layout.name, self._place):
            table = Table(layout, await self._connection.open_table(layout.name), self._place)
            version = await table.version()
            if version > layout.version:
                raise MemoryUnavailable(
                    f"the memory in {self._place} was written by a newer Holdfast (version "
                    f"{version} of {layout.name}, this one knows {layout.version}); "
                    "install that one, or set memory.uri to another place"
                )
            await table.count()
            await table.probe()
        return table

    async def _is_newer(self, layout: TableSchema) -> bool:
        try:
            with translate_errors(layout.name, self._place):
                table = Table(layout, await self._connection.open_table(layout.name), self._place)
                return await table.version() > layout.version
        except MemoryUnavailable:
            return False

    async def _brought_up(self, layout: TableSchema, table: Table, *, writes: bool) -> Table:
        """The table with today's columns and indexes."""
        if await table.version() < layout.version and writes:
            if layout.derived:
                return await self.replace(layout)
            await table.migrate()
        if writes:
            await table.make_indexes()
        self._tables[layout.name] = table
        return table

    async def _made(self, layout: TableSchema) -> Table:
        with translate_errors(layout.name, self._place):
            made = await self._connection.create_table(layout.name, schema=arrow_schema(layout))
        table = Table(layout, made, self._place)
        await table.make_indexes()
        self._tables[layout.name] = table
        return table

    async def _put_aside(self, name: str) -> None:
        """A table that cannot be read goes out of the way; local ones are kept for a look."""
        self.problems.append(f"the table {name} could not be read; it was put aside and made anew")
        folder = Path(self._place) / f"{name}.lance"
        if "://" in self._place or not folder.is_dir():
            await self._drop(name)
            return
        aside = folder.with_name(f"{name}{PUT_ASIDE}")
        await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)
        try:
            folder.rename(aside)
        except OSError as error:
            raise MemoryUnavailable(
                f"{folder} is damaged and cannot be moved ({error.strerror}); delete it"
            ) from error

    async def _drop(self, name: str) -> None:
        with translate_errors(name, self._place):
            await self._connection.drop_table(name, ignore_missing=True)


class Table:
    """Rows by key. `commits` counts those since the last optimize."""

    def __init__(self, layout: TableSchema, table: Any, place: str) -> None:
        self.layout = layout
        self._place = place
        self.commits = 0
        self.failed_optimizes = 0
        self.indexed = False
        self._vector_rows = 0
        self._clean_at = float("inf")
        self._table = table
        self._schema: Any = None

    async def put(self, rows: Sequence[Row], *, scope: str | None = None) -> None:
        """Inserts or replaces by key, in one commit.

        With `scope`, a condition, what it meets and is not among `rows` goes.
        Raises MemoryUnavailable.
        """
        if not rows:
            if scope is not None:
                await self.delete(scope)
            return
        with translate_errors(self.layout.name, self._place):
            data = await self._arrow(rows)
            merge = self._table.merge_insert(self.layout.key)
            merge = merge.when_matched_update_all().when_not_matched_insert_all()
            if scope is not None:
                merge = merge.when_not_matched_by_source_delete(scope)
            await merge.execute(data)
        self.commits += 1

    async def add(self, rows: Sequence[Row]) -> None:
        """Appends rows whose keys are new. Raises MemoryUnavailable."""
        if rows:
            with translate_errors(self.layout.name, self._place):
                await self._table.add(await self._arrow(rows))
            self.commits += 1

    async def delete(self, where: str) -> int:
        """How many rows went. Raises MemoryUnavailable."""
        with translate_errors(self.layout.name, self._place):
            before = int(await self._table.count_rows(where))
            if before:
                await self._table.delete(where)
                self.commits += 1
        return before

    async def count(self, where: str | None = None) -> int:
        with translate_errors(self.layout.name, self._place):
            return int(await self._table.count_rows(where))

    async def rows(
        self, columns: Sequence[str], where: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """In no order. Raises MemoryUnavailable."""
        query = self._table.query().select(list(columns))
        if where is not None:
            query = query.where(where)
        return await self._fetched(query if limit is None else query.limit(limit))

    async def matching(
        self, text: str, columns: Sequence[str], where: str | None, limit: int
    ) -> list[Row]:
        """Full text search, best first; `text` is words alone. Raises MemoryUnavailable."""
        if not text.strip():
            return []
        query = self._table.query().nearest_to_text(text, columns="words")
        query = query.select([*columns, "_score"]).limit(limit)
        return await self._fetched(query if where is None else query.where(where))

    async def nearest(
        self, vector: Sequence[float], columns: Sequence[str], limit: int
    ) -> list[Row]:
        """By cosine, nearest first. Raises MemoryUnavailable."""
        query = self._table.query().nearest_to(list(vector)).distance_type("cosine")
        query = query.refine_factor(REFINE_FACTOR).select([*columns, "_distance"]).limit(limit)
        return await self._fetched(query)

    async def erase(self, keys: Collection[str]) -> None:
        """Removes rows for good: the table is written anew, and no file of before is left.

        Deleting would leave their bytes in files that hold enough other rows.
        Raises MemoryUnavailable, also when a file could not be removed.
        """
        before = await asyncio.to_thread(self._files)
        with translate_errors(self.layout.name, self._place):
            whole = await self._table.query().to_arrow()
            kept = await asyncio.to_thread(without, whole, self.layout.key, keys)
            await self._table.add(kept, mode="overwrite")
        self._vector_rows = 0
        await self.make_indexes(anew=True)
        await self.purge()
        if left := before & await asyncio.to_thread(self._files):
            raise PlaceUnavailable(
                f"{len(left)} files may still hold what is to be forgotten, such as "
                f"{min(left)[0]}; forget it again, or remove them by hand"
            )

    async def purge(self) -> None:
        """No old version is kept. Raises MemoryUnavailable."""
        await self.optimize(keep_seconds=0.001, unverified=True)  # LanceDB warns of zero.

    def _files(self) -> set[tuple[str, str]]:
        """All that are on disk for this table, with their stamps; none in an object store."""
        if "://" in self._place:
            return set()
        folder = Path(self._place, f"{self.layout.name}.lance")
        return {(str(path), stamp_of(path.stat())) for path in folder.rglob("*") if path.is_file()}

    async def optimize(
        self, *, keep_seconds: float = KEEP_SECONDS, unverified: bool = False
    ) -> None:
        """Joins small files, takes new rows into the indexes, drops old versions.

        After repeated failures the indexes are made anew. `unverified` also drops what a
        write that was cut short has left. Raises MemoryUnavailable.
        """
        try:
            with translate_errors(self.layout.name, self._place):
                if self.failed_optimizes >= 2:
                    await self.make_indexes(anew=True)
                await self._make_vector_index()
                await self._table.optimize(
                    cleanup_older_than=timedelta(seconds=keep_seconds),
                    delete_unverified=unverified,
                )
        except MemoryUnavailable:
            self.failed_optimizes += 1
            raise
        # Once more when what this made old may go.
        self._clean_at = time.monotonic() + keep_seconds if self.commits else float("inf")
        self.commits = 0
        self.failed_optimizes = 0

    def due(self, *, quiet: bool) -> bool:
        """Whether it is time to optimize."""
        if quiet and time.monotonic() >= self._clean_at:
            return True
        return self.commits >= (OPTIMIZE_COMMITS if quiet else OPTIMIZE_COMMITS_BUSY)

    @property
    def littered(self) -> bool:
        """Whether enough commits, or versions that are not needed any more, wait for upkeep."""
        return self.commits >= OPTIMIZE_COMMITS or self._clean_at < float("inf")

    async def version(self) -> int:
        with translate_errors(self.layout.name, self._place):
            schema: Any = await self._table.schema()
            metadata = schema.field(0).metadata or {}
            return int(metadata.get(VERSION_KEY, b"0"))

    async def probe(self) -> None:
        """Reads one row: a manifest can be there without its data. Raises MemoryUnavailable."""
        await self.rows([self.layout.key], limit=1)

    async def migrate(self) -> None:
        """Adds the columns that are missing, empty. Raises MemoryUnavailable."""
        with translate_errors(self.layout.name, self._place):
            schema: Any = await self._table.schema()
            missing = {
                name: EMPTY[kind]
                for name, kind in self.layout.columns.items()
                if name not in schema.names
            }
            if missing:
                await self._table.add_columns(missing)
            version = {VERSION_KEY.decode(): str(self.layout.version)}
            update = {"path": self.layout.key, "metadata": version}
            await self._table.update_field_metadata(update)

    async def make_indexes(self, *, anew: bool = False) -> None:
        """Those of the layout that are missing, or all."""
        from lancedb import index  # noqa: PLC0415 - heavy: loaded when memory is used

        kinds: Mapping[str, Any] = {
            "btree": index.BTree,
            "bitmap": index.Bitmap,
            "labels": index.LabelList,
        }
        with translate_errors(self.layout.name, self._place):
            there = {column for one in await self._table.list_indices() for column in one.columns}
            for column, kind in self.layout.indexes.items():
                if column not in there or anew:
                    # English stems and stop words over split identifiers found the most.
                    config: Any = index.FTS() if kind == "words" else kinds[kind]()
                    await self._table.create_index(column, config=config, replace=True)
        self.indexed = True

    async def _make_vector_index(self) -> None:
        """Anew when the table outgrew it: its partitions are as many as when it was made."""
        rows = await self._table.count_rows() if self.layout.dimension else 0
        if rows < max(VECTOR_INDEX_ROWS_MIN, REINDEX_GROWTH * self._vector_rows):
            return
        from lancedb.index import IvfRq  # noqa: PLC0415 - heavy: loaded when memory is used

        config = IvfRq(distance_type="cosine")
        await self._table.create_index("vector", config=config, replace=True)
        self._vector_rows = rows

    async def _fetched(self, query: Any) -> list[Row]:
        """A version may vanish under a reader; the newest one is there."""
        try:
            with translate_errors(self.layout.name, self._place):
                table = await query.to_arrow()
        except MemoryUnavailable:
            with translate_errors(self.layout.name, self._place):
                await self._table.checkout_latest()
                table = await query.to_arrow()
        few = table.num_rows <= ROWS_AT_ONCE
        rows: list[Row] = table.to_pylist() if few else await asyncio.to_thread(table.to_pylist)
        return rows

    async def _arrow(self, rows: Sequence[Row]) -> pa.Table:
        # The table's own: of vectors, the layout does not know the dimension.
        if self._schema is None:
            self._schema = await self._table.schema()
        return await asyncio.to_thread(to_arrow, rows, self._schema)


def sql_quoted(text: str) -> str:
    """A text as it stands in a condition."""
    return "'" + text.replace("'", "''") + "'"


def is_one_of(column: str, values: Sequence[str]) -> str:
    """The condition that a column has one of the values; of none, it never holds."""
    if not values:
        return "false"
    return f"{column} IN ({','.join(map(sql_quoted, values))})"
