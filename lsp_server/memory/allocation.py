"""What is free goes back to the system.

Rows, indexes and their pieces come and go in bursts, on two dozen threads. The
C library would keep a pool for nearly every one of them, and Arrow one more: in
the end most of what a process holds for memory would be in use by nobody.
"""

from __future__ import annotations

import ctypes

POOLS_MAX = 4
"""Threads beyond it share them."""
LARGE_BYTES = 128 * 1024
"""A larger piece is a mapping of its own, and as much free space at a pool's end is given back."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""As glibc's malloc.h numbers them."""


def bound_pools() -> None:
    """Before the threads are there that would each ask for one; only glibc knows how."""
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_ARENA_MAX, POOLS_MAX)
        set_option(_TRIM_THRESHOLD, LARGE_BYTES)
        set_option(_MMAP_THRESHOLD, LARGE_BYTES)


def share_pools() -> None:
    """Arrow keeps none of its own any more. Loads pyarrow."""
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    pa.set_memory_pool(pa.system_memory_pool())
