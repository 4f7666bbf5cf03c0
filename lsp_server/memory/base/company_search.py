"""This module looks through the repositories of a base, as they were at their commits.

What a workspace has otherwise does not count here: each hit names repository and commit.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.base_reader import Base
from lsp_server.memory.base.shared_base import SharedBase
from lsp_server.memory.code_search import AT_COMMIT, FOUND_IN
from lsp_server.memory.table_schema import Row
from lsp_server.memory.vectors import embed


class CompanyChunks:
    """`CompanyChunks` are the rows of one or all repositories of `base`, as `shared` reaches it.

    Their ids are the keys of the base, as several repositories may have the same file.
    """

    def __init__(self, base: Base, shared: SharedBase) -> None:
        self._base = base
        self._shared = shared
        self._commits = {build.repository: build.commit for build in base.others}

    async def search_words(
        self, words: str, columns: Sequence[str], where: str | None, limit: int
    ) -> list[Row]:
        """Finds rows by full text search, best first. Raises MemoryUnavailable."""
        wanted = (*columns, "key", FOUND_IN)
        search = self._base.search_words
        return self._named(await self._shared.answer(lambda: search(words, wanted, where, limit)))

    async def rows(
        self, columns: Sequence[str], where: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Returns the rows that meet a condition, in no order. Raises MemoryUnavailable."""
        wanted, rows = (*columns, "key", FOUND_IN), self._base.rows
        return self._named(await self._shared.answer(lambda: rows(wanted, where, limit)))

    async def whole(self, rows: Sequence[Row]) -> list[Row]:
        """Returns found rows with what was left unread of them. Raises MemoryUnavailable."""
        read = await self._shared.answer(lambda: self._base.whole(rows))
        return self._shared.redacted(read)

    def _named(self, rows: Sequence[Row]) -> list[Row]:
        return [
            {**row, "id": row["key"], AT_COMMIT: self._commits.get(row[FOUND_IN], "")}
            for row in rows
        ]


class CompanyVectors:
    """`CompanyVectors` are the vectors of one or all repositories of `base`, as `shared` reaches it."""

    def __init__(self, base: Base, shared: SharedBase, embedder: Embedder) -> None:
        self._base = base
        self._shared = shared
        self._embedder = embedder
        self.keys: Container[str] = _All()

    async def find_nearest(self, text: str, limit: int) -> dict[str, float]:
        """Returns the cosines of the `limit` nearest vectors, by key, nearest first.

        Raises MemoryUnavailable, and NoVectors when the embedder fails.
        """
        (vector,) = await embed(self._embedder, [text])
        return await self._shared.answer(lambda: self._base.nearest_to(vector, limit))


class _All:
    """A base is published once all of its vectors are made."""

    def __contains__(self, _: object) -> bool:
        return True
