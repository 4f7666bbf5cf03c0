"""This module keeps working states while commands run, so that what a killed one did can be undone."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A `Snapshot` has the names of contents by path before a command.

    `alive_until` is when the command was last seen at work."""

    contents: Mapping[str, str]
    alive_until: datetime


class Snapshots:
    """A `Snapshots` keeps a file for each command that runs now or was killed, in a private folder.

    All of it blocks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, contents: Mapping[str, str]) -> str | None:
        """Keeps names of contents by path; returns the snapshot's name, None when it failed."""
        name = secrets.token_hex(8)
        data = json.dumps(dict(contents)).encode()
        try:
            make_private(self._folder)
            replace_file(self._path(name), data, private=True, durable=False)
        except OSError:
            return None
        return name

    def touch(self, name: str | None) -> None:
        """Keeps the snapshot fresh: the command is still at work."""
        if name is not None:
            with suppress(OSError):
                os.utime(self._path(name))

    def get(self, name: str) -> Snapshot | None:
        """Returns the snapshot with this name; None once it was removed."""
        path = self._path(name)
        try:
            contents = json.loads(path.read_bytes())
            alive_until = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except (OSError, ValueError):
            return None
        return Snapshot(contents, alive_until) if isinstance(contents, dict) else None

    def remove(self, name: str | None) -> None:
        """Removes a snapshot, since the command's changes are recorded."""
        if name is not None:
            self._path(name).unlink(missing_ok=True)

    def prune(self, days_max: float) -> None:
        """Removes those of commands that were killed so many days ago. Raises OSError."""
        oldest = time.time() - days_max * 86_400
        for path in self._folder.iterdir() if self._folder.exists() else ():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def content_names(self) -> Iterator[str]:
        """Returns the names of all contents that some snapshot needs."""
        for path in self._folder.glob("*.json"):
            snapshot = self.get(path.stem)
            yield from snapshot.contents.values() if snapshot else ()

    def _path(self, name: str) -> Path:
        # A name comes from a journal, which a person may have edited.
        return self._folder / f"{Path(name).name}.json"
