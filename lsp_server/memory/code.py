"""Search over the chunks of a workspace's code."""

from __future__ import annotations

from collections.abc import Iterable

from lsp_server.domain.memories import CodeChunk, Hit, Query
from lsp_server.memory.hybrid import HybridResult, hybrid_search
from lsp_server.memory.ranking import RankingCandidate, rank_chunks
from lsp_server.memory.table_schema import Row
from lsp_server.memory.tables import Table, sql_quoted
from lsp_server.memory.unsaved import UnsavedOverlay
from lsp_server.memory.vectors import VectorTable

COLUMNS = (
    "path",
    "language",
    "kind",
    "symbol",
    "defines",
    "start_line",
    "end_line",
    "text",
    "is_test",
)


async def find_code(
    chunks: Table, vectors: VectorTable, query: Query, overlay: UnsavedOverlay
) -> tuple[list[Hit], HybridResult]:
    """Best first, a few of each file, and what they were chosen from.

    Raises MemoryUnavailable.
    """
    where = below(query.path)
    found = await hybrid_search(
        chunks, vectors, query.text, COLUMNS, where, overlay.below(query.path)
    )
    candidates = list(_candidates(found.rows.values()))
    best = rank_chunks(query.text, candidates, found.scores, query.limit)
    return [Hit(score, chunk) for score, chunk in best], found


def below(path: str | None) -> str | None:
    """The condition that a row is of this file or of one in this folder."""
    folder = (path or "").strip("/")
    if folder in ("", "."):
        return None
    return f"(path = {sql_quoted(folder)} OR starts_with(path, {sql_quoted(folder + '/')}))"


def chunk_of(row: Row) -> CodeChunk:
    return CodeChunk(
        id=row["id"],
        path=row["path"],
        language=row["language"],
        kind=row["kind"],
        symbol=row["symbol"],
        start_line=row["start_line"],
        end_line=row["end_line"],
        text=row["text"],
        defines=tuple(filter(None, row["defines"].split("\n"))),
    )


def _candidates(rows: Iterable[Row]) -> Iterable[RankingCandidate]:
    for row in rows:
        defines = frozenset(row["defines"].split("\n")) - {""}
        yield RankingCandidate(chunk_of(row), defines, row["is_test"])
