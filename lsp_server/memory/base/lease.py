"""A `Lease` lets one builder at a time write a base, wherever it runs.

It is a row of a table in the store. It is taken by changing the row on the condition that it
is as it was seen, so that of two who try one wins. A builder that died holds it no longer
than LEASE_SECONDS; clocks of machines may differ by less than that.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.base.base_schema import LEASES, LeaseRow
from lsp_server.memory.database import Database
from lsp_server.memory.sql import equals
from lsp_server.memory.table import Table
from lsp_server.memory.table_schema import Row
from lsp_server.system.process_watch import process_is_alive
from lsp_server.text.count import count_of

LEASE_SECONDS = 120.0
EXTEND_SECONDS = 30.0
KEY = "builder"


class Lease:
    """A `Lease` is held by this process until it is lost; `check` tells."""

    def __init__(self, table: Table, token: str) -> None:
        self._table = table
        self._token = token

    async def check(self) -> None:
        """Holds it for longer. Raises MemoryUnavailable when another builder took it."""
        if not await self._table.change(_taken(self._token), where=equals("token", self._token)):
            raise MemoryUnavailable(
                "another builder took the base over, as this one was silent for too long; "
                "build again once it is done"
            )

    async def give_back(self) -> None:
        """Lets the next builder begin at once."""
        free = LEASES.row(LeaseRow(KEY, "", 0, "", 0.0))
        await self._table.change(free, where=equals("token", self._token))


@asynccontextmanager
async def hold_lease(database: Database) -> AsyncIterator[Lease]:
    """Holds the lease of a base in the block. Raises MemoryUnavailable when it is held."""
    table = await _lease_table(database)
    rows, token = await _rows(table), secrets.token_hex(8)
    await _refuse_if_held(rows)
    lease = Lease(table, token)
    if not await table.change(_taken(token), where=equals("token", rows[0].token)):
        raise MemoryUnavailable("another builder began in this moment; wait for it")
    try:
        # Two that made the table in one moment have a row each: whoever sees the other one yields.
        await _refuse_if_held(row for row in await _rows(table) if row.token != token)
    except MemoryUnavailable:
        await lease.give_back()
        raise
    extending = asyncio.create_task(_extend(lease))
    try:
        yield lease
    finally:
        extending.cancel()
        await asyncio.gather(extending, return_exceptions=True)
        with suppress(MemoryUnavailable):  # It ends by itself.
            await lease.give_back()


async def _extend(lease: Lease) -> None:
    while True:
        await asyncio.sleep(EXTEND_SECONDS)
        # A store that does not answer now may do so the next time; losing it shows at `check`.
        with suppress(MemoryUnavailable):
            await lease.check()


async def _lease_table(database: Database) -> Table:
    table = await database.table(LEASES.table, writes=True)
    if not await table.count():
        await table.add([LEASES.row(LeaseRow(KEY, "", 0, "", 0.0))])
    return table


async def _rows(table: Table) -> list[LeaseRow]:
    return [LEASES.record(row) for row in await table.rows(LEASES.columns)]


async def _refuse_if_held(rows: Iterable[LeaseRow]) -> None:
    for held in rows:
        rest = held.until - time.time()
        if rest > 0 and not _has_died(held):
            raise MemoryUnavailable(
                f"process {held.pid} on {held.host} builds this base; wait for it, or if it "
                f"died, for {count_of(round(rest), 'second')}"
            )


def _taken(token: str) -> Row:
    until = time.time() + LEASE_SECONDS
    return LEASES.row(LeaseRow(KEY, socket.gethostname(), os.getpid(), token, until))


def _has_died(held: LeaseRow) -> bool:
    """Says whether the builder was a process of this machine that is gone."""
    return held.host == socket.gethostname() and not process_is_alive(held.pid)
