"""`DifferingCode` is what a workspace has otherwise than the base of its team, with the base beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.base_copies import BaseCopies
from lsp_server.memory.base.base_reader import Base, age_text
from lsp_server.memory.base.layered_code import LayeredCode
from lsp_server.memory.base.overlay import FindDiffering, OverlayIndexer, OverlayTables
from lsp_server.memory.base.shared_base import SharedBase
from lsp_server.memory.base.stored_vectors import StoredVectors
from lsp_server.memory.code_search import SearchedCode, StoredCode
from lsp_server.memory.database import Database
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import Secrets
from lsp_server.text.count import count_of
from lsp_server.workspace.files.paths import Workspace


class DifferingCode:
    """`DifferingCode` keeps only files that differ from the commit of the base, as `find_differing` says.

    `base` is the one in the store, or of `copies` the one of the same build; None while neither can
    be had, and what differs is searched alone. `company` is that in the store, None while it cannot be
    reached, and `refusal` says why. Where `copies` has none of the build, an index run makes one.
    """

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        *,
        find_differing: FindDiffering,
        base: Base | None,
        company: Base | None = None,
        copies: BaseCopies | None = None,
        refusal: str = "",
    ) -> None:
        cached = embedder if base is None else StoredVectors(embedder, base.tables.vectors_of)
        self.tables = OverlayTables(database, VectorTable(database, "chunk", cached))
        self._embedder = embedder
        self._find_differing = find_differing
        self._base = base
        self._company = company
        self._copies = copies if base is company else None
        self._refusal = refusal
        self._shared: SharedBase | None = None

    def indexer(
        self,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        file_bytes_max: int,
        look_for_secrets: Callable[[], Secrets],
    ) -> OverlayIndexer:
        """Returns what keeps the tables up."""
        return OverlayIndexer(
            self.tables,
            workspace,
            workers,
            find_differing=self._find_differing,
            find_base_paths=self._base_paths,
            keep_base=self._keep_base,
            file_bytes_max=file_bytes_max,
            look_for_secrets=look_for_secrets,
        )

    def searched(self, secrets: Callable[[], Secrets]) -> SearchedCode:
        """Returns both layers, or the workspace's own where the base cannot be reached."""
        if self._base is None:
            return StoredCode(self.tables)
        self._shared = SharedBase(self._base, secrets)
        company: SharedBase | None = self._shared
        if self._company is not self._base:
            company = SharedBase(self._company, secrets) if self._company else None
        return LayeredCode(self.tables, self._shared, self._embedder, company)

    @property
    def problems(self) -> tuple[str, ...]:
        """Returns why the base is not searched now, if it is not."""
        return tuple(filter(None, (self._refusal, self._shared.problem if self._shared else "")))

    def base_text(self) -> str:
        """Returns what the base has, in words; empty where none is used."""
        if self._base is None:
            return ""
        build = self._base.build
        return (
            f"over a base of commit {build.commit[:12]} with {count_of(build.files, 'file')} in "
            f"{count_of(build.chunks, 'piece')}, {age_text(build, datetime.now(UTC))}"
        )

    async def _keep_base(self, secrets: Secrets) -> None:
        """Makes a copy of the base, once. Where that fails, the store goes on to be asked."""
        copies, self._copies = self._copies, None
        if copies is None or self._base is None or not self.tables.writes:
            return
        with suppress(MemoryUnavailable, OSError, TimeoutError):
            await copies.keep(self._base, secrets)

    async def _base_paths(self) -> frozenset[str]:
        if self._base is None:
            raise MemoryUnavailable(self._refusal or "the base cannot be reached")
        return await self._base.paths()
