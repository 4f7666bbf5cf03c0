"""This module keeps contents of files by their hash, in a private folder.

All of it blocks; call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.checkpoints.packs import Packs, PackWriter, read_table

YOUNG_SECONDS = 3600.0
"""A content that was put so lately is never removed: its change may not be recorded yet."""

_NAME = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
DIGEST_DIGITS = 64
FEW_MAX = 16
"""More contents than this are put into a pack."""
FEW_BYTES_MAX = 1_000_000
"""A larger content is not held in memory until its batch is closed."""

_ASIDE = ".removing"
"""Ends the name of a file that is about to be removed."""


def find_content_names(data: bytes) -> Iterator[str]:
    """Returns all that looks like the name of a content in a text of any format.

    For those who must miss no name, and whom one too many does not hurt. Modes and
    the like are left out.
    """
    return (match[0].decode() for match in _NAME.finditer(data))


@dataclass(frozen=True, slots=True)
class Pruned:
    """A `Pruned` says that a pruning removed so many contents and freed so many bytes."""

    files: int
    bytes: int


class Blobs:
    """A `Blobs` keeps contents that only their owner can read, equal ones once.

    A few lie in a file each, many that come together in one pack. Losing the store costs
    undo, not the run: `problem` says why it failed the last time, if it did.

    >>> import tempfile
    >>> from lsp_server.workspace.checkpoints.file_state import digest_of
    >>> blobs = Blobs(Path(tempfile.mkdtemp()) / "blobs")
    >>> blobs.put(b"text")
    >>> blobs.get(digest_of(b"text"))
    b'text'
    >>> blobs.get(digest_of(b"other")) is None
    True
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packs = Packs(folder / "packs")
        self.problem: str | None = None

    def put(self, data: bytes) -> None:
        """Keeps the content, or sets `problem`."""
        with self.batch() as batch:
            batch.put(data)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Keeps the contents that are put within, all at its end, or sets `problem`."""
        batch = Batch(self._folder, self._packs)
        try:
            yield batch
        finally:
            batch.close()
            self.problem = batch.problem

    def kept(self, names: Iterable[str]) -> frozenset[str]:
        """Returns the names of those contents that are kept."""
        self._packs.refresh()
        digests = {name: digest_in(name) for name in names}
        return frozenset(name for name, digest in digests.items() if digest and self._has(digest))

    def _has(self, digest: bytes) -> bool:
        return self._packs.find(digest) is not None or loose_path(self._folder, digest).exists()

    def get(self, name: str) -> bytes | None:
        """Returns the content with this name; None when it is not kept or was damaged."""
        digest = digest_in(name)
        if digest is None:
            return None
        try:
            data = loose_path(self._folder, digest).read_bytes()
        except OSError:
            data = None
        if data is None or hashlib.sha256(data).digest() != digest:
            data = self._packs.get(digest)
        return data if data is not None and hashlib.sha256(data).digest() == digest else None

    def exceed(self, *, days_max: float, bytes_max: int) -> bool:
        """Returns whether some content is that old, or all together are that large."""
        files = list(self._files())
        oldest = time.time() - days_max * 86_400
        return sum(file.bytes for file in files) > bytes_max or any(
            file.put_at < oldest for file in files
        )

    def prune(
        self,
        needed: Collection[str],
        *,
        days_max: float,
        bytes_max: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Pruned:
        """Removes what was not put for `days_max`, and the oldest beyond `bytes_max` in all.

        Never removed are the contents in `needed`, and those of the last hour. Other
        processes may use the store meanwhile; two may not prune at the same time.
        `stopped` is asked before each removal. Raises OSError.
        """
        # A process was killed while it removed these: nobody knows whether they are needed now.
        for aside in list(self._folder.glob(f"*/*{_ASIDE}")):
            aside.replace(aside.with_name(aside.name.removesuffix(_ASIDE)))
        now = time.time()
        self._packs.sweep(now - YOUNG_SECONDS)
        needed_digests = {digest for name in needed if (digest := digest_in(name))}
        files = sorted(self._files(), key=attrgetter("put_at"))
        bytes_left, removed, removed_bytes = sum(file.bytes for file in files), 0, 0
        for file in files:
            is_old = file.put_at < now - days_max * 86_400
            # They are sorted by age: after one that may stay, all may.
            if stopped() or not (is_old or bytes_left > bytes_max):
                break
            if file.put_at > now - YOUNG_SECONDS:
                continue
            pruned = self._pruned(file, needed_digests)
            bytes_left -= pruned.bytes
            removed, removed_bytes = removed + pruned.files, removed_bytes + pruned.bytes
        return Pruned(removed, removed_bytes)

    def _pruned(self, file: _BlobFile, needed: Collection[bytes]) -> Pruned:
        """Removes what of a file is not needed."""
        if file.path.parent != self._packs.folder:
            goes = digest_in(file.path.parent.name + file.path.name) not in needed
            return Pruned(1, file.bytes) if goes and _remove(file) else Pruned(0, 0)
        sizes = {digest: length for digest, (_, length) in read_table(file.path).items()}
        gone = sizes.keys() - needed
        if not gone:
            return Pruned(0, 0)
        rest = self._packs.shrunk(file.path, needed)
        if rest is not None:
            os.utime(rest, (file.put_at, file.put_at))
        if _remove(file):
            return Pruned(len(gone), sum(sizes[digest] for digest in gone))
        if rest is not None:
            rest.unlink()
        return Pruned(0, 0)

    def _files(self) -> Iterator[_BlobFile]:
        # Two digits of the name divide the contents, so that no folder has too many entries.
        for path in (*self._folder.glob("??/*"), *self._packs.files()):
            with suppress(FileNotFoundError):
                state = path.stat()
                yield _BlobFile(path, state.st_mtime, state.st_size)


class Batch:
    """A `Batch` takes contents and writes them when it is closed, to a pack if they are many."""

    def __init__(self, folder: Path, packs: Packs) -> None:
        self._folder = folder
        self._packs = packs
        self._few: dict[bytes, bytes] = {}
        self._writer: PackWriter | None = None
        self._divisions: frozenset[str] | None = None
        self._touched: set[Path] = set()
        self.problem: str | None = None

    def put(self, data: bytes) -> str:
        """Takes a content, unless it is kept already; returns its SHA-256 in hexadecimal."""
        hashed = hashlib.sha256(data)
        digest = hashed.digest()
        # What fails once, as on a full disk, fails for all that comes after.
        if self.problem is None:
            try:
                if not self._is_kept(digest):
                    self._add(digest, data)
            except OSError as error:
                self._failed(error)
        return hashed.hexdigest()

    def close(self) -> None:
        """Writes what was put, or sets `problem`."""
        try:
            if self._writer is not None:
                self._writer.close()
            for digest, data in self._few.items():
                # A content that a power cut damaged is found out by its name.
                path = loose_path(self._folder, digest)
                make_private(path.parent)
                replace_file(path, data, private=True, durable=False)
        except OSError as error:
            self._failed(error)
        finally:
            if self._writer is not None:
                self._writer.discard()

    def _add(self, digest: bytes, data: bytes) -> None:
        if self._writer is not None:
            self._writer.add(digest, data)
            return
        self._few[digest] = data
        if len(self._few) > FEW_MAX or len(data) > FEW_BYTES_MAX:
            self._writer = PackWriter(self._packs.folder)
            for each in self._few.items():
                self._writer.add(*each)
            self._few.clear()

    def _is_kept(self, digest: bytes) -> bool:
        """Whether it was put before; then it is as young as if it were put now."""
        if digest in self._few or (self._writer is not None and digest in self._writer):
            return True
        if self._divisions is None:
            self._packs.refresh()
            folders = self._folder.iterdir() if self._folder.exists() else ()
            self._divisions = frozenset(folder.name for folder in folders)
        if digest.hex()[:2] in self._divisions and _touch(loose_path(self._folder, digest)):
            return True
        pack = self._packs.find(digest)
        if pack is None:
            return False
        if pack not in self._touched and not _touch(pack):
            self._packs.forget(pack)
            self._packs.refresh()
            return self._is_kept(digest)
        self._touched.add(pack)
        return True

    def _failed(self, error: OSError) -> None:
        self.problem = f"changes cannot be undone, as they are not kept: {error.strerror}"


def digest_in(name: str) -> bytes | None:
    """Returns the SHA-256 that a name of a content begins with, None when it begins with none."""
    try:
        digest = bytes.fromhex(name[:DIGEST_DIGITS])
    except ValueError:
        return None
    return digest if len(digest) * 2 == DIGEST_DIGITS else None


def loose_path(folder: Path, digest: bytes) -> Path:
    """Returns where a content lies that has a file of its own."""
    name = digest.hex()
    return folder / name[:2] / name[2:]


def _touch(path: Path) -> bool:
    """Makes a file young; False when there is none."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _BlobFile:
    path: Path
    put_at: float
    bytes: int


def _remove(file: _BlobFile) -> bool:
    """Removes a content, unless another process has put it again since it was looked at.

    It is set aside first: from then on whoever puts it finds none and writes it anew.
    """
    aside = file.path.with_name(file.path.name + _ASIDE)
    try:
        file.path.replace(aside)
    except FileNotFoundError:
        return False
    if aside.stat().st_mtime > file.put_at:
        aside.replace(file.path)
        return False
    aside.unlink()
    return True
