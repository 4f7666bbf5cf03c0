"""This module keeps working states while commands run, so that what a killed one did can be undone."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lsp_server.sandbox.process_tree import own_trees
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private

ALIVE = timedelta(seconds=1)
"""How often a running command's snapshot says that it still runs."""


ENDED, THERE = ".ended", ".there"
"""End the names of what the watch leaves beside the snapshot of a command that it ended."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A `Snapshot` has the names of states by path before a command.

    `ended_at` is when all that the command had started was gone. `there` are the paths of
    what was there then, folders without a slash at the end; None where nobody saw it.
    """

    states: Mapping[str, str]
    ended_at: datetime
    there: frozenset[str] | None = None


class Snapshots:
    """A `Snapshots` keeps a file for each command that runs now or was killed, in a private folder.

    `root` is the workspace that the commands run in.

    All of it blocks.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root

    def put(self, states: Mapping[str, str]) -> str | None:
        """Keeps names of states by path; returns the snapshot's name, None when it failed."""
        name = secrets.token_hex(8)
        data = json.dumps(dict(states)).encode()
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
            states = json.loads(path.read_bytes())
            ended_at = _ended_at(path)
        except (OSError, ValueError):
            return None
        there = _paths_in(_beside(path, THERE), self._root)
        return Snapshot(states, ended_at, there) if isinstance(states, dict) else None

    def remove(self, name: str | None) -> None:
        """Removes a snapshot, since the command's changes are recorded."""
        if name is not None:
            path = self._path(name)
            path.unlink(missing_ok=True)
            for ending in (ENDED, THERE):
                _beside(path, ending).unlink(missing_ok=True)

    def note_end(self, name: str) -> None:
        """Lets the end of a command be noted that is killed together with us."""
        own_trees().note_end(self._path(name), self._root)

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
            yield from snapshot.states.values() if snapshot else ()

    def _path(self, name: str) -> Path:
        # A name comes from a journal, which a person may have edited.
        return self._folder / f"{Path(name).name}.json"


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _paths_in(listing: Path, root: Path) -> frozenset[str] | None:
    try:
        names = listing.read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = os.fsencode(root) + b"/"
    return frozenset(os.fsdecode(name.removeprefix(prefix)) for name in names)


def _ended_at(path: Path) -> datetime:
    """Raises OSError for a snapshot that is gone."""
    alive_until = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        return datetime.fromtimestamp(_beside(path, ENDED).stat().st_mtime, UTC)
    except OSError:
        # Nobody was left to note it, as after a power cut. The last sign of life may be a
        # moment old, and so may the clock of the file system.
        return alive_until + 2 * ALIVE
