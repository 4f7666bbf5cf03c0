"""This module opens regular files without trust: a checkout may hold a pipe or a device."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Opens a file to be read as far as the caller wants, and never waits for anything.

    Raises OSError, also for what is no regular file, links followed.
    """
    _check(path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor))  # It may have been exchanged since.
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read_whole(path: Path, bytes_max: int) -> bytes:
    """Returns all of a file. Raises OSError, also for one that is larger than `bytes_max`."""
    with open_regular(path) as file:
        data = file.read(bytes_max + 1)
    if len(data) > bytes_max:
        raise OSError(errno.EFBIG, f"it is larger than {bytes_max:,} bytes")
    return data


def read_seen(path: str, bytes_max: int) -> bytes:
    """Returns all of a file that was just seen to be a regular one, with as few calls as can be.

    Raises OSError, also when it is something else by now, a link included, or is larger
    than `bytes_max`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        state = os.fstat(descriptor)
        _check(state)
        if state.st_size > bytes_max:
            raise OSError(errno.EFBIG, f"it is larger than {bytes_max:,} bytes")
        pieces = [os.read(descriptor, state.st_size + 1)]
        while pieces[-1] and sum(map(len, pieces)) < state.st_size:
            pieces.append(os.read(descriptor, state.st_size))
    finally:
        os.close(descriptor)
    return b"".join(pieces)


def _check(state: os.stat_result) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "it is a device, a pipe or a socket, not a file")
