"""This module loads LanceDB, which takes a second or two, and connects to a database."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from typing import Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.allocation import share_pools
from lsp_server.memory.storage_errors import translate_errors
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.system import startup
from lsp_server.system.unjoined_call import call_unjoined

READ_INTERVAL_SECONDS = 1.0
"""A process that does not write looks for newer versions this often."""

_LOADING = threading.Lock()


async def connect(place: StoragePlace, *, writes: bool) -> Any:
    """LanceDB's asynchronous connection to a database, which is made when it is missing.

    With `writes` the process sees only its own versions, which is faster: no other
    process may write then. Raises MemoryUnavailable.
    """
    lancedb = await call_unjoined(_load_alone, "loading LanceDB")
    interval = None if writes else timedelta(seconds=READ_INTERVAL_SECONDS)
    with translate_errors("database", place):
        return await lancedb.connect_async(place.uri, read_consistency_interval=interval)


def _load_alone() -> Any:
    # What is done to the table of modules for it, two threads must not do at once.
    with _LOADING:
        return _load_lancedb()


def _load_lancedb() -> Any:
    is_first = "lancedb" not in sys.modules
    if is_first:
        startup.prepare_lancedb()
    try:
        lancedb = _import_lancedb()
    except ImportError as error:
        raise MemoryUnavailable(
            f"LanceDB cannot be loaded here ({error}); reinstall holdfast or set memory.enabled "
            "to false"
        ) from error
    if is_first:
        share_pools()
        startup.freeze_garbage_collection()
    return lancedb


def _import_lancedb() -> Any:
    try:
        with startup.leave_out_checks_of_overrides():
            return _import_modules()
    except ImportError:
        # Another release of LanceDB may need the package whole.
        startup.bring_back_rest_client_of_lancedb()
        return _import_modules()


def _import_modules() -> Any:
    import lancedb  # noqa: PLC0415 - heavy: loaded when memory is used
    import lancedb.index  # noqa: PLC0415

    return lancedb
