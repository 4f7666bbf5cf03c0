"""A `Database` opens, makes, replaces and drops the tables at one place.

A table of a lower version is made again if its rows come from files, and otherwise
gets the new columns. A table that cannot be read is set aside and made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.connection import connect
from lsp_server.memory.storage_errors import PlaceUnavailable, translate_errors
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table import PinnedTable, Table
from lsp_server.memory.table_schema import TableSchema, arrow_schema


class Database:
    """A `Database` opens the tables at `place`; each method that waits raises MemoryUnavailable.

    `problems` says which tables had to be set aside.
    """

    def __init__(self, place: StoragePlace, connection: Any) -> None:
        self.place = place
        self.problems: list[str] = []
        self._connection = connection
        self._tables: dict[str, Table] = {}

    @classmethod
    async def open(cls, place: StoragePlace, *, writes: bool) -> Database:
        """Connects; only one process at a time may do so with `writes`."""
        return cls(place, await connect(place, writes=writes))

    async def become_writer(self) -> None:
        """Connects again in order to write; all tables have to be opened again."""
        self._connection.close()
        self._connection = await connect(self.place, writes=True)
        # The handles of the old connection stay at the versions that it saw.
        self._tables.clear()

    async def table(self, schema: TableSchema, *, writes: bool) -> Table:
        """Opens the table; with `writes` also makes, migrates or replaces it as needed.

        Raises MemoryUnavailable when a newer version wrote it, and without `writes`
        when it is not there yet.
        """
        opened = self._tables.get(schema.name)
        # A table that was opened for reading may lack indexes.
        if opened is not None and (opened.upkeep.indexed or not writes):
            return opened
        if schema.name in await self.names():
            try:
                table = await self._open_table(schema)
            except PlaceUnavailable:
                raise  # The table may be whole: the disk is full, or the store does not answer.
            except MemoryUnavailable:
                if not writes or await self._is_newer(schema):
                    raise
                await self._set_aside(schema.name)
            else:
                return await self._migrate(schema, table, writes=writes)
        if not writes:
            raise MemoryUnavailable(f"{schema.name} is not there yet; another process makes it")
        return await self._make(schema)

    async def pinned(self, schema: TableSchema, version: int) -> PinnedTable:
        """Opens a table at one of its versions. Raises MemoryUnavailable."""
        with translate_errors(schema.name, self.place):
            table = await self._connection.open_table(schema.name)
        return await PinnedTable.pin(schema, table, self.place, version)

    async def replace(self, schema: TableSchema) -> Table:
        """Makes an empty table in the place of this one; rows that no file has are set aside."""
        self._tables.pop(schema.name, None)
        if schema.name in await self.names():
            if schema.derived:
                await self.drop(schema.name)
            else:
                await self._set_aside(schema.name)
        return await self._make(schema)

    async def names(self) -> set[str]:
        """Returns the names of all tables that are there."""
        with translate_errors("list of tables", self.place):
            return set((await self._connection.list_tables()).tables)

    async def drop(self, name: str) -> None:
        """Deletes a table; does nothing when it is not there."""
        self._tables.pop(name, None)
        with translate_errors(name, self.place):
            await self._connection.drop_table(name, ignore_missing=True)

    def tables(self) -> Sequence[Table]:
        """Returns the tables that are open."""
        return tuple(self._tables.values())

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    async def _open_table(self, schema: TableSchema) -> Table:
        with translate_errors(schema.name, self.place):
            table = Table(schema, await self._connection.open_table(schema.name), self.place)
            version = await table.upkeep.version()
            if version > schema.version:
                raise MemoryUnavailable(
                    f"the memory in {self.place.uri} was written by a newer Holdfast (version "
                    f"{version} of {schema.name}, this one knows {schema.version}); "
                    "install that one, or set memory.uri to another place"
                )
            # A manifest can be there without its data.
            await table.count()
            await table.rows([schema.key], limit=1)
        return table

    async def _is_newer(self, schema: TableSchema) -> bool:
        # It may be damaged and newer at once; then it is left to the newer version.
        try:
            with translate_errors(schema.name, self.place):
                table = Table(schema, await self._connection.open_table(schema.name), self.place)
                return await table.upkeep.version() > schema.version
        except MemoryUnavailable:
            return False

    async def _migrate(self, schema: TableSchema, table: Table, *, writes: bool) -> Table:
        if await table.upkeep.version() < schema.version and writes:
            if schema.derived:
                return await self.replace(schema)
            await table.upkeep.migrate()
        if writes:
            await table.upkeep.make_indexes()
        self._tables[schema.name] = table
        return table

    async def _make(self, schema: TableSchema) -> Table:
        with translate_errors(schema.name, self.place):
            made = await self._connection.create_table(schema.name, schema=arrow_schema(schema))
        table = Table(schema, made, self.place)
        await table.upkeep.make_indexes()
        self._tables[schema.name] = table
        return table

    async def _set_aside(self, name: str) -> None:
        self.problems.append(f"the table {name} could not be read; it was put aside and made anew")
        if not await asyncio.to_thread(self.place.set_aside, name):
            await self.drop(name)
