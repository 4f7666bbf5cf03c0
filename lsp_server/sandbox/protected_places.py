"""This module says whether a path is a place that commands in a sandbox may not change.

A sandbox holds what is there, three folders deep; a path that is still to be written is
judged by its names alone, at any depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lsp_server.sandbox.places import (
    HIDDEN_IN_HOME,
    HOME_STARTUP_FILES,
    OWN_NAMES,
    PROTECTED_NAMES,
)

_PROTECTED = frozenset(name.lower() for name in PROTECTED_NAMES)


@dataclass(frozen=True, slots=True)
class ProtectedPlace:
    """A `ProtectedPlace` is what runs code or decides on the person's side, or opens doors to it.

    `name` is the part of the path that makes it one. With `is_ours` it keeps history,
    goals or settings, which no rule frees.
    """

    name: str
    is_ours: bool


def protected_place(
    path: Path, root: Path, own_folders: Iterable[Path] = (), home: Path | None = None
) -> ProtectedPlace | None:
    """Returns the place that a path in the workspace at `root` belongs to, None for an ordinary file.

    `path` is absolute. `own_folders` are those of Holdfast's data and
    settings; a workspace inside of one is not protected as a whole.

    >>> protected_place(Path("/w/sub/.vscode/tasks.json"), Path("/w"))
    ProtectedPlace(name='.vscode', is_ours=False)
    >>> protected_place(Path("/w/.git/config"), Path("/w")).is_ours
    True
    >>> protected_place(Path("/w/src/a.py"), Path("/w"))
    """
    for folder in own_folders:
        if path.is_relative_to(folder) and not root.is_relative_to(folder):
            return ProtectedPlace(folder.name, is_ours=True)
    # Where the file system ignores case, `.GIT` is the same folder.
    names = path.relative_to(root).parts if path.is_relative_to(root) else ()
    parts = [part for part in names if part.lower() in _PROTECTED]
    if parts:
        # A repository inside of another place is a repository all the same.
        part = min(parts, key=lambda part: part.lower() not in OWN_NAMES)
        return ProtectedPlace(part, part.lower() in OWN_NAMES)
    home = (home or Path.home()).resolve()
    for name in HOME_STARTUP_FILES:
        if path.is_relative_to(home / name):
            return ProtectedPlace(name, is_ours=False)
    name = secret_place(path, root, home)
    return ProtectedPlace(name, is_ours=False) if name else None


def secret_place(path: Path, root: Path, home: Path | None = None) -> str:
    """Returns the place in the home folder that keeps keys and credentials, "" for any other path.

    It matters where the home is the workspace; one within such a place is open as a whole.

    >>> secret_place(Path("/h/.ssh/config"), Path("/h"), Path("/h"))
    '.ssh'
    >>> secret_place(Path("/h/snap/x/a.py"), Path("/h/snap/x"), Path("/h"))
    ''
    """
    home = (home or Path.home()).resolve()
    # As texts: each command and each read asks for its paths, and there are a hundred places.
    at, root_at = _below(path, home), _below(root, home)
    places = (name for name in HIDDEN_IN_HOME if at.startswith(f"{name}/"))
    return next((name for name in places if not root_at.startswith(f"{name}/")), "")


def _below(path: Path, folder: Path) -> str:
    """Returns the path from a folder with a slash behind it; empty for one that is elsewhere."""
    return f"{path.relative_to(folder).as_posix()}/" if path.is_relative_to(folder) else ""


def private_places(
    root: Path, own_folders: Iterable[Path] = (), home: Path | None = None
) -> tuple[Path, ...]:
    """Returns the places below `root` that keep a person's keys, or data and settings of ours.

    They are there only where the workspace is the home folder or one around it.

    >>> private_places(Path("/h/project"), (Path("/h/.local/share/holdfast"),), Path("/h"))
    ()
    >>> Path("/h/.ssh") in private_places(Path("/h"), (), Path("/h"))
    True
    """
    home = (home or Path.home()).resolve()
    places = (*(home / name for name in HIDDEN_IN_HOME), *own_folders)
    return tuple(place for place in places if place != root and place.is_relative_to(root))
