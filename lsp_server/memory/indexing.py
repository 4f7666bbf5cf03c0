"""A `CodeIndexer` brings the code index of a workspace up to what is on disk.

The truth is the difference between the disk and the table of files. A hint that
a file changed, from an editor or a watcher, only saves the walk over all files.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

from lsp_server.memory.code_tables import CodeTables, IndexCounts
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import FileRead, ReadRequest, bytes_of, row_count, stamp_of
from lsp_server.redaction.secrets import NO_SECRETS, Secrets, is_secret_file
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.git.rule_sources import is_rule_file

FILES_MAX = 200_000
COMMIT_ROWS = 2_000
COMMIT_FILES = 500
OPTIMIZE_ROWS_MIN = 1_000
"""After so many rows in one index run, the full text index takes them in at once."""
AFTER_FOLDER = chr(ord("/") + 1)
"""A folder's name with this behind it sorts after all paths in the folder."""


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """`IndexProgress` is the state of an index run: files read, files to read, chunks written."""

    done: int
    total: int
    chunks: int


@dataclass(frozen=True, slots=True)
class IndexReport:
    """An `IndexReport` is the result of an index run.

    `files` are in the index now, `skipped` of them without chunks; `changed` were
    read, `removed` are gone; `chunks` were written, in `seconds`.
    """

    files: int
    changed: int
    removed: int
    skipped: int
    chunks: int
    seconds: float


Report: TypeAlias = Callable[[IndexProgress], None]
"""Is called as an index run progresses."""


def ignore_progress(_: IndexProgress) -> None:
    """Does nothing: a `Report` for a caller that shows no progress."""


class CodeIndexer:
    """Compares a workspace with its code index and writes the difference.

    One caller at a time. `look_for_secrets` finds what must get into no row, and may
    block. `secrets` are those of the last look, which comes before each walk.
    """

    def __init__(
        self,
        tables: CodeTables,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        file_bytes_max: int,
        look_for_secrets: Callable[[], Secrets],
    ) -> None:
        self.secrets = NO_SECRETS
        self._tables = tables
        self._workspace = workspace
        self._ignore = Ignore(workspace)
        self._workers = workers
        self._file_bytes_max = file_bytes_max
        self._look_for_secrets = look_for_secrets
        self._unwalked: dict[str, str] = {}
        """Folders and names that the last walk could not take in, and why."""

    @property
    def counts(self) -> IndexCounts:
        """Returns the size of the index; `skipped` also counts what could not be walked."""
        counts = self._tables.counts
        if not self._unwalked:
            return counts
        return replace(
            counts, skipped=Counter([*self._unwalked.values()]) + Counter(counts.skipped)
        )

    async def sync(self, report: Report = ignore_progress) -> IndexReport:
        """Compares all files and reads what differs. Raises MemoryUnavailable."""
        started = time.monotonic()
        # Before the walk: the stamps of files depend on the secrets in them.
        self.secrets = await asyncio.to_thread(self._look_for_secrets)
        found = await asyncio.to_thread(self._scan)
        changed = [path for path, stamp in found.items() if self._may_differ(path, stamp)]
        gone = self._tables.known.keys() - found.keys()
        rows, removed = await self._apply(changed, gone, report)
        # Until the full text index has them, every query looks through all new rows.
        if rows >= OPTIMIZE_ROWS_MIN:
            await self._tables.chunks.upkeep.optimize()
            await self._tables.files.upkeep.optimize()
        return self._finish(len(changed), removed, rows, started)

    async def update(self, paths: Iterable[Path], report: Report = ignore_progress) -> IndexReport:
        """Reads files and folders that may have changed, appeared or gone.

        Raises MemoryUnavailable.
        """
        started = time.monotonic()
        inside = [path for path in paths if self._workspace.inside(path)]
        relative = {self._workspace.relative(path) for path in inside}
        if any(_needs_walk(path) for path in relative):
            return await self.sync(report)
        wanted, gone = await asyncio.to_thread(self._sort_paths, relative)
        rows, removed = await self._apply(sorted(wanted), gone, report, urgent=True)
        return self._finish(len(wanted), removed, rows, started)

    def _scan(self) -> dict[str, str]:
        """Returns the stamps of all files that count, by path. Blocking."""
        found: dict[str, str] = {}
        unwalked: dict[str, str] = {}
        for path, entry in islice(self._ignore.scan(None, unwalked.__setitem__), FILES_MAX):
            with suppress(OSError):  # It went meanwhile.
                state = entry.stat(follow_symlinks=False)
                if S_ISREG(state.st_mode):
                    found[path] = stamp_of(state, self.secrets)
        if len(found) >= FILES_MAX:
            unwalked["."] = f"there are more than {FILES_MAX:,} files; ignore some"
        self._unwalked = unwalked
        return found

    def _may_differ(self, path: str, stamp: str) -> bool:
        known = self._tables.known.get(path)
        # The limit may have changed: a file that was refused unread is asked again, which is
        # cheap, and one that is indexed may be too large by now.
        large = bytes_of(stamp) > self._file_bytes_max
        return known is None or known.stamp != stamp or not known.hash or large

    def _sort_paths(self, relative: Collection[str]) -> tuple[set[str], set[str]]:
        """Returns the files to read, and those that are gone. Blocking."""
        wanted: set[str] = set()
        gone: set[str] = set()
        ordered = sorted(self._tables.known)
        for path in relative:
            start = bisect_left(ordered, f"{path}/")
            below = set(ordered[start : bisect_left(ordered, f"{path}{AFTER_FOLDER}")])
            file = self._workspace.root / path
            # Links are not followed, so what was found behind one before is gone.
            if file.is_symlink() or self._ignore.matches(file):
                gone |= {path, *below}
            elif file.is_dir():
                there = set(self._ignore.walk(file))
                wanted |= there
                gone |= {path, *below} - there
            else:
                wanted.add(path)
                gone |= below
        return wanted - gone, gone & self._tables.known.keys()

    async def _apply(
        self, paths: Sequence[str], gone: Collection[str], report: Report, *, urgent: bool = False
    ) -> tuple[int, int]:
        """Reads and removes files; returns the number of chunks written and files removed."""
        # First, so that a file that was renamed is not found twice meanwhile.
        removed = await self._tables.remove(gone)
        if not paths:
            return 0, removed
        batch: list[FileRead] = []
        rows = done = 0
        async with aclosing(self._workers.read(self._request(paths))) as answers:
            async for answer in answers:
                removed += await self._tables.remove(read.path for read in answer if read.gone)
                batch += [read for read in answer if not read.gone]
                done += len(answer)
                if len(batch) >= COMMIT_FILES or row_count(batch) >= COMMIT_ROWS:
                    rows += await self._tables.put(batch, urgent=urgent)
                    batch = []
                report(IndexProgress(done, len(paths), rows))
        rows += await self._tables.put(batch, urgent=urgent)
        report(IndexProgress(done, len(paths), rows))
        return rows, removed

    def _request(self, paths: Sequence[str]) -> ReadRequest:
        known = self._tables.known
        return ReadRequest(
            str(self._workspace.root),
            tuple(paths),
            {path: known[path].hash for path in paths if path in known},
            self._file_bytes_max,
            secrets=self.secrets,
        )

    def _finish(self, changed: int, removed: int, rows: int, started: float) -> IndexReport:
        skipped = sum(self.counts.skipped.values())
        seconds = time.monotonic() - started
        return IndexReport(len(self._tables.known), changed, removed, skipped, rows, seconds)


def _needs_walk(path: str) -> bool:
    """Says whether other files may count now too, or only the walk can deal with this path."""
    name = path.rpartition("/")[2]
    # A value in a file for secrets may occur in any other file.
    return path == "." or is_rule_file(path) or is_secret_file(name) or not path.isprintable()
