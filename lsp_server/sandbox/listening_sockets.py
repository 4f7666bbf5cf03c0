"""This module finds the Unix sockets of programs that listen on this machine.

A read-only mount does not keep a process from connecting to a socket, and whoever
listens there acts outside of the sandbox.
"""

from __future__ import annotations

import stat
import time
from contextlib import suppress
from pathlib import Path

TABLE = Path("/proc/net/unix")
MIN_AGE_SECONDS = 2.0
_FLAGS_COLUMN, _TYPE_COLUMN, _PATH_COLUMN = 3, 4, 7
_LISTENS, _DATAGRAM = "00010000", "0002"


def listening_sockets(
    table: Path = TABLE, min_age_seconds: float = MIN_AGE_SECONDS
) -> tuple[Path, ...]:
    """Returns the paths of Unix sockets that take connections or messages; none where nobody says.

    Leaves out those younger than `min_age_seconds`: such come and go, and what is
    mounted on one that is gone fails.
    """
    try:
        lines = table.read_text("utf-8", "surrogateescape").splitlines()[1:]
    except OSError:
        return ()
    # A name that begins with @ has no file.
    rows = (line.split(maxsplit=_PATH_COLUMN) for line in lines)
    named = {row[_PATH_COLUMN] for row in rows if len(row) > _PATH_COLUMN and _is_open(row)}
    paths = (Path(name) for name in sorted(named) if name.startswith("/"))
    return tuple(path for path in paths if _is_socket(path, min_age_seconds))


def _is_open(row: list[str]) -> bool:
    return row[_FLAGS_COLUMN] == _LISTENS or row[_TYPE_COLUMN] == _DATAGRAM


def _is_socket(path: Path, min_age_seconds: float) -> bool:
    with suppress(OSError, ValueError):
        state = path.lstat()
        return stat.S_ISSOCK(state.st_mode) and time.time() - state.st_ctime >= min_age_seconds
    return False
