"""This module finds the Unix sockets of programs that listen on this machine.

A read-only mount does not keep a process from connecting to a socket, and whoever
listens there acts outside of the sandbox.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

TABLE = Path("/proc/net/unix")
_PATH_COLUMN = 7


def listening_sockets(table: Path = TABLE) -> tuple[Path, ...]:
    """Returns the paths of Unix sockets that some program has bound; none where nobody says."""
    try:
        lines = table.read_text("utf-8", "surrogateescape").splitlines()[1:]
    except OSError:
        return ()
    # A name that begins with @ has no file.
    rows = (line.split(maxsplit=_PATH_COLUMN) for line in lines)
    named = {row[_PATH_COLUMN] for row in rows if len(row) > _PATH_COLUMN}
    paths = (Path(name) for name in sorted(named) if name.startswith("/"))
    return tuple(path for path in paths if _is_socket(path))


def _is_socket(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return stat.S_ISSOCK(path.lstat().st_mode)
    return False
