"""Contents by their hash, in a private folder. Blocking; call it in a thread."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Collection
from pathlib import Path

EXECUTABLE = "+x"
"""Ends the name of a content whose file may be executed."""


def content_name(data: bytes, *, executable: bool = False) -> str:
    """The name of a file's content: its SHA-256 in hexadecimal, and whether it may be executed."""
    return hashlib.sha256(data).hexdigest() + EXECUTABLE * executable


def make_private(folder: Path) -> None:
    """The folder, and what is missing above it, open to its owner alone. Raises OSError."""
    if not folder.exists():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


class Blobs:
    """A store that only its owner can read. Equal contents are kept once.

    Losing the store costs undo, not the run: `problem` says why it failed, if it did.
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
        """The content, None when it is not kept or was damaged."""
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        return data if name.startswith(content_name(data)) else None

    def prune(self, *, unused_days: float, keep: Collection[str]) -> int:
        """Removes what nobody put for that long and `keep` does not name; says how many."""
        oldest = time.time() - unused_days * 86_400
        kept = {self._path(name) for name in keep}
        removed = 0
        for path in self._folder.glob("??/*"):
            if path not in kept and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _write(self, path: Path, data: bytes) -> None:
        if path.exists():
            os.utime(path)
            return
        make_private(path.parent)
        temporary = path.with_name(secrets.token_hex(8))
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(data)
        temporary.replace(path)

    def _path(self, name: str) -> Path:
        digest = name.removesuffix(EXECUTABLE)
        return self._folder / digest[:2] / digest[2:]
