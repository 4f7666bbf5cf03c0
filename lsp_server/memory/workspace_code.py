"""`WorkspaceCode` is what a memory has of a workspace's code: its tables, what keeps them up, and what a search sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from lsp_server.domain.ports import Embedder
from lsp_server.memory.code_search import SearchedCode, StoredCode
from lsp_server.memory.code_tables import CodeTables
from lsp_server.memory.database import Database
from lsp_server.memory.indexing import CodeIndexer
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import Secrets
from lsp_server.workspace.files.paths import Workspace


class WorkspaceCode(Protocol):
    """`WorkspaceCode` is all code of a workspace, or what it has beside the base of a team."""

    @property
    def tables(self) -> CodeTables:
        """Returns the tables that are the workspace's own."""
        ...

    def indexer(
        self,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        file_bytes_max: int,
        look_for_secrets: Callable[[], Secrets],
    ) -> CodeIndexer:
        """Returns what keeps the tables up."""
        ...

    def searched(self, secrets: Callable[[], Secrets]) -> SearchedCode:
        """Returns what a search looks through, without these secrets."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """Returns why the base of a team is not searched now, if one is named and it is not."""
        ...

    def base_text(self) -> str:
        """Returns what the base has, in words; empty where none is used."""
        ...


OpenCode: TypeAlias = Callable[[Database, Embedder], WorkspaceCode]
"""Makes the code of a memory whose database is open."""


class OwnCode:
    """`OwnCode` is all code of the workspace; `problems` say why it has no base of a team."""

    def __init__(
        self, database: Database, embedder: Embedder, *, problems: tuple[str, ...] = ()
    ) -> None:
        self.tables = CodeTables(database, VectorTable(database, "chunk", embedder))
        self.problems = problems

    def indexer(
        self,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        file_bytes_max: int,
        look_for_secrets: Callable[[], Secrets],
    ) -> CodeIndexer:
        """Returns what compares all files with the tables."""
        return CodeIndexer(
            self.tables,
            workspace,
            workers,
            file_bytes_max=file_bytes_max,
            look_for_secrets=look_for_secrets,
        )

    def searched(self, secrets: Callable[[], Secrets]) -> SearchedCode:  # noqa: ARG002 - none is in its rows
        """Returns the tables."""
        return StoredCode(self.tables)

    def base_text(self) -> str:
        """Returns nothing: there is no base."""
        return ""
