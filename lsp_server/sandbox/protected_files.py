"""`ProtectedFiles` holds what protected places had before a command, and puts it back after it.

Where a mechanism cannot make a place read-only inside a writable folder, and for
names that were not there before, this is the second best. While the command runs a
change is there: whoever lets git or an editor work in the folder meanwhile is not
protected. Of version control only what runs code is kept, not the history.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.sandbox.git_config import harmless_lines
from lsp_server.sandbox.policy import Policy
from lsp_server.system.atomic_file import replace_file

FILES_MAX = 2000
FILE_BYTES_MAX = 1_000_000
"""A larger file is only compared, and cannot be put back."""
BYTES_MAX = 32_000_000

FOLDERS_OF_INNER_GIT = ("modules", "worktrees")
"""Where a repository keeps those of its submodules and other worktrees."""

CODE_OF_REPOSITORIES = {
    ".git": (
        *("config", "config.worktree", "hooks", "info/attributes", "commondir", "gitdir"),
        *FOLDERS_OF_INNER_GIT,
    ),
    ".hg": ("hgrc", "hgrc-not-shared", "sharedpath"),
    ".jj": ("repo/config.toml", "repo/store/type"),
    ".svn": (),
}
"""In the folders of version control, what makes their programs run others."""
CODE_OF_INNER_GIT = ("config", "config.worktree", "hooks", "info/attributes", "commondir", "gitdir")
"""In those of a submodule or a worktree."""

Outcome: TypeAlias = Literal["put back", "taken away", "made harmless", "lost"]


@dataclass(frozen=True, slots=True)
class Restored:
    """A `Restored` names what a command changed in a protected place, and what was done about it."""

    path: Path
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Kept:
    """One file or link. `signature` changes whenever anything does; a command cannot forge it."""

    place: Path
    signature: tuple[int, ...]
    mode: int
    content: bytes | None
    target: str | None


class ProtectedFiles:
    """`ProtectedFiles` keep the protected places of one policy at one moment. Blocking, some ms.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp()).resolve()
    >>> config = root / ".git" / "config"
    >>> config.parent.mkdir()
    >>> _ = config.write_text("[core]")
    >>> before = ProtectedFiles(Policy((root,), protected=(root / ".git",)))
    >>> _ = config.write_text("[alias] st = !rm -rf ~")
    >>> before.put_back()[0].outcome, config.read_text()
    ('put back', '[core]')
    """

    def __init__(self, policy: Policy, earlier: ProtectedFiles | None = None) -> None:
        """Reads them. What is as it was `earlier` is not read again."""
        self._places = policy.protected if policy.writable else ()
        self._new_places = frozenset(path for path in self._places if not os.path.lexists(path))
        self._bytes = 0
        self.files: dict[Path, _Kept] = {}
        for place, path in _files(self._places):
            before = earlier.files.get(path) if earlier is not None else None
            if kept := self._keep(place, path, before):
                self.files[path] = kept
                self._bytes += len(kept.content or b"")

    def put_back(
        self,
        now: Iterable[Path] = (),
        *,
        new_alone: bool = False,
        spared: Collection[Path] = (),
    ) -> tuple[Restored, ...]:
        """Undoes what was changed since, and returns what that was; empty for nothing.

        `now` are protected places that were found meanwhile, as `Policy.protected` of a
        policy made after the command has them. With `new_alone` what was there stays as it
        is now: the command could not change it. Files that are `spared` stay as well. No
        link is followed.
        """
        new = self._new(now)
        found = list(self._new_taken_away(new, spared))
        if not new_alone:
            found += [*self._changed_back(spared), *self._additions_taken_away(new, spared)]
        return tuple(sorted(found, key=lambda one: str(one.path)))

    def changed(self, now: Iterable[Path] = (), *, new_alone: bool = False) -> tuple[Path, ...]:
        """Returns the files and links that are there and that `put_back` would change."""
        new = self._new(now)
        found = [path for _, path in _files(sorted(new))]
        if not new_alone:
            found += [
                path
                for _, path in _files(place for place in self._places if place not in new)
                if path not in self.files or not _is_as_kept(path, self.files[path])
            ]
        return tuple(found)

    def _new(self, now: Iterable[Path]) -> frozenset[Path]:
        """The protected places that were not there."""
        return self._new_places.union(now).difference(set(self._places) - self._new_places)

    def _changed_back(self, spared: Collection[Path]) -> Iterator[Restored]:
        folders = {kept.place.parent for kept in self.files.values()}
        real = {folder for folder in folders if _is_real(folder)}
        for path, kept in self.files.items():
            if path in spared or (
                kept.place.parent in real
                and _is_as_kept(path, kept)
                and _is_reached(path, kept.place)
            ):
                continue
            yield Restored(path, "put back" if _write(path, kept) else "lost")

    def _additions_taken_away(
        self, new: frozenset[Path], spared: Collection[Path]
    ) -> Iterator[Restored]:
        for _, path in _files(place for place in self._places if place not in new):
            if path not in self.files and path not in spared:
                yield Restored(path, "taken away" if _remove(path) else "lost")

    def _new_taken_away(self, new: frozenset[Path], spared: Collection[Path]) -> Iterator[Restored]:
        for place in sorted(new):
            if not _is_real(place.parent):
                continue
            if place.name in CODE_OF_REPOSITORIES and _is_folder(place):
                yield from _made_harmless(place)
            elif any(path.is_relative_to(place) for path in spared):
                for path in set(_walk(place)).difference(spared):
                    yield Restored(path, "taken away" if _remove(path) else "lost")
            elif os.path.lexists(place):
                yield Restored(place, "taken away" if _remove(place) else "lost")

    def _keep(self, place: Path, path: Path, before: _Kept | None) -> _Kept | None:
        signature = _signature(path)
        if signature is None:
            return None
        if before is not None and before.signature == signature:
            return before
        mode = signature[0]
        with suppress(OSError):
            if stat.S_ISLNK(mode):
                return _Kept(place, signature, mode, None, str(path.readlink()))
            room = min(FILE_BYTES_MAX, BYTES_MAX - self._bytes)
            if stat.S_ISREG(mode) and signature[1] <= room:
                return _Kept(place, signature, mode, _read(path), None)
        return _Kept(place, signature, mode, None, None)


def _files(places: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """The files and links that count, each behind its place; of version control only a few."""
    places = tuple(places)
    real = {folder for folder in {place.parent for place in places} if _is_real(folder)}
    found = ((place, path) for place in places if place.parent in real for path in _within(place))
    return islice(found, FILES_MAX)


def _within(place: Path) -> Iterator[Path]:
    if place.name not in CODE_OF_REPOSITORIES or not _is_folder(place):
        yield from _walk(place)
        return
    for name in CODE_OF_REPOSITORIES[place.name]:
        if name in FOLDERS_OF_INNER_GIT and _is_folder(place / name):
            for inner in _names(place / name):
                yield from _named(inner, CODE_OF_INNER_GIT)
        else:
            yield from _named(place, (name,))


def _named(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """What is below the names; of a link on the way the link alone."""
    for name in names:
        path = folder
        for part in ("", *name.split("/")):
            path /= part
            if path.is_symlink():
                break
        yield from _walk(path)


def _walk(path: Path) -> Iterator[Path]:
    if _is_folder(path):
        for inner in _names(path):
            yield from _walk(inner)
    elif os.path.lexists(path):
        yield path


def _names(folder: Path) -> list[Path]:
    if not _is_folder(folder):
        return []
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries)
    return []


def _made_harmless(repository: Path) -> Iterator[Restored]:
    """A new repository is work that a person may want; what runs code in it is not."""
    for path in _within(repository):
        if path.name == "config" and repository.name == ".git" and path.is_file():
            text = _read(path).decode("utf-8", "replace")
            harmless = harmless_lines(text)
            if harmless.split() != text.split():
                replace_file(path, f"{harmless}\n".encode(), durable=False)
                yield Restored(path, "made harmless")
        elif path.suffix != ".sample" or path.parent.name != "hooks":
            yield Restored(path, "taken away" if _remove(path) else "lost")


def _write(path: Path, kept: _Kept) -> bool:
    """Puts one file or link back; False where that cannot be done."""
    if kept.content is None and kept.target is None:
        return False
    if not _is_real(kept.place.parent):
        return False  # The folder is gone, or a link that leads elsewhere.
    try:
        _make_real(path.parent, kept.place.parent)
        if os.path.lexists(path):
            _remove(path)
        if kept.target is not None:
            path.symlink_to(kept.target)
        else:
            replace_file(path, kept.content or b"", durable=False)
            path.chmod(stat.S_IMODE(kept.mode))
    except OSError:
        return False
    return True


def _make_real(folder: Path, root: Path) -> None:
    """Puts real folders where links are now, down from the root: nothing is written through one."""
    if folder == root:
        return
    _make_real(folder.parent, root)
    if not _is_folder(folder):
        folder.unlink(missing_ok=True)
        folder.mkdir()


def _is_reached(path: Path, place: Path) -> bool:
    """Whether no link is on the way from the place's folder to the path."""
    return not any(one.is_symlink() for one in path.parents[: len(path.parts) - len(place.parts)])


def _is_real(folder: Path) -> bool:
    """Whether the folder is there and no link is on the way to it, as there was none before."""
    return folder.is_dir() and os.path.realpath(folder) == str(folder)


def _remove(path: Path) -> bool:
    try:
        if _is_folder(path):
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return False
    return True


def _is_as_kept(path: Path, kept: _Kept) -> bool:
    """Whether it is unchanged, or was only touched: content, mode and kind are as they were."""
    signature = _signature(path)
    if signature == kept.signature:
        return True
    if signature is None or signature[0] != kept.mode:
        return False
    with suppress(OSError):
        if kept.target is not None:
            return str(path.readlink()) == kept.target
        if kept.content is not None:
            return signature[1] == len(kept.content) and _read(path) == kept.content
    return False


def _signature(path: Path) -> tuple[int, ...] | None:
    """Mode, size, number and times; the time of change is set by the kernel alone."""
    try:
        state = path.lstat()
    except OSError:
        return None
    return state.st_mode, state.st_size, state.st_ino, state.st_mtime_ns, state.st_ctime_ns


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        return file.read(FILE_BYTES_MAX + 1)
