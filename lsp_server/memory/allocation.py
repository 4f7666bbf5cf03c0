"""This module bounds how much freed memory the allocators of this process keep.

Rows and indexes come and go in bursts, on two dozen threads. The C library
would keep a pool for nearly every thread, and Arrow one more, until most of what
the process holds is used by nobody.
"""

from __future__ import annotations

import ctypes

POOLS_MAX = 4
"""More threads than this share pools."""
LARGE_BYTES = 128 * 1024
"""A larger block is a mapping of its own, and as much free space at a pool's end is given back."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""The numbers of the options in glibc's malloc.h."""


def bound_pools() -> None:
    """Bounds the pools of the C library; call it before the threads start.

    Only glibc has these options; elsewhere nothing changes.
    """
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_ARENA_MAX, POOLS_MAX)
        set_option(_TRIM_THRESHOLD, LARGE_BYTES)
        set_option(_MMAP_THRESHOLD, LARGE_BYTES)


def share_pools() -> None:
    """Makes Arrow use the C library's pools instead of its own. Imports pyarrow."""
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    pa.set_memory_pool(pa.system_memory_pool())
