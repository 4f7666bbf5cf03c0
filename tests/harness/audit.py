"""What this process does to the machine, as the interpreter itself tells it: no blind spot between looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

STARTS = frozenset(
    {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system"}
)
CHANGES = frozenset(
    {
        *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link"),
        *("os.truncate", "os.chmod", "os.chown", "os.utime", "shutil.move", "shutil.rmtree"),
    }
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@contextmanager
def audited(folder: Path) -> Iterator[list[str]]:
    """Every program that is started, and everything that is written below `folder`."""
    acts: list[str] = []

    def see(event: str, values: tuple[Any, ...]) -> None:
        if event in STARTS:
            acts.append(f"{event} {values[:2]}")
        is_write = event == "open" and isinstance(values[2], int) and values[2] & WRITES
        if is_write or event in CHANGES:
            acts.extend(f"{event} {path}" for path in _paths(values) if path.is_relative_to(folder))

    watching = _watching()
    watching.append(see)
    try:
        yield acts
    finally:
        watching.remove(see)


@cache
def _watching() -> list[Any]:
    """Whoever listens now; a hook of the interpreter stays for good, so there is one."""
    listeners: list[Any] = []

    def tell(event: str, values: tuple[Any, ...]) -> None:
        for listener in tuple(listeners):
            listener(event, values)

    sys.addaudithook(tell)
    return listeners


def _paths(values: tuple[Any, ...]) -> Iterator[Path]:
    """The paths of an act; those that are relative to an open folder, whichever of them it is."""
    names = [Path(os.fsdecode(one)) for one in values if isinstance(one, str | bytes | os.PathLike)]
    opened = [Path(f"/proc/self/fd/{one}") for one in values if isinstance(one, int)]
    folders = [each.readlink() for each in opened if each.is_dir()]
    for name in names:
        yield name
        if not name.is_absolute():
            yield from (folder / name for folder in folders)
