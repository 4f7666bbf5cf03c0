"""This module keeps many contents in one file, as a file for each takes a file system long to make.

A pack has the contents one after the other, then a table of them by their SHA-256,
and at its end the length of the table. It is written once and then only replaced as
a whole.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from lsp_server.settings.regular_files import open_regular
from lsp_server.system.atomic_file import STAGING_PREFIX
from lsp_server.system.private_folder import make_private

SUFFIX = ".pack"
REPLACED_MAX = 3
"""How often a pack may be replaced while a content is looked for."""

_ROW = struct.Struct(">32sQQ")
"""Digest, place and length of a content."""
_END = struct.Struct(">Q8s")
"""The number of rows, and a mark that says that all of it was written."""
_MARK = b"hf-pack1"

Table: TypeAlias = Mapping[bytes, tuple[int, int]]
"""The place and length of each content, by its digest."""


class PackWriter:
    """A `PackWriter` writes contents to a new pack in a folder, which is there once it is closed.

    All of it raises OSError; `discard` takes back what was not closed.
    """

    def __init__(self, folder: Path) -> None:
        make_private(folder)
        name = secrets.token_hex(8)
        self.path = folder / f"{name}{SUFFIX}"
        self._staged = folder / f"{STAGING_PREFIX}{name}"
        self._rows: dict[bytes, tuple[int, int]] = {}
        self._place = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = open(os.open(self._staged, flags, 0o600), "wb", 1 << 20)  # noqa: PTH123, SIM115 - a descriptor has no path; `close` closes it

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._rows

    def add(self, digest: bytes, data: bytes) -> None:
        """Appends one content."""
        self._rows[digest] = (self._place, len(data))
        self._place += self._file.write(data)

    def close(self) -> None:
        """Puts the pack in its place."""
        for digest, (place, length) in self._rows.items():
            self._file.write(_ROW.pack(digest, place, length))
        self._file.write(_END.pack(len(self._rows), _MARK))
        # Not flushed to the disk: a pack that a power cut damaged has nothing, and is found out.
        self._file.close()
        self._staged.replace(self.path)

    def discard(self) -> None:
        """Removes what was written, unless it is in its place."""
        with suppress(OSError):
            self._file.close()
        self._staged.unlink(missing_ok=True)


class Packs:
    """A `Packs` finds contents in the packs of one folder, which other processes may change.

    All of it blocks.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[Path, Table] = {}
        self._places: dict[bytes, Path] = {}
        self._seen_at = -1
        """When the folder had changed last as the tables were read."""

    def files(self) -> list[Path]:
        """Returns the packs that are there."""
        return list(self.folder.glob(f"*{SUFFIX}"))

    def find(self, digest: bytes) -> Path | None:
        """Returns the pack that has the content, as far as is known; see `refresh`."""
        return self._places.get(digest)

    def get(self, digest: bytes) -> bytes | None:
        """Returns the content, None when no pack has it. What it returns may be damaged."""
        # A pack that is gone was replaced by another one, perhaps a moment ago.
        for _ in range(REPLACED_MAX):
            self.refresh()
            path = self.find(digest)
            if path is None:
                return None
            place, length = self._tables[path][digest]
            with suppress(OSError), open_regular(path) as file:
                file.seek(place)
                return file.read(length)
            self.forget(path)
        return None

    def forget(self, path: Path) -> None:
        """Learns that a pack is gone."""
        for digest in self._tables.pop(path, {}):
            self._places.pop(digest, None)
        self._seen_at = -1

    def sweep(self, before: float) -> None:
        """Removes what was begun before that time and never finished. Raises OSError."""
        for staged in list(self.folder.glob(f"{STAGING_PREFIX}*")):
            with suppress(FileNotFoundError):  # Whoever wrote it has finished.
                if staged.stat().st_mtime < before:
                    staged.unlink()

    def refresh(self) -> None:
        """Learns of the packs that came and went."""
        try:
            changed_at = self.folder.stat().st_mtime_ns
        except OSError:
            self._tables, self._places = {}, {}
            return
        if changed_at != self._seen_at:
            self._seen_at = changed_at
            known, self._tables = self._tables, {}
            for path in self.files():
                with suppress(OSError):
                    self._tables[path] = known.get(path) or read_table(path)
            tables = self._tables.items()
            self._places = {digest: path for path, table in tables for digest in table}

    def shrunk(self, path: Path, needed: Collection[bytes]) -> Path | None:
        """Writes a pack of what is needed of another one; None when nothing is. Raises OSError."""
        kept = [digest for digest in read_table(path) if digest in needed]
        if not kept:
            return None
        writer = PackWriter(self.folder)
        try:
            self._copy(path, kept, writer)
            writer.close()
        finally:
            writer.discard()
        return writer.path

    def _copy(self, path: Path, digests: Collection[bytes], writer: PackWriter) -> None:
        table = read_table(path)
        with open_regular(path) as file:
            for digest in digests:
                place, length = table[digest]
                file.seek(place)
                writer.add(digest, file.read(length))


def read_table(path: Path) -> Table:
    """Reads what a pack has. Raises OSError; a damaged pack has nothing."""
    with open_regular(path) as file:
        bytes_all = file.seek(0, os.SEEK_END)
        if bytes_all < _END.size:
            return {}
        file.seek(bytes_all - _END.size)
        count, mark = _END.unpack(file.read(_END.size))
        start = bytes_all - _END.size - count * _ROW.size
        if mark != _MARK or start < 0:
            return {}
        file.seek(start)
        rows = _ROW.iter_unpack(file.read(count * _ROW.size))
    return {digest: (place, length) for digest, place, length in rows}
