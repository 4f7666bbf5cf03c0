"""`CodeTables` hold the code index: the tables of files, chunks and chunk vectors.

Chunks are written before the row of their file. Whatever interrupts a write, the
next comparison with the disk finds the file again, and writing twice is writing
once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from sys import intern

from lsp_server.domain.memories import CodeChunk
from lsp_server.memory.backlog import Backlog
from lsp_server.memory.chunk_schema import CHUNKS, FILES, IndexedFile, embedded_text
from lsp_server.memory.database import Database
from lsp_server.memory.parsing import FileRead
from lsp_server.memory.sql import equals, is_one_of
from lsp_server.memory.table import Table
from lsp_server.memory.table_schema import Row
from lsp_server.memory.vectors import VectorTable

DELETE_FILES = 500
"""Files whose rows are deleted in one commit."""


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """`IndexCounts` has the numbers of files, chunks, and skipped files by the reason why."""

    files: int
    chunks: int
    skipped: Mapping[str, int]


class CodeTables:
    """`CodeTables` keep the code index. One caller at a time may write; any may read meanwhile.

    `known` are the rows of the table of files by path, `backlog` the chunks that
    lack a vector. Each method that waits raises MemoryUnavailable.
    """

    def __init__(self, database: Database, vectors: VectorTable) -> None:
        self.vectors = vectors
        self.known: dict[str, IndexedFile] = {}
        self.backlog = Backlog()
        self.writes = False
        self._database = database
        self._files: Table | None = None
        self._chunks: Table | None = None
        self._counts: IndexCounts | None = None

    async def open(self, *, writes: bool) -> None:
        """Opens the tables; with `writes` also finds what an interrupted write left undone."""
        self.writes = writes
        self._files = await self._database.table(FILES.table, writes=writes)
        self._chunks = await self._database.table(CHUNKS.table, writes=writes)
        self._counts = None
        rows = await self._files.rows(FILES.columns)
        # In threads, here and below: of half a million rows, each look takes a good part of a second.
        self.known = await asyncio.to_thread(_files_of, rows)
        self.backlog = Backlog()
        if writes:
            await self._check()

    async def clear(self) -> None:
        """Empties the tables; vectors stay, as they belong to contents."""
        await self._database.replace(FILES.table)
        await self._database.replace(CHUNKS.table)
        await self.open(writes=True)

    @property
    def files(self) -> Table:
        """Returns the table of files."""
        assert self._files is not None, "open it first"
        return self._files

    @property
    def chunks(self) -> Table:
        """Returns the table of chunks."""
        assert self._chunks is not None, "open it first"
        return self._chunks

    @property
    def counts(self) -> IndexCounts:
        """Returns the size of the index; counted once after each change, as many ask."""
        if self._counts is None:
            files = self.known.values()
            skipped = Counter(file.skipped for file in files if file.skipped)
            self._counts = IndexCounts(len(files), sum(file.chunks for file in files), skipped)
        return self._counts

    async def get(self, chunk_id: str) -> CodeChunk | None:
        """Returns the chunk with this id, None when there is none."""
        rows = await self.chunks.rows(CHUNKS.columns, equals("id", chunk_id), 1)
        return CHUNKS.record(rows[0]) if rows else None

    async def put(self, reads: Sequence[FileRead], *, urgent: bool) -> int:
        """Stores files that were read, in two commits; returns how many chunks were written.

        The vectors of `urgent` files are made first.
        """
        changed = [read for read in reads if self.known.get(read.path) != self._file(read)]
        cut = [read for read in changed if read.rows is not None]
        rows = [row for read in cut for row in read.rows or ()]
        paths = [read.path for read in cut if read.rows or self._may_have_chunks(read.path)]
        if paths:
            # One commit: a search sees all of a file as it was, or all of it as it is.
            await self.chunks.put(rows, scope=is_one_of("path", paths))
        files = {read.path: self._file(read) for read in changed}
        await self.files.put([FILES.row(file) for file in files.values()])
        self.known |= files
        self._counts = None
        self.backlog.add((row for row in rows if self._lacks_vector(row)), urgent=urgent)
        return len(rows)

    async def remove(self, paths: Iterable[str]) -> int:
        """Deletes files and their chunks; returns how many of them were known."""
        # In parts: a condition that names all files of a branch would be megabytes.
        going = iter(sorted(self.known.keys() & set(paths)))
        removed = 0
        while part := list(islice(going, DELETE_FILES)):
            where = is_one_of("path", part)
            if any(self._may_have_chunks(path) for path in part):
                await self.chunks.delete(where)
            await self.files.delete(where)
            self._counts = None
            for path in part:
                del self.known[path]
            removed += len(part)
        return removed

    async def embed(self, count: int) -> Mapping[str, Sequence[float]]:
        """Makes the vectors of up to `count` chunks of the backlog; returns them by key."""
        # The backlog has keys alone: at the start, the texts may be 100 MB.
        keys = self.backlog.first(count)
        where = is_one_of("vector_key", keys)
        rows = await self.chunks.rows(["vector_key", "symbol", "text"], where) if keys else []
        texts = {row["vector_key"]: embedded_text(row["symbol"], row["text"]) for row in rows}
        vectors = await self.vectors.embed(list(texts.values()))
        self.backlog.remove(keys)
        return dict(zip(texts, vectors, strict=True))

    async def used_keys(self) -> set[str]:
        """Returns the keys of the vectors that chunks point to."""
        rows = await self.chunks.rows(["vector_key"])
        return await asyncio.to_thread(lambda: {row["vector_key"] for row in rows})

    async def _check(self) -> None:
        """Finds files to read again, chunks without a file, and chunks without a vector."""
        rows = await self.chunks.rows(["vector_key", "path", "language"])
        stored = await asyncio.to_thread(lambda: Counter(row["path"] for row in rows))
        for path, file in self.known.items():
            if stored[path] != file.chunks:
                # Without a hash, the next comparison reads it again.
                unknown = IndexedFile(path, "", "", file.language, max(1, stored[path]), "")
                self.known[path] = unknown
        strays = iter(sorted(stored.keys() - self.known.keys()))
        while part := list(islice(strays, DELETE_FILES)):
            await self.chunks.delete(is_one_of("path", part))
        await asyncio.to_thread(
            lambda: self.backlog.add(row for row in rows if self._lacks_vector(row))
        )

    def _lacks_vector(self, row: Row) -> bool:
        return row["vector_key"] not in self.vectors.keys

    def _may_have_chunks(self, path: str) -> bool:
        # A file that is not known may have chunks from a write that was cut short.
        file = self.known.get(path)
        return file is None or file.chunks > 0

    def _file(self, read: FileRead) -> IndexedFile:
        # Without rows, the content is the one that is known.
        known = self.known[read.path] if read.rows is None else None
        return IndexedFile(
            read.path,
            read.stamp,
            read.hash,
            intern(read.language),
            known.chunks if known else len(read.rows or ()),
            known.skipped if known else read.skipped,
        )


def _files_of(rows: Iterable[Row]) -> dict[str, IndexedFile]:
    # One text for each language, not one for each file.
    files = (FILES.record({**row, "language": intern(row["language"])}) for row in rows)
    return {file.path: file for file in files}
