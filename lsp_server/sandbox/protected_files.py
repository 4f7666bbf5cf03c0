"""`ProtectedFiles` holds what protected places had before a command, and puts it back after it.

Where a mechanism cannot make a place read-only inside a writable folder, and for
names that were not there before, this is the second best. While the command runs a
change is there: whoever lets git or an editor work in the folder meanwhile is not
protected. Of version control only what runs code is kept, not the history.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.sandbox.git_config import harmless_lines
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.protected_tree import (
    is_of_gone_worktree,
    is_real,
    is_repository,
    protected_files,
)
from lsp_server.sandbox.real_files import read_real, remove_real, write_real, write_real_link

FILES_MAX = 10_000
"""So many are known before a command; of what was there beyond, nothing is taken away."""
FILE_BYTES_MAX = 1_000_000
"""A larger file is only compared, and cannot be put back."""
BYTES_MAX = 32_000_000

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
        self._began = time.time_ns()
        self._bytes = 0
        self.files: dict[Path, _Kept] = {}
        found = protected_files(self._places)
        for place, path in islice(found, FILES_MAX):
            before = earlier.files.get(path) if earlier is not None else None
            if kept := self._keep(place, path, before):
                self.files[path] = kept
                self._bytes += len(kept.content or b"")
        self._is_whole = next(found, None) is None

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
        found = [path for _, path in protected_files(sorted(new))]
        if not new_alone:
            found += [
                path
                for _, path in self._there(new)
                if self._is_new(path)
                or (path in self.files and not _is_as_kept(path, self.files[path]))
            ]
        return tuple(found)

    def _new(self, now: Iterable[Path]) -> frozenset[Path]:
        """The protected places that were not there."""
        return self._new_places.union(now).difference(set(self._places) - self._new_places)

    def _changed_back(self, spared: Collection[Path]) -> Iterator[Restored]:
        folders = {kept.place.parent for kept in self.files.values()}
        real = {folder for folder in folders if is_real(folder)}
        for path, kept in self.files.items():
            if path in spared or is_of_gone_worktree(path, kept.place):
                continue
            if (
                kept.place.parent in real
                and _is_as_kept(path, kept)
                and _is_reached(path, kept.place)
            ):
                continue
            yield Restored(path, "put back" if _write(path, kept) else "lost")

    def _additions_taken_away(
        self, new: frozenset[Path], spared: Collection[Path]
    ) -> Iterator[Restored]:
        for place, path in self._there(new):
            if self._is_new(path) and path not in spared:
                yield Restored(path, "taken away" if _remove(path, place.parent) else "lost")

    def _there(self, new: frozenset[Path]) -> Iterator[tuple[Path, Path]]:
        """All files of the places that were there before."""
        return protected_files(place for place in self._places if place not in new)

    def _is_new(self, path: Path) -> bool:
        if path in self.files:
            return False
        signature = _signature(path)
        return self._is_whole or (signature is not None and signature[-1] > self._began)

    def _new_taken_away(self, new: frozenset[Path], spared: Collection[Path]) -> Iterator[Restored]:
        for place in sorted(new):
            if not is_real(place.parent):
                continue
            if is_repository(place):
                yield from _made_harmless(place)
            elif any(path.is_relative_to(place) for path in spared):
                for _, path in protected_files([place]):
                    if path not in spared:
                        yield Restored(
                            path, "taken away" if _remove(path, place.parent) else "lost"
                        )
            elif os.path.lexists(place):
                yield Restored(place, "taken away" if _remove(place, place.parent) else "lost")

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


def _made_harmless(repository: Path) -> Iterator[Restored]:
    """A new repository is work that a person may want; what runs code in it is not."""
    root = repository.parent
    for _, path in protected_files([repository]):
        is_config = path.name == "config" and repository.name == ".git"
        if is_config and (harmless := _harmless_settings(path)) is not None:
            if harmless:
                write_real(path, harmless, stat.S_IMODE(path.lstat().st_mode), root)
                yield Restored(path, "made harmless")
        elif path.suffix != ".sample" or path.parent.name != "hooks":
            yield Restored(path, "taken away" if _remove(path, root) else "lost")


def _harmless_settings(path: Path) -> bytes | None:
    """What of settings runs nothing, empty where that is all; None for what cannot be read."""
    try:
        text = _read(path).decode("utf-8", "replace")
    except OSError:
        return None
    harmless = harmless_lines(text)
    return f"{harmless}\n".encode() if harmless.split() != text.split() else b""


def _write(path: Path, kept: _Kept) -> bool:
    """Puts one file or link back; False where that cannot be done."""
    root = kept.place.parent  # Where that is gone, or a link that leads elsewhere, nothing is made.
    try:
        if kept.target is not None:
            write_real_link(path, kept.target, root)
        elif kept.content is not None:
            write_real(path, kept.content, stat.S_IMODE(kept.mode), root)
        else:
            return False
    except OSError:
        return False
    return True


def _is_reached(path: Path, place: Path) -> bool:
    """Whether no link is on the way from the place's folder to the path."""
    return not any(one.is_symlink() for one in path.parents[: len(path.parts) - len(place.parts)])


def _remove(path: Path, root: Path) -> bool:
    try:
        remove_real(path, root)
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


def _read(path: Path) -> bytes:
    return read_real(path, FILE_BYTES_MAX + 1)
