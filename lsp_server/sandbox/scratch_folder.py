"""This module makes temporary folders of ours, and removes those whose process was killed.

Each is locked by the process that made it. The kernel gives the lock back when that process
ends, however it does, so a folder that can be locked belongs to nobody any more.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsp_server.sandbox.real_files import LIST, remove_real

PREFIX = "holdfast-scratch-"
LASTING_TEMPORARY = Path("/var/tmp")  # noqa: S108 - each folder there is private and new
TRIES_MAX = 20
"""A folder may be taken for one that was left, between its making and its locking."""
LOOKED_AT_MAX = 100_000
REMOVAL_SECONDS_MAX = 10.0
"""After that the rest is left to the next start."""

_OPEN = LIST | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class ScratchFolder:
    """A `ScratchFolder` is a new folder that only its owner can open; `remove` it in the end."""

    path: Path
    _descriptor: int

    def remove(self) -> None:
        """Removes it with all in it, whatever modes a command left there. Blocking; raises nothing."""
        with suppress(OSError):
            remove_real(self.path, self.path.parent)
        os.close(self._descriptor)


def make_scratch_folder(parent: Path | None = None) -> ScratchFolder:
    """Makes a folder in `parent`, or where the system has temporary ones. Blocking; raises OSError."""
    for _ in range(TRIES_MAX):
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        with suppress(FileNotFoundError):
            descriptor = os.open(path, _OPEN)
            if _lock(descriptor) and _is_at(path, descriptor):
                return ScratchFolder(path, descriptor)
            os.close(descriptor)
    raise OSError("a temporary folder that was made does not stay there")


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """Gives a new folder and removes it in the end. Blocking; raises OSError.

    >>> with scratch_folder() as folder:
    ...     folder.is_dir()
    True
    >>> folder.exists()
    False
    """
    made = make_scratch_folder(parent)
    try:
        yield made.path
    finally:
        made.remove()


def remove_abandoned(parents: Iterable[Path] = ()) -> int:
    """Removes the folders in `parents` whose process is gone; returns how many. Blocking.

    The parents are the places where the system has temporary folders, if none are given.
    Those of other people, and those that are in use, stay. Raises nothing.
    """
    places = {place.resolve() for place in parents or (_temporary(), LASTING_TEMPORARY)}
    end = time.monotonic() + REMOVAL_SECONDS_MAX
    return sum(_remove(path) for place in places for path in _ours(place) if time.monotonic() < end)


def _temporary() -> Path:
    return Path(tempfile.gettempdir())


def _ours(parent: Path) -> list[Path]:
    with suppress(OSError), os.scandir(parent) as entries:
        looked_at = islice(entries, LOOKED_AT_MAX)
        return [parent / entry.name for entry in looked_at if entry.name.startswith(PREFIX)]
    return []


def _remove(path: Path) -> bool:
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_uid != os.geteuid() or not _lock(descriptor, or_none=False):
            return False
        remove_real(path, path.parent)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lock(descriptor: int, *, or_none: bool = True) -> bool:
    """Locks a folder unless another process has; `or_none` is said where no folder can be locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return or_none
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    return os.path.samestat(path.lstat(), os.fstat(descriptor))
