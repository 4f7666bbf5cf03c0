"""This module optimizes tables when it is time, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.health import Health
from lsp_server.memory.table import Table

OPTIMIZE_FAILURES_MAX = 3
"""After so many in a row the table counts as damaged."""


async def optimize_next(
    tables: Iterable[Table],
    health: Health,
    *,
    quiet: bool,
    clean: Callable[[Table], Awaitable[None]],
) -> None:
    """Optimizes the first table that is due, so that other work waits for one at most.

    `clean` may delete rows of the table before. A failure is a problem of `health`;
    after OPTIMIZE_FAILURES_MAX of them raises MemoryUnavailable.
    """
    due = next((table for table in tables if table.upkeep.is_due(quiet=quiet)), None)
    if due is None:
        return
    await clean(due)
    try:
        await due.upkeep.optimize()
        health.upkeep_problem = None
    except MemoryUnavailable as error:
        if due.upkeep.failed_optimizes >= OPTIMIZE_FAILURES_MAX:
            raise
        health.upkeep_problem = str(error)
