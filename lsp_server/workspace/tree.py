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
from lsp_server.workspace.blobs import EXECUTABLE, Blobs, content_name
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace

FILE_BYTES_MAX = 5_000_000
TOTAL_BYTES_MAX = 500_000_000
FILES_MAX = 200_000
"""Beyond these a file is known by its status alone, and its content is not kept."""

RACY_SECONDS = 2.0
SAVE_SECONDS = 5.0
"""The shortest time between two writes of the cache file."""

WATCHED = (".holdfast/goals.md", ".holdfast/config.toml")
"""Outside of the hash, as evidence is written into them; a change is still a change."""

NOT_KEPT = "status:"
"""Begins the name of a content that was not read."""

Status: TypeAlias = tuple[int, int, int, int, int]
"""mtime and ctime in nanoseconds, size in bytes, inode, mode."""

Keep: TypeAlias = Callable[[bytes], str]
"""Keeps a content and returns its SHA-256 in hexadecimal."""


class WorkingTree:
    """A `WorkingTree` names the content of every file of one workspace that counts.

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
        self._known: dict[str, tuple[Status, str]] | None = None
        self._last: Mapping[str, str] = {}
        self._saved_at = float("-inf")
        self._scanning = threading.Lock()

    async def hash(self) -> str:
        """Returns 16 hexadecimal digits that change whenever a file that counts does."""
        return tree_hash(await self.contents())

    async def contents(self) -> Mapping[str, str]:
        """Returns content names by path, sorted by path; the watched files among them."""
        return await asyncio.to_thread(self._scan)

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """Returns the paths of files that were written, moved or created later, watched ones included."""
        return await asyncio.to_thread(self._changed_since, moment.timestamp() * 1e9)

    def cached_names(self) -> frozenset[str]:
        """Returns names of contents that a later look may take for known and not read. Blocking."""
        return frozenset(name for _, name in _load(self._cache_file).values())

    def _changed_since(self, moment_ns: float) -> list[str]:
        statuses = islice(self._statuses(), FILES_MAX)
        return sorted(path for path, status in statuses if max(status[0], status[1]) > moment_ns)

    def _scan(self) -> Mapping[str, str]:
        # Two looks at the same time would both read every file.
        with self._scanning, self._keeping() as keep:
            known = self._known if self._known is not None else self._recalled()
            now_known: dict[str, tuple[Status, str]] = {}
            names: dict[str, str] = {}
            total_bytes = 0
            settled_ns = time.time_ns() - self._racy_ns
            for path, status in islice(self._statuses(), FILES_MAX):
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
            self._known = now_known
            self._save(changed=now_known != known)
            # Most of the time nothing changed, and whoever compares sees at once that it is the same.
            if names != self._last:
                self._last = dict(sorted(names.items()))
            return self._last

    def _statuses(self) -> Iterator[tuple[str, Status]]:
        for found in self._ignore.listings():
            for path, entry, within in found:
                if within is None:
                    try:
                        state = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue  # It went meanwhile.
                    yield path, _status(state)
        for path in WATCHED:
            with suppress(OSError):
                yield path, _status((self._workspace.root / path).lstat())

    def _recalled(self) -> dict[str, tuple[Status, str]]:
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
        file = f"{self._workspace.root}/{path}"
        mtime_ns, _, size, _, mode = status
        if stat.S_ISLNK(mode):
            with suppress(OSError):
                return NOT_KEPT + content_name(os.fsencode(Path(file).readlink()))
        if stat.S_ISREG(mode) and size <= FILE_BYTES_MAX and keep is not None:
            with suppress(OSError):
                digest = keep(read_seen(file, FILE_BYTES_MAX))
                return digest + EXECUTABLE * bool(mode & stat.S_IXUSR)
        return f"{NOT_KEPT}{size}:{mtime_ns}"

    def _save(self, *, changed: bool) -> None:
        now = time.monotonic()
        if self._cache_file and changed and now - self._saved_at >= SAVE_SECONDS:
            self._saved_at = now
            # Without the file every content is read once more, and that is all.
            with suppress(OSError):
                make_private(self._cache_file.parent)
                data = json.dumps(self._known).encode()
                replace_file(self._cache_file, data, durable=False)


def tree_hash(names: Mapping[str, str]) -> str:
    """Returns the hash of a working state that was looked at before: 16 hexadecimal digits."""
    # A NUL can be in no path, so two trees never give the same text.
    lines = (f"{path}\0{name}\n" for path, name in names.items() if path not in WATCHED)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _status(state: os.stat_result) -> Status:
    return (state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino, state.st_mode)


def _load(cache_file: Path | None) -> dict[str, tuple[Status, str]]:
    if cache_file is None:
        return {}
    try:
        rows = json.loads(cache_file.read_bytes())
        return {path: (tuple(status), str(name)) for path, (status, name) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
