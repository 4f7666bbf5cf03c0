"""This module finds the files of protected places; of version control only what runs code."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

WORKTREES = "worktrees"
FOLDERS_OF_INNER_GIT = ("modules", WORKTREES)
"""Where a repository keeps those of its submodules and other worktrees."""
CODE_OF_GIT = ("config", "config.worktree", "hooks", "info/attributes", "commondir", "gitdir")
CODE_OF_REPOSITORIES = {
    ".git": CODE_OF_GIT,
    ".hg": ("hgrc", "hgrc-not-shared", "sharedpath"),
    ".jj": ("repo/config.toml", "repo/store/type"),
    ".svn": (),
}
"""In the folders of version control, what makes their programs run others."""


def protected_files(places: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Yields the files and links of places, each behind its place; what is near the top first.

    A folder that cannot be looked into is one of them. A place below a link is left out.
    """
    places = tuple(places)
    real = {folder for folder in {place.parent for place in places} if is_real(folder)}
    roots = ((place, path) for place in places if place.parent in real for path in _roots(place))
    folders: deque[tuple[Path, Path]] = deque()
    for place, path in roots:
        if is_folder(path):
            folders.append((place, path))
        elif os.path.lexists(path):
            yield place, path
    while folders:
        place, folder = folders.popleft()
        entries = _entries(folder)
        if entries is None:
            yield place, folder
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append((place, Path(entry.path)))
            else:
                yield place, Path(entry.path)


def is_repository(place: Path) -> bool:
    """Says whether the place is a folder of version control."""
    return place.name in CODE_OF_REPOSITORIES and is_folder(place)


def is_of_gone_worktree(path: Path, place: Path) -> bool:
    """Says whether the path was of a worktree that the repository at `place` has no more.

    Without its index and commit nobody can use it, and its settings alone would be a stump.
    """
    parts = path.relative_to(place).parts
    if place.name != ".git" or len(parts) < 2 or parts[0] != WORKTREES:
        return False
    return not os.path.lexists(place / WORKTREES / parts[1])


def is_folder(path: Path) -> bool:
    """Says whether it is a folder and no link to one. Never raises."""
    return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114


def is_real(folder: Path) -> bool:
    """Says whether the folder is there and no link is on the way to it."""
    return is_folder(folder) and os.path.realpath(folder) == str(folder)


def _roots(place: Path) -> Iterator[Path]:
    if not is_repository(place):
        yield place
        return
    yield from (_reached(place, name) for name in CODE_OF_REPOSITORIES[place.name])
    if place.name == ".git":
        yield from _roots_of_inner(place / name for name in FOLDERS_OF_INNER_GIT)


def _roots_of_inner(folders: Iterable[Path]) -> Iterator[Path]:
    """Those of submodules, whose names may have slashes, and of theirs; links among them."""
    waiting = deque(folders)
    while waiting:
        folder = waiting.popleft()
        if os.path.islink(folder):  # noqa: PTH114 - never raises
            yield folder
            continue
        for entry in _entries(folder) or ():
            inner = Path(entry.path)
            if entry.is_symlink():
                yield inner
            elif entry.is_dir(follow_symlinks=False):
                yield from (_reached(inner, name) for name in CODE_OF_GIT)
                # What is no repository yet may have some in it.
                is_inner = os.path.lexists(inner / "HEAD")
                waiting += [inner / name for name in FOLDERS_OF_INNER_GIT] if is_inner else [inner]


def _reached(folder: Path, name: str) -> Path:
    """The path of the name; of a link on the way the link."""
    path = folder
    for part in name.split("/"):
        path /= part
        if os.path.islink(path):  # noqa: PTH114 - never raises
            break
    return path


def _entries(folder: Path) -> list[os.DirEntry[str]] | None:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        return None
