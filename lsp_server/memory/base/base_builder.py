"""A `BaseBuilder` writes a base of repositories at their commits, and publishes it.

What it writes shows to nobody until a build is published, in one commit of the table of
builds. A build that was cut short left rows; the next one finds which files are complete,
goes on with the others, and removes what belongs to none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from lsp_server.domain.errors import MemoryUnavailable, ModelError
from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.base_reader import read_builds
from lsp_server.memory.base.base_schema import (
    BASE_CHUNKS,
    BASE_FILES,
    BUILDS,
    FORMAT,
    BaseBuild,
    BaseFile,
    row_key,
    vectors_schema,
)
from lsp_server.memory.base.base_source import BaseSource, FileReader
from lsp_server.memory.base.base_tables import BaseTables
from lsp_server.memory.base.lease import Lease, hold_lease
from lsp_server.memory.base.stored_vectors import StoredVectors
from lsp_server.memory.base.unit_vectors import UnitVectors
from lsp_server.memory.chunk_schema import embedded_text
from lsp_server.memory.database import Database
from lsp_server.memory.parsing import FileRead, row_count
from lsp_server.memory.sql import equals, is_one_of
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table import Table
from lsp_server.memory.table_schema import Row

COMMIT_ROWS = 20_000
"""Rows that are written in one commit; a small one costs as much."""
COMMIT_FILES = 5_000
VECTORS_AT_ONCE = 256
DELETE_ROWS = 1_000
SOURCES_AT_ONCE = 64
"""Repositories that share commits; what is known of their files is held at once."""
KEEP_SECONDS = 7 * 86_400.0
"""Versions that readers may have pinned stay for so long."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a stage, how many are done, and of how many."""
SourceRead: TypeAlias = tuple[BaseSource, FileRead]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """A `BuildReport` is what a build did: files read and gone, chunks written.

    `embedded` texts got a vector made, `reused` ones had theirs in the base. `builds` are
    what was published.
    """

    files: int
    removed: int
    chunks: int
    embedded: int
    reused: int
    builds: tuple[BaseBuild, ...]


class BaseBuilder:
    """A `BaseBuilder` writes the base at `uri`; one at a time does, by a lease in the store.

    `reader` reads and cuts files, `embedder` gets up to `vectors_at_once` texts. `progress` is called as it goes on.
    """

    def __init__(
        self,
        uri: str,
        embedder: Embedder,
        reader: FileReader,
        *,
        vectors_at_once: int = VECTORS_AT_ONCE,
        progress: Progress = lambda *_: None,
    ) -> None:
        self._uri = uri
        self._embedder = embedder
        self._reader = reader
        self._vectors_at_once = vectors_at_once
        self._progress = progress

    async def build(self, sources: Sequence[BaseSource], *, full: bool = False) -> BuildReport:
        """Brings the base to the commits of the sources; other repositories in it stay.

        With `full` all files are read again. May be cancelled and begun again at any time.
        Raises MemoryUnavailable, also while another process builds, and ConfigurationError.
        """
        database = await Database.open(
            StoragePlace(self._uri, "the address after --base"), writes=True
        )
        try:
            async with hold_lease(database) as lease:
                tables = await self._open(database)
                work = _Build(tables, lease, self._embedder, self._progress)
                for start in range(0, len(sources), SOURCES_AT_ONCE):
                    group = sources[start : start + SOURCES_AT_ONCE]
                    await self._read(work, group, full=full)
                    await work.make_vectors(group, self._vectors_at_once)
                builds = await _publish(database, work, sources, self._embedder.fingerprint)
        finally:
            database.close()
        return replace(work.report, builds=builds)

    async def _open(self, database: Database) -> BaseTables:
        schema = vectors_schema(self._embedder.fingerprint, await self._dimension())
        return BaseTables(
            await database.table(BASE_CHUNKS, writes=True),
            await database.table(BASE_FILES.table, writes=True),
            await database.table(schema, writes=True),
        )

    async def _dimension(self) -> int:
        """Returns the length of vectors; that of an endpoint shows in its first answer."""
        if self._embedder.dimension:
            return self._embedder.dimension
        try:
            (vector,) = await self._embedder.embed(["dimension"])
        except ModelError as error:
            raise _no_vectors(error) from error
        return len(vector)

    async def _read(self, work: _Build, sources: Sequence[BaseSource], *, full: bool) -> None:
        """Reads what changed of all sources, so that small ones share the workers and commits."""
        wanted = [(source, await self._changed(work, source, full=full)) for source in sources]
        batch: list[SourceRead] = []
        done, count = 0, sum(len(paths) for _, paths in wanted)
        async with aclosing(self._reader.read(wanted)) as answers:
            async for source, reads in answers:
                batch += ((source, read) for read in reads)
                done += len(reads)
                self._progress("files", done, count)
                rows = row_count([read for _, read in batch])
                if len(batch) >= COMMIT_FILES or rows >= COMMIT_ROWS:
                    await work.put(batch)
                    batch = []
        await work.put(batch)

    async def _changed(self, work: _Build, source: BaseSource, *, full: bool) -> list[str]:
        """Returns the paths that are to be read, and removes the files that count no more."""
        known = await work.known_files(source.repository)
        changed = source.changed({} if full else known)
        counting = await source.counting(changed)
        uncounted = set(changed).difference(counting)
        await work.remove(source.repository, (known.keys() - source.blobs.keys()) | uncounted)
        return counting


class _Build:
    """What one build writes, and how much that was."""

    def __init__(
        self, tables: BaseTables, lease: Lease, embedder: Embedder, progress: Progress
    ) -> None:
        self.tables = tables
        self.lease = lease
        self.report = BuildReport(0, 0, 0, 0, 0, ())
        self._progress = progress
        self._embedder = StoredVectors(UnitVectors(embedder), tables.vectors_of)
        self._added = 0

    async def known_files(self, repository: str) -> dict[str, str]:
        """Returns the contents of the files that are complete, by path; the rest is removed."""
        own = equals("repository", repository)
        rows = await self.tables.files.rows(BASE_FILES.columns, own)
        files = [BASE_FILES.record(row) for row in rows]
        stored = Counter(row["path"] for row in await self.tables.chunks.rows(["path"], own))
        broken = {file.path for file in files if stored[file.path] != file.chunks}
        strays = stored.keys() - {file.path for file in files}
        await self._delete(repository, broken | strays)
        return {file.path: file.content for file in files if file.path not in broken}

    async def remove(self, repository: str, paths: Iterable[str]) -> None:
        """Deletes files that the commit has no more."""
        removed = await self._delete(repository, set(paths))
        self.report = replace(self.report, removed=self.report.removed + removed)

    async def put(self, batch: Sequence[SourceRead]) -> None:
        """Writes files that were read: their chunks, then which files they were."""
        if not batch:
            return
        await self.lease.check()
        rows = [
            {"key": row_key(source.repository, row["id"]), "repository": source.repository, **row}
            for source, read in batch
            for row in read.rows or ()
        ]
        await self.tables.chunks.put(rows, scope=_scope_of(batch))
        files = [_file(source, read) for source, read in batch]
        await self.tables.files.put([BASE_FILES.row(file) for file in files])
        report = self.report
        self.report = replace(
            report, files=report.files + len(batch), chunks=report.chunks + len(rows)
        )

    async def make_vectors(self, sources: Sequence[BaseSource], at_once: int) -> None:
        """Makes the vectors that chunks of the sources lack, and removes those of none."""
        lacking: dict[str, list[str]] = {}
        repositories = [source.repository for source in sources]
        for repository in repositories:
            for key in await self._lacking(repository):
                lacking.setdefault(key, []).append(repository)
        missing, made = sorted(lacking), list[Row]()
        for start in range(0, len(missing), at_once):
            part = missing[start : start + at_once]
            vectors = await self._vectors(repositories, part)
            made += [
                _vector_row(repository, key, vectors[key])
                for key in part
                for repository in lacking[key]
            ]
            self._progress("vectors", start + len(part), len(missing))
            if len(made) >= COMMIT_ROWS:
                await self._add_vectors(made)
                made = []
        await self._add_vectors(made)

    async def _lacking(self, repository: str) -> set[str]:
        """Returns the keys of vectors that the repository has to get; those of none go."""
        chunks, vectors = self.tables.chunks, self.tables.vectors
        own = equals("repository", repository)
        used = {row["vector_key"] for row in await chunks.rows(["vector_key"], own)}
        stored = {row["key"] for row in await vectors.rows(["key"], own)}
        await _delete_keys(vectors, [row_key(repository, key) for key in stored - used])
        return used - stored

    async def _vectors(
        self, repositories: Sequence[str], keys: Sequence[str]
    ) -> dict[str, Sequence[float]]:
        """Returns the vectors of texts, which several repositories may have, by their keys."""
        where = f"{is_one_of('repository', repositories)} AND {is_one_of('vector_key', keys)}"
        rows = await self.tables.chunks.rows(["vector_key", "symbol", "text"], where)
        texts = {row["vector_key"]: embedded_text(row["symbol"], row["text"]) for row in rows}
        made_before = self._embedder.made
        try:
            vectors = await self._embedder.embed(list(texts.values()))
        except ModelError as error:
            raise _no_vectors(error) from error
        made = self._embedder.made - made_before
        self.report = replace(self.report, embedded=self.report.embedded + made)
        return dict(zip(texts, vectors, strict=True))

    async def _add_vectors(self, rows: Sequence[Row]) -> None:
        if rows:
            await self.lease.check()
            await self.tables.vectors.add(rows)
            self._added += len(rows)
            self.report = replace(self.report, reused=self._added - self.report.embedded)

    async def _delete(self, repository: str, paths: set[str]) -> int:
        ordered, removed = sorted(paths), 0
        for start in range(0, len(ordered), DELETE_ROWS):
            part = is_one_of("path", ordered[start : start + DELETE_ROWS])
            where = f"{equals('repository', repository)} AND {part}"
            await self.tables.chunks.delete(where)
            removed += await self.tables.files.delete(where)
        return removed


async def _publish(
    database: Database, work: _Build, sources: Sequence[BaseSource], fingerprint: str
) -> tuple[BaseBuild, ...]:
    """Makes what was written the newest build; nothing shows before."""
    tables = work.tables
    for table in (tables.chunks, tables.files, tables.vectors):
        await table.upkeep.optimize(keep_seconds=KEEP_SECONDS)
    await work.lease.check()
    before = await read_builds(database)
    alike = [one for one in before if (one.format, one.embedder) == (FORMAT, fingerprint)]
    commits = {one.repository: one.commit for one in alike if one.number == alike[0].number}
    commits |= {source.repository: source.commit for source in sources}
    chunks_version, files_version, vectors_version = await asyncio.gather(
        tables.chunks.version(), tables.files.version(), tables.vectors.version()
    )
    number = before[0].number + 1 if before else 1
    rows = await tables.files.rows(["repository", "chunks"])
    files = Counter(row["repository"] for row in rows)
    chunks: Counter[str] = Counter()
    for row in rows:
        chunks[row["repository"]] += row["chunks"]
    built = tuple(
        BaseBuild(
            key=row_key(repository, f"{number}"),
            number=number,
            repository=repository,
            commit=commit,
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            format=FORMAT,
            embedder=fingerprint,
            chunks_version=chunks_version,
            files_version=files_version,
            vectors_version=vectors_version,
            files=files[repository],
            chunks=chunks[repository],
        )
        for repository, commit in sorted(commits.items())
    )
    builds = await database.table(BUILDS.table, writes=True)
    await builds.add([BUILDS.row(build) for build in built])
    return built


def _scope_of(batch: Sequence[SourceRead]) -> str:
    """Returns the condition of all rows of these files that are stored."""
    paths: dict[str, list[str]] = {}
    for source, read in batch:
        paths.setdefault(source.repository, []).append(read.path)
    conditions = (
        f"({equals('repository', repository)} AND {is_one_of('path', read)})"
        for repository, read in paths.items()
    )
    return " OR ".join(conditions)


def _no_vectors(error: ModelError) -> MemoryUnavailable:
    return MemoryUnavailable(f"the vectors cannot be made ({error})")


def _vector_row(repository: str, key: str, vector: Sequence[float]) -> Row:
    return {
        "id": row_key(repository, key),
        "repository": repository,
        "key": key,
        "vector": vector,
    }


async def _delete_keys(vectors: Table, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), DELETE_ROWS):
        await vectors.delete(is_one_of("id", keys[start : start + DELETE_ROWS]))


def _file(source: BaseSource, read: FileRead) -> BaseFile:
    return BaseFile(
        row_key(source.repository, read.path),
        source.repository,
        read.path,
        source.content(read.path),
        len(read.rows or ()),
        read.skipped,
    )
