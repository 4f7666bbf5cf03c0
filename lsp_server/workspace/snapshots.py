"""Working states kept for as long as a command runs, so that a killed one can be undone."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.workspace.blobs import make_private


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Names of contents by path before a command, and when the command was last seen at work."""

    contents: Mapping[str, str]
    alive_until: datetime


class Snapshots:
    """A private folder, a file for each command that runs now or was killed. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, contents: Mapping[str, str]) -> str | None:
        """Keeps names of contents by path; the snapshot's name, None when it cannot be kept."""
        name = secrets.token_hex(8)
        try:
            make_private(self._folder)
            self._path(name).write_text(json.dumps(dict(contents)), "utf-8", "surrogatepass")
        except OSError:
            return None
        return name

    def touch(self, name: str | None) -> None:
        """The command is still at work."""
        if name is not None:
            with suppress(OSError):
                os.utime(self._path(name))

    def get(self, name: str) -> Snapshot | None:
        """What was kept; None once it was removed."""
        path = self._path(name)
        try:
            contents = json.loads(path.read_text("utf-8", "surrogatepass"))
            alive_until = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except (OSError, ValueError):
            return None
        return Snapshot(contents, alive_until) if isinstance(contents, dict) else None

    def remove(self, name: str | None) -> None:
        """The command's changes are on record."""
        if name is not None:
            self._path(name).unlink(missing_ok=True)

    def prune(self, unused_days: float) -> None:
        """Removes those of runs that nobody took up for so long."""
        oldest = time.time() - unused_days * 86_400
        for path in self._folder.glob("*.json"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{Path(name).name}.json"
