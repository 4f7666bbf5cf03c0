"""This module gives memory back to the system that a process holds and does not use while it idles."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MAPS = Path("/proc/self/smaps")
_MAPPING = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) (r-[x-]p) \S+ \S+ [1-9]\d*\s+/")
"""A part of a file that nobody can write to."""
_COPIED = b"Anonymous:"
_DONT_NEED = 4
"""As Linux's mman.h numbers it."""


def give_back_memory() -> None:
    """Returns free pieces of the C library's pools, and the pages of libraries, to the system.

    The system reads a library's pages again from its cache when they are used, in microseconds
    each. Does nothing where there is no glibc, or no Linux. Blocking, some milliseconds.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if trim := getattr(library, "malloc_trim", None):
        trim(0)
    if not (advise := getattr(library, "madvise", None)):
        return
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with suppress(OSError):
        for start, end in _unchanged_parts_of_files():
            advise(start, end - start, _DONT_NEED)


def _unchanged_parts_of_files() -> Iterator[tuple[int, int]]:
    """Yields where files are mapped of which no page was copied; a copied one would be lost."""
    place: tuple[int, int] | None = None
    for line in _MAPS.read_bytes().splitlines():
        if line.startswith(_COPIED):
            if place is not None and int(line.split()[1]) == 0:
                yield place
            place = None
        elif found := _MAPPING.match(line):
            place = int(found[1], 16), int(found[2], 16)
        elif b"-" in line.split(b" ", 1)[0]:
            place = None
