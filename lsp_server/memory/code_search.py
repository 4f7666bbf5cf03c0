"""This module searches the chunks of a workspace's code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import FACTS_FILE, CodeChunk, Hit, Query
from lsp_server.memory.chunk_schema import CHUNKS
from lsp_server.memory.code_ranking import RankingCandidate, rank_chunks
from lsp_server.memory.code_tables import CodeTables
from lsp_server.memory.fusion import Fusion, fuse_by_scores
from lsp_server.memory.hybrid import (
    HybridResult,
    SearchedRows,
    SearchedVectors,
    hybrid_search,
)
from lsp_server.memory.sql import all_of, is_within, is_within_one_of
from lsp_server.memory.unsaved import UnsavedOverlay

COLUMNS = (*CHUNKS.columns, "is_test")
FOUND_IN, AT_COMMIT = "repository", "commit"
"""Columns that rows of a team's base have when others than the workspace's are looked for."""
TAUGHT = (FACTS_FILE, ".agents/skills")
"""Where a repository keeps what its team teaches agents; here it is data, of whatever repository."""


class SearchedCode(Protocol):
    """`SearchedCode` is the code that a reader looks through: a workspace's own, or layers of it."""

    def searched(self, repository: str = "") -> tuple[SearchedRows, SearchedVectors]:
        """Returns the rows and vectors for one search, in a repository of the team's base or here.

        Raises MemoryUnavailable when there is no such repository.
        """
        ...

    async def get(self, chunk_id: str) -> CodeChunk | None:
        """Returns the chunk with this id, None when there is none. Raises MemoryUnavailable."""
        ...


class StoredCode:
    """`StoredCode` is a workspace's own code, all of it."""

    def __init__(self, tables: CodeTables) -> None:
        self._tables = tables

    def searched(self, repository: str = "") -> tuple[SearchedRows, SearchedVectors]:
        """Returns the rows and vectors for one search. Raises MemoryUnavailable."""
        if repository:
            raise MemoryUnavailable(
                "other repositories are in the base of a team, and none is used: set memory.base_uri; "
                "where it is set, `holdfast doctor` says what is wrong with it"
            )
        return self._tables.chunks, self._tables.vectors

    async def get(self, chunk_id: str) -> CodeChunk | None:
        """Returns the chunk with this id, None when there is none. Raises MemoryUnavailable."""
        return await self._tables.get(chunk_id)


async def search_code(
    chunks: SearchedRows,
    vectors: SearchedVectors,
    query: Query,
    overlay: UnsavedOverlay,
    paths: Sequence[str] = (),
) -> tuple[list[Hit], HybridResult]:
    """Returns the best hits first, a few of each file, and the pool that they were chosen from.

    With `paths` they are of these files and folders. Raises MemoryUnavailable.
    """
    candidates, found = await find_candidates(chunks, vectors, query, overlay, paths=paths)
    best = rank_chunks(query.text, candidates, found.scores, query.limit)
    whole = await chunks.whole([found.rows[chunk.id] for _, chunk in best])
    shown = {row["id"]: row for row in whole}
    hits = [(score, shown[chunk.id]) for score, chunk in best if chunk.id in shown]
    return [
        Hit(score, CHUNKS.record(row), row.get(FOUND_IN, ""), row.get(AT_COMMIT, ""))
        for score, row in hits
    ], found


async def find_candidates(
    chunks: SearchedRows,
    vectors: SearchedVectors,
    query: Query,
    overlay: UnsavedOverlay,
    fuse: Fusion = fuse_by_scores,
    paths: Sequence[str] = (),
) -> tuple[list[RankingCandidate], HybridResult]:
    """Returns what the rules rank, in no order, with the scores that `fuse` makes.

    Raises MemoryUnavailable.
    """
    where = all_of(is_within(query.path), is_within_one_of(paths))
    unsaved = overlay.within(query.path)
    found = await hybrid_search(chunks, vectors, query.text, COLUMNS, where, fuse, unsaved)
    candidates = [
        RankingCandidate(CHUNKS.record(row), row["is_test"]) for row in found.rows.values()
    ]
    return candidates, found
