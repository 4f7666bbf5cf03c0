"""This module reads from git's index which files are tracked, and writes one, without starting git."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lsp_server.settings.regular_files import read_whole
from lsp_server.workspace.git.git_settings import GitSettings
from lsp_server.workspace.git.patterns import SMALL

INDEX_BYTES_MAX = 200_000_000

_HEADER_BYTES = 12
_SHA1_BYTES = 20
_FIXED_BYTES = 40
"""Times, inode, mode, owner and size, before the name of the object."""
_EXTENDED = 0x4000
_NAME_LENGTH = 0x0FFF
_LINK = b"link"
"""The extension that names the index which this one builds on."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A `Tracked` has the paths that git tracks, from the root of its working tree.

    `folders` are those that hold one; they end with `/`. A repository within is one of
    the files.
    """

    files: frozenset[str]
    folders: frozenset[str]

    def has(self, path: str) -> bool:
        """Says whether the file is tracked, or something in the folder, which ends with `/`."""
        if path.endswith("/"):
            return path in self.folders or path[:-1] in self.files
        return path in self.files


NOTHING_TRACKED = Tracked(frozenset(), frozenset())


def read_index(folder: Path, settings: GitSettings) -> Tracked:
    """Reads the index in git's folder of a working tree; nothing is tracked where it cannot be read. Blocking.

    Where case does not matter, the paths come in small letters.
    """
    try:
        names = b"\0".join(_names(folder, "index", settings.id_bytes))
    except (OSError, IndexError, ValueError):
        return NOTHING_TRACKED
    text = os.fsdecode(names)
    if settings.ignores_case:
        text = text.translate(SMALL)
    files = frozenset(text.split("\0")) - {""}
    folders: set[str] = set()
    for path in files:
        folder_end = path.rfind("/", 0, -1)
        while folder_end > 0 and path[: folder_end + 1] not in folders:
            folders.add(path[: folder_end + 1])
            folder_end = path.rfind("/", 0, folder_end)
    return Tracked(files, frozenset(folders))


def write_index(folder: Path, paths: Iterable[str]) -> None:
    """Writes an index that tracks these paths, without contents, into git's folder. Blocking."""
    entries = [_entry(os.fsencode(path)) for path in sorted(paths, key=os.fsencode)]
    data = b"DIRC" + (2).to_bytes(4) + len(entries).to_bytes(4) + b"".join(entries)
    checksum = hashlib.sha1(data, usedforsecurity=False).digest()
    (folder / "index").write_bytes(data + checksum)


def _entry(name: bytes) -> bytes:
    mode = (0o100644).to_bytes(4)
    fixed = bytes(24) + mode + bytes(_FIXED_BYTES - 28 + _SHA1_BYTES)
    entry = fixed + min(len(name), _NAME_LENGTH).to_bytes(2) + name
    return entry + bytes(8 - len(entry) % 8)


def _names(folder: Path, name: str, id_bytes: int) -> Iterator[bytes]:
    """The paths of an index, and of the one that it builds on."""
    data = read_whole(folder / name, INDEX_BYTES_MAX)
    version = int.from_bytes(data[4:8])
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise ValueError(version)
    at, before = _HEADER_BYTES, b""
    flags_at = _FIXED_BYTES + id_bytes
    for _ in range(int.from_bytes(data[8:12])):
        flags = int.from_bytes(data[at + flags_at : at + flags_at + 2])
        start = at + flags_at + (4 if flags & _EXTENDED else 2)
        if version == 4:
            cut, start = _number(data, start)
            end = data.index(0, start)
            before = before[: len(before) - cut] + data[start:end]
            at = end + 1
        else:
            length = flags & _NAME_LENGTH
            end = start + length if length < _NAME_LENGTH else data.index(0, start)
            before = data[start:end]
            # Entries end with one to eight bytes of zero, so that each begins at a multiple of eight.
            at += (end - at + 8) & ~7
        yield before
    # What the other one has and this one dropped counts, too: that is rare, and does no harm.
    if data[at : at + 4] == _LINK and (base := data[at + 8 : at + 8 + id_bytes]).strip(b"\0"):
        yield from _names(folder, f"sharedindex.{base.hex()}", id_bytes)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Reads a number of seven bits a byte, and gives the place behind it."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = (value + 1) << 7 | data[at] & 0x7F
    return value, at + 1
