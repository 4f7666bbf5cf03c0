"""This module says what changed between a folder as it was and as it is. All of it blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from lsp_server.text.patch import EXECUTABLE, LINK, REGULAR, FileDifference, FileVersion

FILE_BYTES_MAX = 5_000_000
"""A larger file is left out: no solution of a task is one."""
LEFT_OUT = frozenset(
    {".git", ".hg", ".holdfast", "__pycache__", "node_modules", ".venv", ".pytest_cache"}
    | {".mypy_cache", ".ruff_cache", ".hypothesis", ".DS_Store"}
)
"""Names of what is made by programs, or is the person's, and no part of a solution."""


def read_tree(root: Path) -> dict[str, FileVersion]:
    """Returns all files and links below a folder that may be part of a solution, by path.

    No link is followed. What cannot be read is left out.
    """
    return dict(sorted(_files(root, root)))


def differences(
    before: Mapping[str, FileVersion], after: Mapping[str, FileVersion]
) -> list[FileDifference]:
    """Returns the files that differ, by path."""
    return [
        FileDifference(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _files(root: Path, folder: Path) -> Iterator[tuple[str, FileVersion]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name in LEFT_OUT or entry.name.endswith(".pyc"):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(root, path)
        elif version := _version(path):
            yield path.relative_to(root).as_posix(), version


def _version(path: Path) -> FileVersion | None:
    try:
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            return FileVersion(os.fsencode(path.readlink()), LINK)
        if not stat.S_ISREG(state.st_mode) or state.st_size > FILE_BYTES_MAX:
            return None
        mode = EXECUTABLE if state.st_mode & stat.S_IXUSR else REGULAR
        return FileVersion(path.read_bytes(), mode)
    except OSError:
        return None
