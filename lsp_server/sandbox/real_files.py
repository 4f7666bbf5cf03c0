"""This module writes and removes files where others may put links in the place of folders meanwhile.

Each folder is entered from the one around it by its descriptor, so nothing is done where
a link leads. A folder of ours whose rights were taken away gets them back first.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lsp_server.system.open_folder import open_folder

PLACE = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
ROUNDS_MAX = 100_000
"""How deep a tree may be that is removed."""


def read_real(path: Path, bytes_max: int) -> bytes:
    """Returns the first bytes of a file at an absolute path. Raises OSError."""
    with open_folder(path.parent) as folder:
        descriptor = os.open(path.name, READ, dir_fd=folder)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        return file.read(bytes_max)


def write_real(path: Path, content: bytes, mode: int, root: Path) -> None:
    """Puts a file in the place of whatever is there. Raises OSError.

    Where something else stands in the place of a folder below `root`, a folder is made.
    """
    name = f".holdfast-{secrets.token_hex(8)}"
    with _folder_of(path, root, make=True) as folder:
        descriptor = os.open(name, MAKE, 0o600, dir_fd=folder)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
                file.write(content)
                os.fchmod(file.fileno(), mode)
            if _is_folder(path.name, folder):
                _remove(path.name, folder)
            os.rename(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
            raise


def write_real_link(path: Path, target: str, root: Path) -> None:
    """Puts a link in the place of whatever is there, as `write_real` does a file. Raises OSError."""
    with _folder_of(path, root, make=True) as folder:
        with suppress(FileNotFoundError):
            _remove(path.name, folder)
        os.symlink(target, path.name, dir_fd=folder)


def remove_real(path: Path, root: Path) -> None:
    """Removes a file, a link, or a folder with all in it, below `root`. Raises OSError."""
    with _folder_of(path, root) as folder:
        _remove(path.name, folder)


@contextmanager
def _folder_of(path: Path, root: Path, *, make: bool = False) -> Iterator[int]:
    with open_folder(root) as start:
        descriptor = os.open(".", PLACE, dir_fd=start)
    try:
        _permit(descriptor)
        for name in path.parent.relative_to(root).parts:
            entered = _enter(name, descriptor, make=make)
            os.close(descriptor)
            descriptor = entered
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(name: str, folder: int, *, make: bool = False) -> int:
    try:
        entered = os.open(name, PLACE, dir_fd=folder)
    except OSError:
        if not make:
            raise
        with suppress(FileNotFoundError):
            _remove(name, folder)
        os.mkdir(name, dir_fd=folder)
        entered = os.open(name, PLACE, dir_fd=folder)
    _permit(entered)
    return entered


def _permit(folder: int) -> None:
    """Lets us look into a folder of our own and change what is in it."""
    state = os.fstat(folder)
    if state.st_mode & stat.S_IRWXU != stat.S_IRWXU and state.st_uid == os.geteuid() != 0:
        with suppress(OSError):
            os.chmod(f"/proc/self/fd/{folder}", stat.S_IMODE(state.st_mode) | stat.S_IRWXU)  # noqa: PTH101


def _remove(name: str, folder: int) -> None:
    if not _is_folder(name, folder):
        os.unlink(name, dir_fd=folder)
        return
    inner = _enter(name, folder)
    try:
        _empty(inner)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)


def _empty(folder: int) -> None:
    """Removes all in a folder. What its folders have is moved up, so no path is ever too long."""
    for _ in range(ROUNDS_MAX):
        names = _names(folder)
        if not names:
            return
        for name in names:
            if _is_folder(name, folder):
                _move_up(name, folder)
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)


def _move_up(name: str, folder: int) -> None:
    inner = _enter(name, folder)
    try:
        for one in _names(inner):
            if _is_folder(one, inner):
                os.close(_enter(one, inner))  # One that may not be changed cannot be moved.
            os.rename(one, secrets.token_hex(16), src_dir_fd=inner, dst_dir_fd=folder)
    finally:
        os.close(inner)


def _names(folder: int) -> list[str]:
    descriptor = os.open(".", LIST, dir_fd=folder)
    try:
        return os.listdir(descriptor)  # noqa: PTH208 - a descriptor has no path
    finally:
        os.close(descriptor)


def _is_folder(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
