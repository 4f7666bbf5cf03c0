"""This module loads LanceDB, which takes a second or two, and connects to a database."""

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
from lsp_server.memory.storage_place import StoragePlace

READ_INTERVAL_SECONDS = 1.0
"""A process that does not write looks for newer versions this often."""
REST_CLIENT = "lance_namespace_urllib3_client"
"""LanceDB needs a few types of this package; its `__init__` loads a client for servers that
nobody uses here, and takes longer than all the rest."""


async def connect(place: StoragePlace, *, writes: bool) -> Any:
    """LanceDB's asynchronous connection to a database, which is made when it is missing.

    With `writes` the process sees only its own versions, which is faster: no other
    process may write then. Raises MemoryUnavailable.
    """
    lancedb = await asyncio.to_thread(_load_lancedb)
    interval = None if writes else timedelta(seconds=READ_INTERVAL_SECONDS)
    with translate_errors("database", place):
        return await lancedb.connect_async(place.uri, read_consistency_interval=interval)


def _load_lancedb() -> Any:
    is_first = "lancedb" not in sys.modules
    if is_first:
        _prepare_process()
    try:
        lancedb = _import_lancedb()
    except ImportError as error:
        raise MemoryUnavailable(
            f"LanceDB cannot be loaded here ({error}); reinstall holdfast or set memory.enabled "
            "to false"
        ) from error
    if is_first:
        _settle_process()
    return lancedb


def _import_lancedb() -> Any:
    try:
        return _import_modules()
    except ImportError:
        _forget_package(REST_CLIENT)  # Another release of LanceDB may need it whole.
        return _import_modules()


def _import_modules() -> Any:
    import lancedb  # noqa: PLC0415 - heavy: loaded when memory is used
    import lancedb.index  # noqa: PLC0415

    return lancedb


def _prepare_process() -> None:
    """Changes the process before LanceDB is imported."""
    # Its Rust half writes warnings to standard error, which an editor may show.
    os.environ.setdefault("LANCEDB_LOG", "error")
    bound_pools()
    _skip_init(REST_CLIENT)


def _settle_process() -> None:
    """Changes the process after LanceDB was imported."""
    share_pools()
    # What was loaded stays for good. Looking through it would stop the whole process for a
    # quarter of a second at each full collection.
    gc.freeze()


def _skip_init(package: str) -> None:
    """Lets modules of a package be imported without running its `__init__`."""
    if package not in sys.modules and (spec := importlib.util.find_spec(package)):
        sys.modules[package] = importlib.util.module_from_spec(spec)


def _forget_package(package: str) -> None:
    """Lets the next import load a package as usual."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
