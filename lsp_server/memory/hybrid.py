"""One search over a table by words and by vectors, fused by rank."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.memory.ranking import fuse_rankings, ranking_weights
from lsp_server.memory.table_schema import Row
from lsp_server.memory.tables import Table, is_one_of
from lsp_server.memory.unsaved import NO_OVERLAY, UnsavedOverlay
from lsp_server.memory.vectors import NoVectors, VectorTable
from lsp_server.text.tokenizer import tokenize

POOL = 60
"""Hits of each ranking that are fused."""
POOL_NARROWED = 300
"""Nearest vectors when a condition then throws most of them out."""


LIKENESS_MIN = 0.15
"""Vectors less alike, by cosine, are not near at all."""


@dataclass(frozen=True, slots=True)
class HybridResult:
    """Rows, fused scores and, where vectors found them, cosines, all by id.

    `problem` says why vectors were left out, if they were.
    """

    rows: dict[str, Row]
    scores: dict[str, float]
    likeness: dict[str, float]
    problem: str | None = None


async def hybrid_search(
    table: Table,
    vectors: VectorTable,
    text: str,
    columns: Sequence[str],
    where: str | None,
    overlay: UnsavedOverlay = NO_OVERLAY,
) -> HybridResult:
    """Needs `id`, `words` and `vector_key` in the table. Raises MemoryUnavailable."""
    columns = ("id", "vector_key", *columns)
    compared = (*columns, "words") if overlay.rows else columns
    by_words, (near, problem) = await asyncio.gather(
        table.matching(tokenize(text), compared, where, POOL),
        _near(vectors, text, POOL if where is None else POOL_NARROWED),
    )
    by_vector = await _pointing_to(near, table, columns, where, overlay)
    if overlay.paths:
        by_words = overlay.matching(text, by_words)[:POOL]
    of_words, of_vectors = ranking_weights(text)
    # A row whose vector is still to be made is ranked by words alone, for the whole weight.
    bare = {row["id"] for row in by_words if row["vector_key"] not in vectors.keys}
    scores = fuse_rankings(
        [
            (of_words, [row["id"] for row in by_words]),
            (of_vectors, [row["id"] for row in by_vector]),
        ]
    )
    scores = {key: score / of_words if key in bare else score for key, score in scores.items()}
    rows = {row["id"]: row for row in (*by_words, *by_vector)}
    likeness = {row["id"]: near[row["vector_key"]] for row in by_vector}
    return HybridResult(rows, scores, likeness, problem)


async def _near(vectors: VectorTable, text: str, limit: int) -> tuple[dict[str, float], str | None]:
    try:
        near = await vectors.nearest(text, limit)
    except NoVectors as error:
        return {}, str(error)
    return {key: cosine for key, cosine in near.items() if cosine >= LIKENESS_MIN}, None


async def _pointing_to(
    near: dict[str, float],
    table: Table,
    columns: Sequence[str],
    where: str | None,
    overlay: UnsavedOverlay,
) -> list[Row]:
    """The rows of these vectors, the nearest first."""
    if not near:
        return []
    wanted = is_one_of("vector_key", list(near))
    stored = await table.rows(columns, wanted if where is None else f"{wanted} AND {where}")
    unsaved = [row for row in overlay.rows.values() if row["vector_key"] in near]
    rows = list({row["id"]: row for row in (*overlay.over(stored), *unsaved)}.values())
    rows.sort(key=lambda row: (-near[row["vector_key"]], row["id"]))
    return rows[:POOL]
