"""This module goes through all folders below one, however deep they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def walk_folders(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yields each folder with the names of the folders and of the files in it, the outer ones first.

    As with `os.walk`, links are not followed, what cannot be read is passed over, and
    what is left in the list of folders is gone through. That function needs a call for
    each level in older versions of Python, which a checkout of a thousand ends.

    >>> import tempfile
    >>> top = Path(tempfile.mkdtemp())
    >>> (top / "a" / "b").mkdir(parents=True)
    >>> [(folders, files) for _, folders, files in walk_folders(top)]
    [(['a'], []), (['b'], []), ([], [])]
    """
    waiting = [str(top)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError:
            continue
        folders = [entry.name for entry in found if _leads_to_folder(entry)]
        links = {entry.name for entry in found if entry.is_symlink()}
        inner = set(folders)
        yield folder, folders, [entry.name for entry in found if entry.name not in inner]
        waiting += [f"{folder}{os.sep}{name}" for name in reversed(folders) if name not in links]


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
