"""How LanceDB is loaded, which takes a second or two, and connected to."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import os
import sys
from datetime import timedelta
from typing import Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.allocation import bound_pools, share_pools
from lsp_server.memory.storage_errors import translate_errors

READ_INTERVAL_SECONDS = 1.0
"""How old the view of a process may be that does not write itself."""
REST_CLIENT = "lance_namespace_urllib3_client"
"""LanceDB wants a few of its types; what it begins with talks to servers that nobody asked for,
and takes longer to load than all the rest."""


async def connect(place: str, *, writes: bool) -> Any:
    """Who writes alone sees all there is; others look for new versions now and then."""
    lancedb = await asyncio.to_thread(_loaded)
    interval = None if writes else timedelta(seconds=READ_INTERVAL_SECONDS)
    with translate_errors("database", place):
        return await lancedb.connect_async(place, read_consistency_interval=interval)


def _loaded() -> Any:
    """Raises MemoryUnavailable."""
    # Its Rust half writes warnings to standard error, which an editor may show.
    os.environ.setdefault("LANCEDB_LOG", "error")
    first = "lancedb" not in sys.modules
    if first:
        bound_pools()
        _open_without_its_beginning(REST_CLIENT)
    try:
        try:
            lancedb = _imported()
        except ImportError:
            _open_with_its_beginning(REST_CLIENT)  # Another release of it may be needed whole.
            lancedb = _imported()
    except ImportError as error:
        raise MemoryUnavailable(
            f"LanceDB cannot be loaded here ({error}); reinstall holdfast or set memory.enabled "
            "to false"
        ) from error
    if first:
        share_pools()
        # Nobody will collect what was loaded: to look through it would stop everything, time and
        # again, for a quarter of a second.
        gc.freeze()
    return lancedb


def _imported() -> Any:
    import lancedb  # noqa: PLC0415 - heavy: loaded when memory is used
    import lancedb.index  # noqa: PLC0415

    return lancedb


def _open_without_its_beginning(package: str) -> None:
    """Modules of the package can be imported; its own `__init__` is left out."""
    if package not in sys.modules and (spec := importlib.util.find_spec(package)):
        sys.modules[package] = importlib.util.module_from_spec(spec)


def _open_with_its_beginning(package: str) -> None:
    """As anybody else imports it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
