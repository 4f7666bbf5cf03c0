"""This module looks at the working state: every file that counts, with the name of its content.

A file is read again only when its status changed, so a second look costs one
walk. A file changed less than `racy_seconds` before it was read is not trusted
to that: its clock may not have ticked for a change that came right after.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from lsp_server.settings.regular_files import read_seen
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.checkpoints.blobs import Blobs
from lsp_server.workspace.checkpoints.file_state import (
    NOT_KEPT,
    FileState,
    FolderState,
    LinkState,
    PathState,
    Reason,
    UnreadState,
    digest_of,
    hashed_name,
)
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

FILE_BYTES_MAX = 5_000_000
TOTAL_BYTES_MAX = 500_000_000
FILES_MAX = 200_000
"""Beyond these a file is known by its status alone, and its content is not kept."""

RACY_SECONDS = 2.0
SAVE_SECONDS = 5.0
"""The shortest time between two writes of the cache file."""

WATCHED = (".holdfast/goals.md", ".holdfast/config.toml")
"""Outside of the hash, as evidence is written into them; a change is still a change."""

Status: TypeAlias = tuple[int, int, int, int, int, int]
"""mtime and ctime in nanoseconds, size in bytes, inode, mode, number of names."""

Known: TypeAlias = dict[str, tuple[Status, str]]
"""The status at which a file was read, and the name of its state, by path."""

Keep: TypeAlias = Callable[[bytes], str]
"""Keeps a content and returns its SHA-256 in hexadecimal."""


class WorkingTree:
    """A `WorkingTree` names the state of every file of one workspace that counts.

    With `blobs` every content that is read is kept there. `cache_file` carries
    what is known from one process to the next.
    """

    def __init__(
        self,
        workspace: Workspace,
        ignore: Ignore,
        *,
        blobs: Blobs | None = None,
        cache_file: Path | None = None,
        racy_seconds: float = RACY_SECONDS,
    ) -> None:
        self._workspace = workspace
        self._ignore = ignore
        self._blobs = blobs
        self._cache_file = cache_file
        self._racy_ns = int(racy_seconds * 1e9)
        self._known: Known | None = None
        self._last: Mapping[str, str] = {}
        self._of_files: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
        """States, and those of files among them."""
        self.ignored: Sequence[str] = ()
        """What did not count at the last look; of a folder, which ends with `/`, nothing inside."""
        self.unseen: Mapping[str, str] = {}
        """What could not be looked at then, and why: names that no line can hold, closed folders."""
        self._saved_at = float("-inf")
        self._scanning = threading.Lock()

    async def hash(self) -> str:
        """Returns 16 hexadecimal digits that change whenever a file that counts does."""
        return await asyncio.to_thread(tree_hash, await self.contents())

    async def contents(self) -> Mapping[str, str]:
        """Returns the names of files' states by path, sorted by path; the watched files among them."""
        states = await self.states()
        if states is not self._of_files[0]:
            files = {path: name for path, name in states.items() if path[-1] != "/"}
            self._of_files = states, files
        return self._of_files[1]

    async def states(self) -> Mapping[str, str]:
        """Returns the same with all folders that count, whose paths end with a slash."""
        return await asyncio.to_thread(self._scan)

    async def changed_since(self, moment: datetime, *, folders: bool = False) -> Sequence[str]:
        """Returns the paths of files that were written, moved or created later, watched ones included.

        With `folders` also those in which something came or went, or whose mode changed.
        """
        changed = await asyncio.to_thread(self._changed_since, moment.timestamp() * 1e9)
        return [path for path in changed if folders or path[-1] != "/"]

    def cached_names(self) -> frozenset[str]:
        """Returns names of contents that a later look may take for known and not read. Blocking."""
        return frozenset(name for _, name in _load(self._cache_file).values())

    def _changed_since(self, moment_ns: float) -> list[str]:
        statuses = islice(self._statuses(), FILES_MAX)
        return sorted(path for path, status in statuses if max(status[0], status[1]) > moment_ns)

    def _scan(self) -> Mapping[str, str]:
        # Two looks at the same time would both read every file.
        with self._scanning:
            known = self._known if self._known is not None else self._recalled()
            with self._keeping() as keep:
                names, now_known = self._look(known, keep)
            if self._blobs and self._blobs.problem:
                # What was read now is perhaps not kept, so it is not believed.
                now_known = {path: row for path, row in known.items() if now_known.get(path) is row}
            self._known = now_known
            self._save(changed=now_known != known)
            # Most of the time nothing changed, and whoever compares sees at once that it is the same.
            if names != self._last:
                self._last = dict(sorted(names.items()))
            return self._last

    def _look(self, known: Known, keep: Keep) -> tuple[dict[str, str], Known]:
        """Names the states of all that counts; what is not known is read."""
        now_known: Known = {}
        names: dict[str, str] = {}
        total_bytes = 0
        settled_ns = time.time_ns() - self._racy_ns
        for path, status in islice(self._statuses(), FILES_MAX):
            if path[-1] == "/":
                names[path] = str(FolderState(stat.S_IMODE(status[4])))
                continue
            total_bytes += status[2]
            before = known.get(path)
            if before is not None and before[0] == status:
                now_known[path] = before
                names[path] = before[1]
                continue
            few = total_bytes <= TOTAL_BYTES_MAX
            names[path] = self._name(path, status, keep if few else None)
            # A younger one is read again next time: see RACY_SECONDS above.
            if max(status[0], status[1]) < settled_ns:
                now_known[path] = (status, names[path])
        return names, now_known

    def _statuses(self) -> Iterator[tuple[str, Status]]:
        ignored: list[str] = []
        unseen: dict[str, str] = {}
        for found in self._ignore.listings(ignored.append, unseen.__setitem__):
            for path, entry, _ in found:
                try:
                    state = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # It went meanwhile.
                if unseen:  # Of a file of rules only these are not known.
                    unseen.pop(path, None)
                yield path, status_of(state)
        self.ignored, self.unseen = ignored, unseen
        for path in WATCHED:
            with suppress(OSError):
                yield path, status_of((self._workspace.root / path).lstat())

    def _recalled(self) -> Known:
        """What the last process knew, without what is not kept: a power cut may have cost contents."""
        known = _load(self._cache_file)
        if self._blobs is None:
            return known
        kept = self._blobs.kept(name for _, name in known.values())
        return {
            path: row
            for path, row in known.items()
            if row[1] in kept or row[1].startswith(NOT_KEPT)
        }

    @contextmanager
    def _keeping(self) -> Iterator[Keep]:
        """Gives what keeps the contents that are read within."""
        if self._blobs is None:
            yield lambda data: hashlib.sha256(data).hexdigest()
        else:
            with self._blobs.batch() as batch:
                yield batch.put

    def _name(self, path: str, status: Status, keep: Keep | None) -> str:
        return str(look_at(f"{self._workspace.root}/{path}", status, keep))

    def _save(self, *, changed: bool) -> None:
        now = time.monotonic()
        if self._cache_file and changed and now - self._saved_at >= SAVE_SECONDS:
            self._saved_at = now
            # Without the file every content is read once more, and that is all.
            with suppress(OSError):
                make_private(self._cache_file.parent)
                data = json.dumps(self._known).encode()
                replace_file(self._cache_file, data, private=True, durable=False)


def look_at(file: str, status: Status, keep: Keep | None) -> PathState:
    """Returns the state of a path that is no folder. Blocking.

    `keep` takes the content of a file, or the target of a link; with None too much was
    read already.
    """
    mtime_ns, _, size, _, mode, links = status
    reason: Reason = "unreadable"
    if stat.S_ISLNK(mode):
        with suppress(OSError):
            target = os.fsencode(Path(file).readlink())
            return LinkState(keep(target) if keep else digest_of(target))
    elif not stat.S_ISREG(mode):
        reason = "special"
    elif size > FILE_BYTES_MAX:
        reason = "large"
    elif keep is None:
        reason = "total"
    else:
        with suppress(OSError):
            digest = keep(read_seen(file, FILE_BYTES_MAX))
            return FileState(digest, stat.S_IMODE(mode), is_linked=links > 1)
    return UnreadState(reason, f"{size}:{mtime_ns}")


def tree_hash(names: Mapping[str, str]) -> str:
    """Returns the hash of a working state that was looked at before: 16 hexadecimal digits."""
    # A NUL can be in no path, so two trees never give the same text.
    lines = (
        f"{path}\0{hashed_name(name)}\n" for path, name in names.items() if path not in WATCHED
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def status_of(state: os.stat_result) -> Status:
    """Returns what of a file's status tells whether it changed."""
    times = state.st_mtime_ns, state.st_ctime_ns
    return (*times, state.st_size, state.st_ino, state.st_mode, state.st_nlink)


def _load(cache_file: Path | None) -> dict[str, tuple[Status, str]]:
    if cache_file is None:
        return {}
    try:
        rows = json.loads(cache_file.read_bytes())
        return {path: (tuple(status), str(name)) for path, (status, name) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
