"""How LanceDB is loaded, which takes a second or two, and connected to."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.allocation import share_pools
from lsp_server.memory.storage_errors import translate_errors
from lsp_server.system import startup

READ_INTERVAL_SECONDS = 1.0
"""How old the view of a process may be that does not write itself."""


async def connect(place: str, *, writes: bool) -> Any:
    """Who writes alone sees all there is; others look for new versions now and then."""
    lancedb = await asyncio.to_thread(_loaded)
    interval = None if writes else timedelta(seconds=READ_INTERVAL_SECONDS)
    with translate_errors("database", place):
        return await lancedb.connect_async(place, read_consistency_interval=interval)


def _loaded() -> Any:
    """Raises MemoryUnavailable."""
    first = "lancedb" not in sys.modules
    if first:
        startup.prepare_lancedb()
    try:
        try:
            lancedb = _imported()
        except ImportError:
            startup.bring_back_rest_client_of_lancedb()
            lancedb = _imported()
    except ImportError as error:
        raise MemoryUnavailable(
            f"LanceDB cannot be loaded here ({error}); reinstall holdfast or set memory.enabled "
            "to false"
        ) from error
    if first:
        share_pools()
        startup.freeze_garbage_collection()
    return lancedb


def _imported() -> Any:
    import lancedb  # noqa: PLC0415 - heavy: loaded when memory is used
    import lancedb.index  # noqa: PLC0415

    return lancedb
