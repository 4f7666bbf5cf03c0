"""This module searches a table by words and by vectors at once and fuses both rankings."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Protocol

from lsp_server.memory.fusion import Fusion, words_weight_of
from lsp_server.memory.sql import all_of, is_one_of
from lsp_server.memory.table_schema import Row
from lsp_server.memory.unsaved import NO_OVERLAY, UnsavedOverlay
from lsp_server.memory.vectors import NoVectors
from lsp_server.text.tokenizer import tokenize

NO_VECTOR = ""
"""The `vector_key` of a row that gets no vector."""
POOL = 100
"""Hits of each ranking that are fused."""
POOL_NARROWED = 300
"""Nearest vectors when a condition then drops most of them."""
COSINE_MIN = 0.15
"""A vector with a smaller cosine is not near at all."""


class SearchedRows(Protocol):
    """`SearchedRows` are rows that words and conditions find: a table, or several as one.

    Each method raises MemoryUnavailable.
    """

    async def search_words(
        self, words: str, columns: Sequence[str], where: str | None, limit: int
    ) -> list[Row]:
        """Finds rows by full text search, and returns them best first."""
        ...

    async def rows(
        self, columns: Sequence[str], where: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Returns the rows that meet a condition, in no order, with these columns."""
        ...

    async def whole(self, rows: Sequence[Row]) -> list[Row]:
        """Returns found rows as they are shown, where what no ranking compares is not read yet."""
        ...


class SearchedVectors(Protocol):
    """`SearchedVectors` are the vectors of such rows."""

    @property
    def keys(self) -> Container[str]:
        """Returns the keys of the vectors that are there now; the answer never changes."""
        ...

    async def find_nearest(self, text: str, limit: int) -> dict[str, float]:
        """Returns the cosines of the `limit` nearest vectors, by key, nearest first.

        Raises MemoryUnavailable, and NoVectors when the embedder fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class HybridResult:
    """A `HybridResult` holds rows with their fused scores, by id.

    `cosines` are those of rows that vectors found. `problem` says why vectors were left out, None if they were not.
    """

    rows: dict[str, Row]
    scores: dict[str, float]
    cosines: dict[str, float]
    problem: str | None = None


async def hybrid_search(
    table: SearchedRows,
    vectors: SearchedVectors,
    text: str,
    columns: Sequence[str],
    where: str | None,
    fuse: Fusion,
    overlay: UnsavedOverlay = NO_OVERLAY,
) -> HybridResult:
    """Searches a table that has the columns `id`, `words` and `vector_key`.

    The rows of the result have `columns` and these, and `fuse` makes their scores. Raises
    MemoryUnavailable; an embedder that fails leaves words alone.
    """
    columns = tuple(dict.fromkeys(("id", "vector_key", *columns)))
    compared = tuple(dict.fromkeys((*columns, "words"))) if overlay.rows else columns
    # As they are before the query: vectors may be written while it runs.
    stored_keys = vectors.keys
    by_words, (near, problem) = await asyncio.gather(
        table.search_words(tokenize(text), compared, where, POOL),
        _nearest_keys(vectors, text, POOL if where is None else POOL_NARROWED),
    )
    by_vector = await _rows_of_keys(near, table, columns, where, overlay)
    matches = [(row, row["_score"]) for row in by_words]
    if overlay.paths:
        # The database ranked what is stored; changed chunks are placed among them by hand.
        matches = overlay.rank(text, matches)[:POOL]
    words_weight = words_weight_of(text)
    cosines = {row["id"]: near[row["vector_key"]] for row in by_vector}
    scores = fuse({row["id"]: score for row, score in matches}, cosines, words_weight)
    # A row whose vector was still to be made is ranked by words alone, for the whole weight.
    awaited = [row for row, _ in matches if row["vector_key"] != NO_VECTOR]
    bare = {row["id"] for row in awaited if row["vector_key"] not in stored_keys} - cosines.keys()
    scores = {key: score / words_weight if key in bare else score for key, score in scores.items()}
    rows = {row["id"]: row for row in (*(row for row, _ in matches), *by_vector)}
    return HybridResult(rows, scores, cosines, problem)


async def _nearest_keys(
    vectors: SearchedVectors, text: str, limit: int
) -> tuple[dict[str, float], str | None]:
    """Returns cosines by vector key, and why there are none if the embedder failed."""
    try:
        near = await vectors.find_nearest(text, limit)
    except NoVectors as error:
        return {}, str(error)
    return {key: cosine for key, cosine in near.items() if cosine >= COSINE_MIN}, None


async def _rows_of_keys(
    near: dict[str, float],
    table: SearchedRows,
    columns: Sequence[str],
    where: str | None,
    overlay: UnsavedOverlay,
) -> list[Row]:
    """Returns the rows that point to these vectors, the nearest first."""
    if not near:
        return []
    wanted = is_one_of("vector_key", list(near))
    stored = await table.rows(columns, all_of(wanted, where))
    unsaved = [row for row in overlay.rows.values() if row["vector_key"] in near]
    rows = list({row["id"]: row for row in (*overlay.hide(stored), *unsaved)}.values())
    rows.sort(key=lambda row: (-near[row["vector_key"]], row["id"]))
    return rows[:POOL]
