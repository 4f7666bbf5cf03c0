"""This module opens folders without following links, so that nobody can lead a write elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FLAGS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


@contextmanager
def open_folder(path: Path, *, make: bool = False) -> Iterator[int]:
    """Opens the folder at an absolute path and gives its descriptor, for calls with `dir_fd`.

    It stays that folder, whatever is put in its place meanwhile. With `make` what is
    missing is made. Raises OSError, also where any part of the path is a link.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()).resolve()
    >>> with open_folder(folder / "a" / "b", make=True) as descriptor:
    ...     os.mkdir("c", dir_fd=descriptor)
    >>> (folder / "a" / "b" / "c").is_dir()
    True
    """
    descriptor = os.open(path.anchor, _FLAGS)
    try:
        for name in path.parts[1:]:
            entered = _enter(descriptor, name, make=make)
            os.close(descriptor)
            descriptor = entered
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(descriptor: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _FLAGS, dir_fd=descriptor)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # Somebody else made it meanwhile.
        os.mkdir(name, dir_fd=descriptor)
    return os.open(name, _FLAGS, dir_fd=descriptor)
