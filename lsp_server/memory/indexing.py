"""The index of a workspace's code, brought up to what is on disk.

The truth is the difference between what is on disk and what the table of files
says; an editor's word that a file changed is a hint that saves the walk. Chunks
are written before the row of their file, so whatever interrupts, the next
difference finds the file again, and writing twice is writing once.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

from lsp_server.memory.chunking import CHUNKING_VERSION
from lsp_server.memory.languages import DATA, PROSE
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import (
    FileRead,
    ReadRequest,
    Row,
    bytes_of,
    embedded_text,
    is_test,
    stamp_of,
)
from lsp_server.memory.table_schema import TableSchema
from lsp_server.memory.tables import Database, Table, is_one_of
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import NO_SECRETS, Secrets, is_secret_file
from lsp_server.workspace.ignore import RULE_FILES, Ignore
from lsp_server.workspace.paths import Workspace

FILES_MAX = 200_000
AFTER = chr(ord("/") + 1)
"""Behind a path it sorts after all that is in that folder."""
COMMIT_ROWS = 2_000
COMMIT_FILES = 500
OPTIMIZE_ROWS_MIN = 1_000
"""Rows in one go after which the full text index takes them in at once."""
EMBED_TEXTS = 8
EMBED_COMMIT_ROWS = 256
EMBED_COMMIT_SECONDS = 10.0

VECTORS_OF = "chunk"
"""Begins the name of the table of the chunks' vectors."""
CODE_VERSION = 1
FILES = TableSchema(
    "files",
    CODE_VERSION * 1_000 + CHUNKING_VERSION,
    {
        "path": "text",
        "stamp": "text",
        "hash": "text",
        "language": "text",
        "chunks": "count",
        "skipped": "text",
    },
    {"path": "btree"},
)
CHUNKS = TableSchema(
    "chunks",
    CODE_VERSION * 1_000 + CHUNKING_VERSION,
    {
        "id": "text",
        "path": "text",
        "language": "text",
        "kind": "text",
        "symbol": "text",
        "defines": "text",
        "start_line": "count",
        "end_line": "count",
        "text": "text",
        "words": "text",
        "vector_key": "text",
        "is_test": "flag",
    },
    {"id": "btree", "path": "btree", "vector_key": "btree", "words": "words"},
)


def is_of_code(table: str) -> bool:
    """Whether a table, by its name, belongs to the code index."""
    return table in (FILES.name, CHUNKS.name) or table.startswith(VECTORS_OF)


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """What the table says of a file."""

    stamp: str
    hash: str
    chunks: int
    skipped: str


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """Files, chunks, and files that are skipped by the reason why."""

    files: int
    chunks: int
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """Files read of those to read; `chunks` counts the rows that came of them."""

    done: int
    total: int
    chunks: int


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run did: files changed, removed and skipped with reasons, chunks, seconds."""

    files: int
    changed: int
    removed: int
    skipped: int
    chunks: int
    seconds: float


Report: TypeAlias = Callable[[IndexProgress], None]


def no_progress(_: IndexProgress) -> None:
    """Reports to nobody."""


class CodeIndex:
    """The tables `files` and `chunks`. One caller at a time may write.

    `unwalked` are the folders and names that the last walk could not enter or write, and why.
    """

    def __init__(
        self,
        database: Database,
        workspace: Workspace,
        vectors: VectorTable,
        readers: ParseWorkers,
        *,
        file_bytes_max: int,
        secrets: Callable[[], Secrets],
    ) -> None:
        self._database = database
        self._workspace = workspace
        self._ignore = Ignore(workspace)
        self._vectors = vectors
        self._readers = readers
        self._file_bytes_max = file_bytes_max
        self._look_for_secrets = secrets
        self.secrets = NO_SECRETS
        """Those of the last look, which is had before each walk."""
        self._files: Table | None = None
        self._chunks: Table | None = None
        self.known: dict[str, IndexedFile] = {}
        self.unwalked: dict[str, str] = {}
        self._tally: IndexCounts | None = None
        self.backlog = Backlog()

    async def open(self, *, writes: bool) -> None:
        """Raises MemoryUnavailable."""
        self._files = await self._database.table(FILES, writes=writes)
        self._chunks = await self._database.table(CHUNKS, writes=writes)
        rows = await self._files.rows(["path", "stamp", "hash", "chunks", "skipped"])
        self._tally = None
        self.known = {
            row["path"]: IndexedFile(row["stamp"], row["hash"], row["chunks"], row["skipped"])
            for row in rows
        }
        self.backlog = Backlog()
        if writes:
            await self._check()

    async def rebuild(self) -> None:
        """Empty tables; vectors stay, as they belong to contents. Raises MemoryUnavailable."""
        await self._database.replace(FILES)
        await self._database.replace(CHUNKS)
        await self.open(writes=True)

    @property
    def chunks(self) -> Table:
        assert self._chunks is not None, "open it first"
        return self._chunks

    async def bring_up(self, report: Report = no_progress) -> IndexReport:
        """The whole workspace. Raises MemoryUnavailable."""
        started = time.monotonic()
        self.secrets = await asyncio.to_thread(self._look_for_secrets)
        found = await asyncio.to_thread(self._scan)
        changed = [path for path, stamp in found.items() if self._may_differ(path, stamp)]
        gone = self.known.keys() - found.keys()
        rows, removed = await self._apply(changed, gone, report)
        if rows >= OPTIMIZE_ROWS_MIN:
            await self.chunks.optimize()
            await self._table_of_files().optimize()
        return self._reported(len(changed), removed, rows, started)

    async def update(self, paths: Iterable[Path], report: Report = no_progress) -> IndexReport:
        """Files and folders that may have changed, appeared or gone. Raises MemoryUnavailable."""
        started = time.monotonic()
        inside = [path for path in paths if self._workspace.inside(path)]
        relative = {self._workspace.relative(path) for path in inside}
        if any(_needs_walk(path) for path in relative):
            return await self.bring_up(report)
        wanted, gone = await asyncio.to_thread(self._sorted_out, relative)
        rows, removed = await self._apply(sorted(wanted), gone, report, urgent=True)
        return self._reported(len(wanted), removed, rows, started)

    @property
    def tally(self) -> IndexCounts:
        """Counted once after each change: there may be many files, and many who ask."""
        if self._tally is None:
            known = self.known.values()
            reasons = (one.skipped for one in known if one.skipped)
            skipped = Counter([*reasons, *self.unwalked.values()])
            self._tally = IndexCounts(len(known), sum(one.chunks for one in known), skipped)
        return self._tally

    async def embed(self) -> dict[str, Sequence[float]]:
        """The next few vectors that are missing, by key. Raises MemoryUnavailable."""
        keys = self.backlog.first(EMBED_TEXTS)
        where = is_one_of("vector_key", keys)
        rows = await self.chunks.rows(["vector_key", "symbol", "text"], where) if keys else []
        texts = {row["vector_key"]: embedded_text(row["symbol"], row["text"]) for row in rows}
        vectors = await self._vectors.embed(list(texts.values()))
        self.backlog.remove(keys)
        return dict(zip(texts, vectors, strict=True))

    async def used_keys(self) -> set[str]:
        """Of the vectors that chunks point to."""
        return {row["vector_key"] for row in await self.chunks.rows(["vector_key"])}

    def _scan(self) -> dict[str, str]:
        found: dict[str, str] = {}
        unwalked: dict[str, str] = {}
        for path, entry in islice(self._ignore.scan(None, unwalked.__setitem__), FILES_MAX):
            with suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                if S_ISREG(state.st_mode):
                    found[path] = stamp_of(state, self.secrets)
        if len(found) >= FILES_MAX:
            unwalked["."] = f"there are more than {FILES_MAX:,} files; ignore some"
        self.unwalked, self._tally = unwalked, None
        return found

    def _may_differ(self, path: str, stamp: str) -> bool:
        known = self.known.get(path)
        # The limit may have moved: what was refused unread is asked again, which is cheap, and
        # what is indexed may be too large by now.
        large = bytes_of(stamp) > self._file_bytes_max
        return known is None or known.stamp != stamp or not known.hash or large

    def _sorted_out(self, relative: Collection[str]) -> tuple[set[str], set[str]]:
        """Which files to read and which are gone."""
        wanted: set[str] = set()
        gone: set[str] = set()
        ordered = sorted(self.known)
        for path in relative:
            start, end = bisect_left(ordered, f"{path}/"), bisect_left(ordered, f"{path}{AFTER}")
            below = set(ordered[start:end])
            file = self._workspace.root / path
            if file.is_symlink() or self._ignore.matches(file):
                gone |= {path, *below}
            elif file.is_dir():
                there = set(self._ignore.walk(file))
                wanted |= there
                gone |= {path, *below} - there
            else:
                wanted.add(path)
                gone |= below
        return wanted - gone, gone & self.known.keys()

    async def _apply(
        self, paths: Sequence[str], gone: Collection[str], report: Report, *, urgent: bool = False
    ) -> tuple[int, int]:
        """Chunks written and files removed."""
        removed = await self._remove(gone)
        if not paths:
            return 0, removed
        hashes = {path: self.known[path].hash for path in paths if path in self.known}
        root = str(self._workspace.root)
        limit = self._file_bytes_max
        wanted = ReadRequest(root, tuple(paths), hashes, limit, secrets=self.secrets)
        batch: list[FileRead] = []
        rows = done = 0
        async with aclosing(self._readers.read(wanted)) as answers:
            async for answer in answers:
                removed += await self._remove([read.path for read in answer if read.gone])
                batch += [read for read in answer if not read.gone]
                done += len(answer)
                if len(batch) >= COMMIT_FILES or sum(map(_row_count, batch)) >= COMMIT_ROWS:
                    rows += await self._commit(batch, urgent=urgent)
                    batch = []
                report(IndexProgress(done, len(paths), rows))
        rows += await self._commit(batch, urgent=urgent)
        report(IndexProgress(done, len(paths), rows))
        return rows, removed

    async def _commit(self, batch: Sequence[FileRead], *, urgent: bool) -> int:
        """Chunks first, then their files."""
        new = {read.path: self._known(read) for read in batch}
        news = [read for read in batch if self.known.get(read.path) != new[read.path]]
        fresh = [read for read in news if read.rows is not None]
        rows = [row for read in fresh for row in read.rows or ()]
        changed_lines = [read.path for read in fresh if read.rows or self._has_chunks(read.path)]
        if changed_lines:
            await self.chunks.put(rows, scope=is_one_of("path", changed_lines))
        await self._table_of_files().put([self._file_row(read) for read in news])
        self.known |= new
        self._tally = None
        self.backlog.add((row for row in rows if self._lacks_vector(row)), urgent=urgent)
        return len(rows)

    async def _remove(self, paths: Iterable[str]) -> int:
        going = iter(sorted(self.known.keys() & set(paths)))
        removed = 0
        while part := list(islice(going, COMMIT_FILES)):
            where = is_one_of("path", part)
            if any(self._has_chunks(path) for path in part):
                await self.chunks.delete(where)
            await self._table_of_files().delete(where)
            self._tally = None
            for path in part:
                del self.known[path]
            removed += len(part)
        return removed

    async def _check(self) -> None:
        """Finds what an earlier process left: files to read again, chunks of none, no vectors."""
        rows = await self.chunks.rows(["vector_key", "path", "language"])
        there = Counter(row["path"] for row in rows)
        for path, known in self.known.items():
            if there[path] != known.chunks:
                self.known[path] = IndexedFile("", "", max(1, there[path]), "")
        strays = iter(sorted(there.keys() - self.known.keys()))
        while part := list(islice(strays, COMMIT_FILES)):
            await self.chunks.delete(is_one_of("path", part))
        self.backlog.add(row for row in rows if self._lacks_vector(row))

    def _lacks_vector(self, row: Row) -> bool:
        return row["vector_key"] not in self._vectors.keys

    def _has_chunks(self, path: str) -> bool:
        # A file that is not known may have chunks from a run that was cut short.
        known = self.known.get(path)
        return known is None or known.chunks > 0

    def _known(self, read: FileRead) -> IndexedFile:
        same = read.rows is None
        chunks = self.known[read.path].chunks if same else _row_count(read)
        return IndexedFile(read.stamp, read.hash, chunks, read.skipped)

    def _file_row(self, read: FileRead) -> Row:
        known = self._known(read)
        return {
            "path": read.path,
            "stamp": known.stamp,
            "hash": known.hash,
            "language": read.language,
            "chunks": known.chunks,
            "skipped": known.skipped,
        }

    def _table_of_files(self) -> Table:
        assert self._files is not None, "open it first"
        return self._files

    def _reported(self, changed: int, removed: int, rows: int, started: float) -> IndexReport:
        skipped = sum(self.tally.skipped.values())
        seconds = time.monotonic() - started
        return IndexReport(len(self.known), changed, removed, skipped, rows, seconds)


def _needs_walk(path: str) -> bool:
    """Whether more than this path may count anew, or only the walk knows what to do with it."""
    name = path.rpartition("/")[2]
    # What a file for secrets holds may stand in any other.
    return path == "." or name in RULE_FILES or is_secret_file(name) or not path.isprintable()


def _row_count(read: FileRead) -> int:
    return len(read.rows or ())


class Backlog:
    """Keys of vectors that are to be made: what was just saved, then source, tests, the rest."""

    def __init__(self) -> None:
        self._lanes: tuple[dict[str, None], ...] = ({}, {}, {}, {})

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    def add(self, rows: Iterable[Row], *, urgent: bool = False) -> None:
        for row in rows:
            lane = 0 if urgent else _lane(row["path"], row["language"])
            self._lanes[lane][row["vector_key"]] = None

    def first(self, count: int) -> list[str]:
        return list(islice(self._keys(), count))

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            for lane in self._lanes:
                lane.pop(key, None)

    def _keys(self) -> Iterator[str]:
        for lane in self._lanes:
            yield from lane


def _lane(path: str, language: str) -> int:
    if language in PROSE or language in DATA:
        return 3
    return 2 if is_test(path) else 1
