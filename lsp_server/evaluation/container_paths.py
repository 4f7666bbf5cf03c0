"""This module puts folders of this machine in the place of those that a container would have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

TESTS, SOLUTION, LOGS = "/tests", "/solution", "/logs/verifier"
"""Where Harbor has the tests, the solution, and what the tests write their reward into."""
WORKDIR = "/app"
"""Where tasks work that name no other folder."""
TEXT_BYTES_MAX = 1_000_000

_UNSAFE = re.compile(r"[^\w./+@%=:,-]")


def with_local_paths(text: str, places: Mapping[str, Path]) -> str:
    """Returns a text with the folders of a container replaced, wherever they begin a path.

    >>> with_local_paths("cat /app/a.py src/app/b ${X}/app /apple", {"/app": Path("/w")})
    'cat /w/a.py src/app/b ${X}/app /apple'
    """
    names = "|".join(re.escape(name) for name in sorted(places, key=len, reverse=True))
    pattern = rf"(?<![\w./~*}})-])({names})(?=/|[^\w.-]|\.(?!\w)|$)"
    return re.sub(pattern, lambda found: str(places[found[1]]), text)


def put_local_paths(folder: Path, places: Mapping[str, Path]) -> None:
    """Replaces the folders of a container in every text below a folder. Blocking; raises OSError."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > TEXT_BYTES_MAX:
            continue
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        if (local := with_local_paths(text, places)) != text:
            path.write_bytes(local.encode())


def is_plain(path: Path) -> bool:
    """Says whether a path can stand in any script as it is, without quotes.

    >>> is_plain(Path("/tmp/out-1")), is_plain(Path("/tmp/my out"))
    (True, False)
    """
    return _UNSAFE.search(str(path)) is None
