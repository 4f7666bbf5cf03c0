"""This module reaches behind the door of a memory, for figures of its parts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lsp_server.domain.memories import CodeChunk, Query
from lsp_server.domain.ports import Embedder
from lsp_server.memory.chunk_schema import CHUNKS
from lsp_server.memory.code_ranking import RankingCandidate
from lsp_server.memory.code_search import find_candidates
from lsp_server.memory.code_tables import CodeTables
from lsp_server.memory.database import Database
from lsp_server.memory.fusion import Fusion, fuse_by_scores
from lsp_server.memory.memory import LOCK_FILE
from lsp_server.memory.memory_tables import MemoryTables
from lsp_server.memory.sql import is_one_of
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.unsaved import NO_OVERLAY
from lsp_server.memory.vectors import VectorTable
from lsp_server.memory.workspace_code import OwnCode
from lsp_server.system.process_lock import ProcessLock


class CodeVectors:
    """The chunks of a memory whose data is in `folder`, beside the process that writes it."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._tables = CodeTables(database, VectorTable(database, "chunk", embedder))

    @classmethod
    async def open(cls, folder: Path, embedder: Embedder) -> CodeVectors:
        database = await Database.open(StoragePlace(str(folder / "tables")), writes=False)
        opened = cls(database, embedder)
        await opened._tables.vectors.open(writes=False)
        await opened._tables.open(writes=False)
        return opened

    async def candidates(
        self, question: str, fuse: Fusion = fuse_by_scores
    ) -> tuple[Sequence[RankingCandidate], Mapping[str, float]]:
        """What a search ranks, and its fused scores."""
        candidates, found = await find_candidates(
            self._tables.chunks, self._tables.vectors, Query(question), NO_OVERLAY, fuse
        )
        return candidates, found.scores

    async def nearest(self, question: str, limit: int) -> Sequence[CodeChunk]:
        """The chunks of the `limit` nearest vectors, nearest first."""
        near = await self._tables.vectors.find_nearest(question, limit)
        columns = (*CHUNKS.columns, "vector_key")
        rows = await self._tables.chunks.rows(columns, is_one_of("vector_key", list(near)))
        rows.sort(key=lambda row: -near[row["vector_key"]])
        return [CHUNKS.record(row) for row in rows]


async def optimize(folder: Path, embedder: Embedder) -> None:
    """Does all upkeep of a memory that is closed, and drops its old versions."""
    lock = ProcessLock(folder / LOCK_FILE)
    assert lock.acquire(), "somebody has it open"
    database = await Database.open(StoragePlace(str(folder / "tables")), writes=True)
    tables = MemoryTables(database, lock, embedder, OwnCode(database, embedder).tables)
    await tables.open()
    for table in database.tables():
        await table.upkeep.optimize()
        await table.upkeep.purge()
    tables.close()
