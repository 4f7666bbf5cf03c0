"""A `WorkspaceBase` is what the base of a team is to one workspace, or that there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.base_reader import Base, age_text
from lsp_server.memory.base.layered_code import LayeredCode
from lsp_server.memory.base.overlay import FindDiffering, OverlayIndexer, OverlayTables
from lsp_server.memory.base.shared_base import SharedBase
from lsp_server.memory.base.stored_vectors import StoredVectors
from lsp_server.memory.code_search import SearchedCode, StoredCode
from lsp_server.memory.code_tables import CodeTables
from lsp_server.memory.database import Database
from lsp_server.memory.indexing import CodeIndexer
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import Secrets
from lsp_server.workspace.files.paths import Workspace


@dataclass(slots=True)
class WorkspaceBase:
    """A `WorkspaceBase` makes the parts of a memory that a base changes.

    With `find_differing` only files that differ from the commit of the base are kept here.
    `base` is None while its store cannot be reached, or when there is none; `refusal` says
    why it is not used.
    """

    base: Base | None = None
    find_differing: FindDiffering | None = None
    refusal: str = ""
    _embedder: Embedder | None = None
    _shared: SharedBase | None = None

    def tables(self, database: Database, embedder: Embedder) -> CodeTables | None:
        """Returns the tables of code; None for the common ones."""
        if self.find_differing is None:
            return None
        self._embedder = embedder
        if self.base is not None:
            embedder = StoredVectors(embedder, self.base.vectors_of)
        return OverlayTables(database, VectorTable(database, "chunk", embedder))

    def indexer(
        self,
        tables: CodeTables,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        file_bytes_max: int,
        look_for_secrets: Callable[[], Secrets],
    ) -> CodeIndexer:
        """Returns what keeps the tables up."""
        make: Callable[..., CodeIndexer] = CodeIndexer
        if self.find_differing is not None and isinstance(tables, OverlayTables):
            make = partial(
                OverlayIndexer,
                find_differing=self.find_differing,
                find_base_paths=self._base_paths,
            )
        return make(
            tables,
            workspace,
            workers,
            file_bytes_max=file_bytes_max,
            look_for_secrets=look_for_secrets,
        )

    def searched(self, tables: CodeTables, secrets: Callable[[], Secrets]) -> SearchedCode:
        """Returns what a search looks through."""
        if self.base is None or self._embedder is None or not isinstance(tables, OverlayTables):
            return StoredCode(tables)
        self._shared = SharedBase(self.base, secrets)
        return LayeredCode(tables, self._shared, self._embedder)

    @property
    def problems(self) -> tuple[str, ...]:
        """Returns why the base is not searched now, if it is not."""
        return tuple(filter(None, (self.refusal, self._shared.problem if self._shared else "")))

    def text(self) -> str:
        """Returns what the base has, in words; empty where none is used."""
        if self.base is None:
            return ""
        build = self.base.build
        return (
            f"over a base of commit {build.commit[:12]} with {build.files} files in "
            f"{build.chunks} pieces, {age_text(build, datetime.now(UTC))}"
        )

    async def _base_paths(self) -> frozenset[str]:
        if self.base is None:
            raise MemoryUnavailable(self.refusal or "the base cannot be reached")
        return await self.base.paths()
