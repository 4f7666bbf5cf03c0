"""`LayeredCode` lets a search see a base and a workspace's own rows as one table.

What the workspace has of a file counts instead of what the base has. When the store cannot
be reached, what the workspace has is searched alone, and the status says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import EVERY_REPOSITORY, FACTS_FILE, CodeChunk
from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.company_search import CompanyChunks, CompanyVectors
from lsp_server.memory.base.overlay import OverlayTables
from lsp_server.memory.base.shared_base import SharedBase
from lsp_server.memory.chunk_schema import CHUNKS
from lsp_server.memory.code_tables import CodeTables
from lsp_server.memory.hybrid import SearchedRows, SearchedVectors
from lsp_server.memory.sql import equals
from lsp_server.memory.table_schema import Row
from lsp_server.memory.unsaved import UnsavedOverlay
from lsp_server.memory.vectors import embed

FOR_OTHERS = frozenset({FACTS_FILE})
"""What a base has of a repository for other ones alone: at home, a person trusts it first."""


class LayeredCode:
    """`LayeredCode` is a workspace's code over a base; `embedder` makes the vectors of queries.

    `company` has the other repositories, None while their store cannot be reached.
    """

    def __init__(
        self,
        local: OverlayTables,
        shared: SharedBase,
        embedder: Embedder,
        company: SharedBase | None,
    ) -> None:
        self._local = local
        self._shared = shared
        self._company = company
        self._embedder = embedder

    def searched(self, repository: str = "") -> tuple[SearchedRows, SearchedVectors]:
        """Returns the rows and vectors for one search. Raises MemoryUnavailable."""
        if repository:
            if self._company is None:
                raise MemoryUnavailable(
                    "other repositories are in the store, which does not answer"
                )
            other = self._company.base.of(repository)
            vectors = CompanyVectors(other, self._company, self._embedder)
            return CompanyChunks(other, self._company), vectors
        in_base: set[str] = set()
        chunks = LayeredChunks(self._local, self._shared, in_base)
        return chunks, LayeredVectors(self._local, self._shared, self._embedder, in_base)

    async def get(self, chunk_id: str) -> CodeChunk | None:
        """Returns the chunk with this id, None when there is none. Raises MemoryUnavailable."""
        if (found := await self._local.get(chunk_id)) is not None:
            return found
        everywhere = ((EVERY_REPOSITORY, "key"),) if self._company else ()
        for repository, column in (("", "id"), *everywhere):
            chunks, _ = self.searched(repository)
            if rows := await chunks.rows(CHUNKS.columns, equals(column, chunk_id)):
                return next(map(CHUNKS.record, await chunks.whole(rows[:1])), None)
        return None


class LayeredChunks:
    """`LayeredChunks` are the rows of both layers; those of one search.

    `in_base` is filled with the keys of vectors that the base has.
    """

    def __init__(self, local: OverlayTables, shared: SharedBase, in_base: set[str]) -> None:
        self._local = local
        self._shared = shared
        self._in_base = in_base

    async def search_words(
        self, words: str, columns: Sequence[str], where: str | None, limit: int
    ) -> list[Row]:
        """Finds rows of both by full text search, best first. Raises MemoryUnavailable."""
        changed_paths = await self._local.paths()
        hidden, compared = changed_paths | FOR_OTHERS, ("words",) if changed_paths else ()
        wanted = tuple(dict.fromkeys((*columns, "id", "path", "vector_key", *compared)))
        base, local = await asyncio.gather(
            self._shared.ask(lambda: self._base_words(words, wanted, where, limit, hidden)),
            self._local.chunks.search_words(words, wanted, where, limit),
        )
        base = base or []
        self._in_base.update(row["vector_key"] for row in base)
        if not base or not local:
            return base or local
        # The scores of two tables cannot be compared: what is frequent in one is rare in the other.
        changed = UnsavedOverlay(changed_paths, {row["id"]: row for row in local})
        ranked = changed.rank(words, [(row, row["_score"]) for row in base])
        placed = {row["id"] for row, _ in ranked}
        # What the database alone takes for a match comes last.
        ranked += [(row, 0.0) for row in local if row["id"] not in placed]
        return [{**row, "_score": score} for row, score in ranked[:limit]]

    async def rows(
        self, columns: Sequence[str], where: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Returns the rows of both that meet a condition, in no order. Raises MemoryUnavailable."""
        wanted = tuple(dict.fromkeys((*columns, "path", "vector_key")))
        hidden = await self._local.paths() | FOR_OTHERS
        base, local = await asyncio.gather(
            self._shared.ask(lambda: self._shared.base.rows(wanted, where)),
            self._local.chunks.rows(wanted, where),
        )
        kept = [row for row in base or () if row["path"] not in hidden]
        self._in_base.update(row["vector_key"] for row in kept)
        return [*local, *kept][:limit]

    async def whole(self, rows: Sequence[Row]) -> list[Row]:
        """Returns found rows with what was left unread of those of the base."""
        return await self._shared.whole(rows)

    async def _base_words(
        self,
        words: str,
        columns: Sequence[str],
        where: str | None,
        limit: int,
        hidden: Container[str],
    ) -> list[Row]:
        """Returns up to `limit` rows of the base that nothing hides, best first."""
        asked = limit
        while True:
            found = await self._shared.base.search_words(words, columns, where, asked)
            kept = [row for row in found if row["path"] not in hidden][:limit]
            # So many of the best may be hidden that the next ones count.
            if len(kept) == limit or len(found) < asked:
                return kept
            asked *= 4


class LayeredVectors:
    """`LayeredVectors` are the vectors of both layers; those of one search."""

    def __init__(
        self, local: CodeTables, shared: SharedBase, embedder: Embedder, in_base: set[str]
    ) -> None:
        self._local = local.vectors
        self._shared = shared
        self._embedder = embedder
        self.keys: Container[str] = _Keys(local.vectors.keys, in_base)

    async def find_nearest(self, text: str, limit: int) -> dict[str, float]:
        """Returns the cosines of the `limit` nearest vectors of both, by key, nearest first.

        Raises MemoryUnavailable, and NoVectors when the embedder fails.
        """
        (vector,) = await embed(self._embedder, [text])
        base, local = await asyncio.gather(
            self._shared.ask(lambda: self._shared.base.nearest_to(vector, limit)),
            self._local.nearest_to(vector, limit),
        )
        both = sorted(((base or {}) | local).items(), key=lambda pair: (-pair[1], pair[0]))
        return dict(both[:limit])


class _Keys:
    """All keys of the workspace's own vectors, and those that the base was seen to have."""

    def __init__(self, own: Container[str], in_base: Container[str]) -> None:
        self._own = own
        self._in_base = in_base

    def __contains__(self, key: object) -> bool:
        return key in self._own or key in self._in_base
