"""This module makes system calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os
from functools import cache

PR_SET_NO_NEW_PRIVS = 38


def prctl(option: int, *arguments: int | ctypes.c_char_p) -> int:
    """Calls `prctl` for the calling thread. Raises OSError."""
    padded = (*arguments, *(0,) * (4 - len(arguments)))
    return checked(libc().prctl(option, *map(_as_argument, padded)))


def forbid_new_privileges() -> None:
    """Makes set-user-ID programs ordinary ones, for the calling thread and all that it starts.

    It cannot be undone. Landlock and seccomp ask for it. Raises OSError.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def syscall(number: int, *arguments: object) -> int:
    """Makes the system call with that number. Raises OSError."""
    return checked(libc().syscall(ctypes.c_long(number), *arguments))


def checked(result: int) -> int:
    """Returns the result of a call to the C library; raises OSError when it says failure."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


@cache
def libc() -> ctypes.CDLL:
    """Returns the C library, which keeps `errno` for each thread."""
    return ctypes.CDLL(None, use_errno=True)


def _as_argument(value: int | ctypes.c_char_p) -> ctypes.c_ulong | ctypes.c_char_p:
    # Python passes 32 bits otherwise, and the kernel looks at 64.
    return ctypes.c_ulong(value) if isinstance(value, int) else value
