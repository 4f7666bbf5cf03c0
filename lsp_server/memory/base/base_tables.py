"""`BaseTables` are the tables of a base that have its contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.memory.sql import is_one_of
from lsp_server.memory.table import PinnedTable, Table


@dataclass(frozen=True, slots=True)
class BaseTables:
    """`BaseTables` are those that a build writes."""

    chunks: Table
    files: Table
    vectors: Table

    async def vectors_of(self, keys: Sequence[str]) -> dict[str, Sequence[float]]:
        """Returns the vectors that any repository has under these keys. Raises MemoryUnavailable."""
        rows = await self.vectors.rows(["key", "vector"], is_one_of("key", keys))
        return {row["key"]: row["vector"] for row in rows}


@dataclass(frozen=True, slots=True)
class PinnedTables(BaseTables):
    """`PinnedTables` are those of a reader, at the versions of a build."""

    chunks: PinnedTable
    files: PinnedTable
    vectors: PinnedTable
