"""A `MemoryReader` answers questions about a workspace from its tables.

It writes nothing. Whatever was added before a question is written first, by the
`flush` that it is given, so that it can be found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import ActionRecord, CodeChunk, Fact, Hit, MemoryKind, Query
from lsp_server.memory.chunk_schema import CHUNKS, FILES, IndexedFile
from lsp_server.memory.code_search import TAUGHT, SearchedCode, StoredCode, search_code
from lsp_server.memory.health import MemoryHealth
from lsp_server.memory.hybrid import NO_VECTOR
from lsp_server.memory.memory_tables import MemoryTables
from lsp_server.memory.unsaved import ALL_SAVED, UnsavedChunks, UnsavedOverlay


@dataclass(frozen=True, slots=True)
class MemoryContents:
    """`MemoryContents` are all rows of a memory; `missing_vectors` are keys that lack a vector."""

    files: tuple[IndexedFile, ...]
    chunks: tuple[CodeChunk, ...]
    actions: tuple[ActionRecord, ...]
    facts: tuple[Fact, ...]
    missing_vectors: frozenset[str]


class MemoryReader:
    """Reads a memory. Each method that waits raises MemoryUnavailable.

    `code` is what is searched of code, by default what the tables have.
    """

    def __init__(
        self,
        tables: MemoryTables,
        unsaved: UnsavedChunks,
        health: MemoryHealth,
        flush: Callable[[], Awaitable[None]],
        code: SearchedCode | None = None,
    ) -> None:
        self._tables = tables
        self._code = code or StoredCode(tables.code)
        self._unsaved = unsaved
        self._health = health
        self._flush = flush

    async def search(
        self, query: Query, *, unsaved: Mapping[str, str] = ALL_SAVED
    ) -> tuple[Hit, ...]:
        """Up to `query.limit` hits of each kind in `query.kinds`, in that order, best first.

        Of another repository there are its files alone. Facts are looked for in those that teach,
        unless a search of all code finds them, too. `unsaved` are the texts of buffers by
        workspace-relative path; they count instead of what is stored of these files. Vectors that
        cannot be had are done without.
        """
        await self._prepare()
        # Cutting buffers takes time, which a question about actions need not spend.
        is_of_here = "code" in query.kinds and not query.repository
        overlay = await self._unsaved.overlay(unsaved if is_of_here else ALL_SAVED)
        return tuple(
            [hit for kind in query.kinds for hit in await self._find(kind, query, overlay)]
        )

    async def relevant_actions(self, query: Query) -> tuple[Hit, ...]:
        """Returns up to 3 earlier actions that are really alike, for a prompt that did not ask."""
        await self._prepare()
        return tuple(await self._tables.actions.find_relevant(query))

    async def history(self, path: str, limit: int = 10) -> tuple[ActionRecord, ...]:
        """Returns the last actions that touched a file, the newest first."""
        await self._prepare()
        return tuple(await self._tables.actions.history(path, limit))

    async def trusted_facts(self, limit: int = 20) -> tuple[Fact, ...]:
        """Returns verified facts and those of a person, the newest first."""
        await self._prepare()
        return tuple(await self._tables.facts.trusted(limit))

    async def changes(self) -> tuple[ActionRecord, ...]:
        """Returns the last actions of runs that changed files, the oldest first."""
        await self._prepare()
        return tuple(await self._tables.actions.changes())

    async def ended_runs(self) -> frozenset[str]:
        """Returns the ids of the runs that are remembered to their end."""
        await self._prepare()
        return await self._tables.actions.ended_runs()

    async def commits(self) -> frozenset[str]:
        """Returns the ids of the commits that are remembered."""
        await self._prepare()
        return await self._tables.actions.commits()

    async def lasting_ids(self) -> frozenset[str]:
        """Returns the ids of facts and commits, which no journal of a run could bring back."""
        return await self.commits() | (await self._tables.facts.checked()).keys()

    async def get(self, record_id: str) -> CodeChunk | ActionRecord | Fact | None:
        """Returns the record of a hit by its id, None when there is none."""
        await self._prepare()
        tables = self._tables
        record = (
            await tables.actions.records.get(record_id)
            or await tables.facts.records.get(record_id)
            or await self._code.get(record_id)
        )
        # A hit may have come from a buffer that is not saved.
        if record is None and (row := self._unsaved.row(record_id)):
            return CHUNKS.record(row)
        return record

    async def contents(self) -> MemoryContents:
        """Returns everything that is stored. Reads all rows."""
        await self._prepare()
        tables = self._tables
        missing: set[str] = set()
        for table, vectors in (
            (tables.code.chunks, tables.code.vectors),
            (tables.actions.records.table, tables.actions.records.vectors),
            (tables.facts.records.table, tables.facts.records.vectors),
        ):
            wanted = {row["vector_key"] for row in await table.rows(["vector_key"])}
            missing |= wanted - await vectors.check() - {NO_VECTOR}
        return MemoryContents(
            tuple(FILES.record(row) for row in await tables.code.files.rows(FILES.columns)),
            tuple(CHUNKS.record(row) for row in await tables.code.chunks.rows(CHUNKS.columns)),
            tuple(await tables.actions.records.select()),
            tuple(await tables.facts.records.select()),
            frozenset(missing),
        )

    async def _prepare(self) -> None:
        await self._flush()
        await self._tables.prepare_read()

    async def _find_code(
        self, query: Query, overlay: UnsavedOverlay, paths: Sequence[str] = ()
    ) -> list[Hit]:
        chunks, vectors = self._code.searched(query.repository)
        hits, found = await search_code(chunks, vectors, query, overlay, paths)
        self._health.vectors.problem = found.problem or self._health.vectors.problem
        return hits

    async def _find(self, kind: MemoryKind, query: Query, overlay: UnsavedOverlay) -> list[Hit]:
        tables, health = self._tables, self._health
        part = health.code if kind == "code" else health.records
        try:
            match kind:
                case "code":
                    return await self._find_code(query, overlay)
                case "action" | "fact" if query.repository:
                    is_taught = kind == "fact" and "code" not in query.kinds
                    return await self._find_code(query, overlay, TAUGHT) if is_taught else []
                case "action":
                    return await tables.actions.find(query)
                case "fact":
                    return await tables.facts.find(query)
                case _:
                    assert_never(kind)
        except MemoryUnavailable as error:
            # A reader finds damage first; the writer repairs it before its next write.
            part.fail(error, in_tables=tables.writable)
            raise
