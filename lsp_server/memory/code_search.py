"""This module searches the chunks of a workspace's code."""

from __future__ import annotations

from lsp_server.domain.memories import Hit, Query
from lsp_server.memory.chunk_schema import CHUNKS
from lsp_server.memory.code_ranking import RankingCandidate, rank_chunks
from lsp_server.memory.fusion import fuse_by_scores
from lsp_server.memory.hybrid import HybridResult, hybrid_search
from lsp_server.memory.sql import is_within
from lsp_server.memory.table import Table
from lsp_server.memory.unsaved import UnsavedOverlay
from lsp_server.memory.vectors import VectorTable

COLUMNS = (*CHUNKS.columns, "is_test")


async def search_code(
    chunks: Table, vectors: VectorTable, query: Query, overlay: UnsavedOverlay
) -> tuple[list[Hit], HybridResult]:
    """Returns the best hits first, a few of each file, and the pool that they were chosen from.

    Raises MemoryUnavailable.
    """
    candidates, found = await find_candidates(chunks, vectors, query, overlay)
    best = rank_chunks(query.text, candidates, found.scores, query.limit)
    return [Hit(score, chunk) for score, chunk in best], found


async def find_candidates(
    chunks: Table, vectors: VectorTable, query: Query, overlay: UnsavedOverlay
) -> tuple[list[RankingCandidate], HybridResult]:
    """Returns what the rules rank, in no order, with its fused scores.

    Raises MemoryUnavailable.
    """
    where, unsaved = is_within(query.path), overlay.within(query.path)
    found = await hybrid_search(
        chunks, vectors, query.text, COLUMNS, where, fuse_by_scores, unsaved
    )
    candidates = [
        RankingCandidate(CHUNKS.record(row), row["is_test"]) for row in found.rows.values()
    ]
    return candidates, found
