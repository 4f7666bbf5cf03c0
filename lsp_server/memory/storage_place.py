"""A `StoragePlace` says where a database lies and knows its files, when it has any."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.digest import digest
from lsp_server.system.folder_walk import walk_folders

SET_ASIDE = ".broken"
"""Ends the name of the folder of a damaged table that is kept for a look."""


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """A `StoragePlace` is a folder, or the URI of an object store such as `s3://bucket/prefix`.

    `setting` is the one that names it. The methods block; call them in a thread. They do
    nothing for an object store.
    """

    uri: str
    setting: str = "memory.uri"

    @classmethod
    def for_workspace(cls, data: Path, root: Path, uri: str | None) -> StoragePlace:
        """Returns the place of the tables of the workspace at `root`.

        `data` is the workspace's own data folder; `uri` is a place that several
        workspaces share, in which each gets a folder named by a hash of its root.
        """
        if uri is None:
            return cls(str(data / "tables"))
        own = digest(str(root))[:16]
        return cls(
            f"{uri.rstrip('/')}/{own}" if "://" in uri else str(Path(uri).expanduser() / own)
        )

    @property
    def folder(self) -> Path | None:
        """Returns the folder on this machine; None for an object store."""
        return None if "://" in self.uri else Path(self.uri)

    def table_files(self, table: str) -> frozenset[tuple[str, int, int]]:
        """Returns all files of a table, as path, inode and time of modification in nanoseconds."""
        if self.folder is None:
            return frozenset()
        files = (path for path in self.folder.joinpath(f"{table}.lance").rglob("*"))
        states = ((path, path.stat()) for path in files if path.is_file())
        return frozenset((str(path), one.st_ino, one.st_mtime_ns) for path, one in states)

    def bytes_on_disk(self) -> int | None:
        """Returns the size of all files, old versions included; None for an object store."""
        if self.folder is None:
            return None
        size = 0
        for folder, _, names in walk_folders(self.folder):
            for name in names:
                with suppress(OSError):  # Upkeep may remove it meanwhile.
                    size += os.lstat(Path(folder, name)).st_size
        return size

    def set_aside(self, table: str) -> bool:
        """Moves the files of a damaged table out of the way; False when it has none here.

        Raises MemoryUnavailable when they cannot be moved.
        """
        if self.folder is None or not (files := self.folder / f"{table}.lance").is_dir():
            return False
        kept = files.with_name(f"{table}{SET_ASIDE}")
        shutil.rmtree(kept, ignore_errors=True)
        try:
            files.rename(kept)
        except OSError as error:
            raise MemoryUnavailable(
                f"{files} is damaged and cannot be moved ({error.strerror}); delete it"
            ) from error
        return True

    def delete_set_aside(self) -> None:
        """Deletes the damaged tables that were kept."""
        if self.folder is not None:
            for kept in self.folder.glob(f"*{SET_ASIDE}"):
                shutil.rmtree(kept, ignore_errors=True)
