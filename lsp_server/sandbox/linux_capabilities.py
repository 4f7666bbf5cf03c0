"""This module takes the powers of root from a thread and all that it starts.

Root passes checks that bind everybody else: it reads the memory of any process,
loads modules, makes devices. Landlock bounds files and not those. An ordinary user
has nothing to lose here.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from lsp_server.sandbox.system_calls import checked, libc, prctl

PR_CAPBSET_DROP = 24
VERSION_3 = 0x20080522
DAC_OVERRIDE, FOWNER, FSETID, NET_BIND_SERVICE = 1, 3, 4, 10
KEPT = (DAC_OVERRIDE, FOWNER, FSETID, NET_BIND_SERVICE)
"""What root needs to work on a workspace of somebody else: rights to its files, and no others."""
KEPT_NAMES = ("CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_NET_BIND_SERVICE")
SYS_ADMIN = 21


class _Header(ctypes.Structure):
    _fields_: ClassVar = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Half(ctypes.Structure):
    _fields_: ClassVar = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def effective() -> int:
    """Returns the capabilities of the calling thread, as bits; 0 where nobody says."""
    with suppress(OSError, ValueError, IndexError):
        text = Path("/proc/thread-self/status").read_text("ascii", "replace")
        return int(text.partition("CapEff:")[2].split()[0], 16)
    return 0


def drop() -> None:
    """Drops all but `KEPT` from the calling thread for good. Raises OSError."""
    held = effective()
    if not held:
        return
    for capability in range(64):
        if capability not in KEPT:
            with suppress(OSError):  # Not one that this kernel knows, or nothing to drop it with.
                prctl(PR_CAPBSET_DROP, capability)
    kept = held & sum(1 << capability for capability in KEPT)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    header = _Header(VERSION_3, 0)
    halves = (_Half * 2)(_Half(low, low, 0), _Half(high, high, 0))
    checked(libc().capset(ctypes.byref(header), ctypes.byref(halves)))
