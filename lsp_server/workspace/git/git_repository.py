"""This module finds the repository of git that a folder belongs to, without starting git."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.settings.regular_files import read_whole

POINTER_BYTES_MAX = 100_000


class NotARepository(Exception):
    """Something is called `.git` that git would not take for a repository."""


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A `GitRepository` has the folder of one working tree, and where git keeps what belongs to it.

    `own` has what is of this working tree alone, such as its index; `common` what all
    working trees of the repository share, such as its settings.
    """

    root: Path
    own: Path
    common: Path

    @property
    def folders(self) -> tuple[Path, Path, Path]:
        """Returns all three."""
        return self.root, self.own, self.common


def repository_of(folder: Path) -> GitRepository | None:
    """Returns the repository that the folder is in. Blocking."""
    found = (repository_at(at) for at in (folder, *folder.parents))
    return next(filter(None, found), None)


def repository_at(root: Path) -> GitRepository | None:
    """Returns the repository whose working tree begins here. Blocking."""
    with suppress(NotARepository, OSError):
        return open_repository(root)
    return None


def open_repository(root: Path) -> GitRepository | None:
    """Returns the repository whose `.git` lies here, None where nothing has that name. Blocking.

    Raises NotARepository, OSError.
    """
    place = root / ".git"
    if place.is_dir():
        return _opened(root, place)
    if place.exists() or place.is_symlink():
        return _opened(root, root / _line(place, "gitdir: "))
    return None


def has_parts(folder: Path, *, head: bool = True) -> bool:
    """Says whether the folder has what git knows a repository by."""
    names = ("objects", "refs", "HEAD") if head else ("objects", "refs")
    return all((folder / name).exists() for name in names)


def _opened(root: Path, own: Path) -> GitRepository:
    shared = own / "commondir"
    common = own / _line(shared, "") if shared.exists() else own
    if not (own / "HEAD").exists() or not has_parts(common, head=False):
        raise NotARepository
    return GitRepository(root, own, common)


def _line(file: Path, start: str) -> str:
    try:
        text = read_whole(file, POINTER_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise NotARepository from error
    if not text.startswith(start) or "\0" in text:
        raise NotARepository
    return text.removeprefix(start).rstrip("\r\n")
