"""This module keeps contents of files by their hash, in a private folder.

All of it blocks; call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private

EXECUTABLE = "+x"
"""Ends the name of a content whose file may be executed."""

YOUNG_SECONDS = 3600.0
"""A content that was put so lately is never removed: its change may not be recorded yet."""

_NAME = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_ASIDE = ".removing"
"""Ends the name of a file that is about to be removed."""


def content_name(data: bytes, *, executable: bool = False) -> str:
    """Returns the name of a file's content: its SHA-256 in hexadecimal, and whether it may be executed.

    >>> content_name(b"", executable=True)
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855+x'
    """
    return hashlib.sha256(data).hexdigest() + EXECUTABLE * executable


def find_content_names(data: bytes) -> Iterator[str]:
    """Returns all that looks like the name of a content in a text of any format.

    For those who must miss no name, and whom one too many does not hurt. The mark
    of executable files is left out.
    """
    return (match[0].decode() for match in _NAME.finditer(data))


@dataclass(frozen=True, slots=True)
class Pruned:
    """A `Pruned` says that a pruning removed so many contents and freed so many bytes."""

    files: int
    bytes: int


class Blobs:
    """A `Blobs` keeps contents that only their owner can read, equal ones once.

    Losing the store costs undo, not the run: `problem` says why it failed, if it did.

    >>> import tempfile
    >>> blobs = Blobs(Path(tempfile.mkdtemp()) / "blobs")
    >>> blobs.put(b"text")
    >>> blobs.get(content_name(b"text"))
    b'text'
    >>> blobs.get(content_name(b"other")) is None
    True
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problem: str | None = None

    def put(self, data: bytes) -> None:
        """Keeps the content, or sets `problem`."""
        path = self._path(content_name(data))
        try:
            self._write(path, data)
        except OSError as error:
            self.problem = f"changes cannot be undone, as they are not kept: {error.strerror}"

    def get(self, name: str) -> bytes | None:
        """Returns the content with this name; None when it is not kept or was damaged."""
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        return data if name.startswith(content_name(data)) else None

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
        for aside in list(self._folder.glob(f"??/*{_ASIDE}")):
            aside.replace(aside.with_name(aside.name.removesuffix(_ASIDE)))
        now = time.time()
        needed_paths = {self._path(name) for name in needed}
        files = sorted(self._files(), key=attrgetter("put_at"))
        bytes_left, removed, removed_bytes = sum(file.bytes for file in files), 0, 0
        for file in files:
            is_old = file.put_at < now - days_max * 86_400
            # They are sorted by age: after one that may stay, all may.
            if stopped() or not (is_old or bytes_left > bytes_max):
                break
            is_young = file.put_at > now - YOUNG_SECONDS
            if not is_young and file.path not in needed_paths and _remove(file):
                bytes_left -= file.bytes
                removed, removed_bytes = removed + 1, removed_bytes + file.bytes
        return Pruned(removed, removed_bytes)

    def _files(self) -> Iterator[_BlobFile]:
        # Two digits of the name divide the contents, so that no folder has too many entries.
        for path in self._folder.glob("??/*"):
            with suppress(FileNotFoundError):
                state = path.stat()
                yield _BlobFile(path, state.st_mtime, state.st_size)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            os.utime(path)
        except FileNotFoundError:
            make_private(path.parent)
            # A content that a power cut damaged is found out by its name.
            replace_file(path, data, private=True, durable=False)

    def _path(self, name: str) -> Path:
        digest = name.removesuffix(EXECUTABLE)
        return self._folder / digest[:2] / digest[2:]


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
