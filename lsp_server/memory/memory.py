"""A `Memory` is the door to all that is remembered of one workspace.

Reading and writing are apart: `reader` answers questions, `code` keeps the index
of the workspace's files, and `records` keeps what runs did and facts. Vectors are
made in the background. Until they are there, and whenever the embedder fails,
words alone are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.code_writer import CodeWriter
from lsp_server.memory.database import Database
from lsp_server.memory.health import MemoryHealth
from lsp_server.memory.memory_tables import MemoryTables
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.reader import MemoryReader
from lsp_server.memory.record_writer import RecordWriter
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.unsaved import UnsavedChunks
from lsp_server.memory.workspace_code import OpenCode, OwnCode, WorkspaceCode
from lsp_server.memory.writer import MemoryWriter
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.sandbox import StartProcess
from lsp_server.settings.sections import MemorySettings
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.files.paths import Workspace

if TYPE_CHECKING:
    from lsp_server.system.process_lock import ProcessLock

LOCK_FILE = "lock"
"""The process that holds the lock on this file of the memory's folder writes its tables."""


@dataclass(frozen=True, slots=True)
class MemoryStatus:
    """A `MemoryStatus` is a snapshot of a memory.

    `writes` is whether this process writes; if not, another process does. `pending`
    counts vectors that are still to be made, `skipped` files without chunks by the
    reason why, `failed_optimizes` failures in a row. `actions`, `facts` and
    `bytes_on_disk` are measured now and then; an object store has no bytes on disk.
    `upkeep_pending` is whether tables are to be optimized in the next quiet moment. `base`
    says in words what the team's base has; `files` and `chunks` are then those that differ.
    """

    writes: bool
    indexing: bool
    files: int
    chunks: int
    pending: int
    actions: int = 0
    facts: int = 0
    bytes_on_disk: int | None = None
    failed_optimizes: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    upkeep_pending: bool = False
    base: str = ""


class Memory:
    """A `Memory` is that of one workspace, for one event loop. Open it with `open`, and close it.

    Example::

        memory = await Memory.open(
            folder, Workspace(root), MiniLmEmbedder(), settings.memory, start_process=start
        )
        await memory.code.index()
        memory.records.add(action)
        query = Query("where are retries bounded", kinds=("code",))
        for hit in await memory.reader.search(query):
            print(hit.score, hit.found)
        await memory.close()
    """

    def __init__(
        self,
        folder: Path,
        tables: MemoryTables,
        workspace: Workspace,
        *,
        file_bytes_max: int,
        secrets: Callable[[], Secrets],
        start_process: StartProcess,
        code: WorkspaceCode,
    ) -> None:
        work, embedding, health = asyncio.Event(), asyncio.Event(), MemoryHealth()
        workers = ParseWorkers(start_process)
        indexer = code.indexer(
            workspace,
            workers,
            file_bytes_max=file_bytes_max,
            look_for_secrets=secrets,
        )
        unsaved = UnsavedChunks(
            workspace, workers, file_bytes_max=file_bytes_max, secrets=lambda: indexer.secrets
        )
        self.code = CodeWriter(
            tables, indexer, health.code, work_added=work.set, written=embedding.set
        )
        self.records = RecordWriter(tables, folder / "inbox", health.records, written=embedding.set)
        searched = code.searched(lambda: indexer.secrets)
        self.reader = MemoryReader(tables, unsaved, health, self.records.flush, searched)
        self._writer = MemoryWriter(
            tables, self.records, self.code, health, work=work, embedding=embedding
        )
        self._tables = tables
        self._workers = workers
        self._indexer = indexer
        self._health = health
        self._workspace_code = code

    @classmethod
    async def open(
        cls,
        folder: Path,
        workspace: Workspace,
        embedder: Embedder,
        settings: MemorySettings,
        secrets: Callable[[], Secrets] = Secrets,
        *,
        start_process: StartProcess,
        open_code: OpenCode = OwnCode,
    ) -> Memory:
        """Opens or makes the memory whose data is in `folder`, which is this workspace's own.

        `settings.uri` moves the tables elsewhere. `secrets` looks for what must get
        into no row; it may block, and runs in a thread. `start_process` starts the
        processes that parse. `open_code` says what is kept of the code.
        Takes a second or two, mostly to load LanceDB. Raises MemoryUnavailable, also when a newer version wrote the
        tables.
        """
        lock = await _lock_of(folder)
        # The lock decides whether the database is opened for writing, so it came first.
        try:
            place = StoragePlace.for_workspace(folder, workspace.root, settings.uri)
            database = await Database.open(place, writes=lock.held)
            code = open_code(database, embedder)
            tables = MemoryTables(database, lock, embedder, code.tables)
            await tables.open()
        except BaseException:
            lock.release()
            raise
        memory = cls(
            folder,
            tables,
            workspace,
            file_bytes_max=settings.file_bytes_max,
            secrets=secrets,
            start_process=start_process,
            code=code,
        )
        memory._writer.start()
        return memory

    async def close(self) -> None:
        """Writes what was added, within a few seconds, and ends all that was started."""
        # In this order: the writer still needs the tables, and nobody the workers.
        await self._writer.close()
        await self._workers.close()
        self._tables.close()

    async def settle(self) -> None:
        """Returns when everything that was added and changed is written and has its vectors.

        Raises MemoryUnavailable when that cannot be reached for now.
        """
        await self._writer.settle()

    async def measure(self) -> MemoryStatus:
        """Measures the sizes, and returns the status with them. Raises MemoryUnavailable."""
        await self.records.flush()
        await self._tables.prepare_read()
        await self._tables.measure()
        return self.status()

    def status(self) -> MemoryStatus:
        """Returns the status with sizes as they were last measured. Cheap."""
        tables, counts, sizes = self._tables, self._indexer.counts, self._tables.sizes
        upkeeps = [table.upkeep for table in tables.database.tables()]
        problems = (
            *self._workspace_code.problems,
            *tables.database.problems,
            *self._health.problems,
        )
        return MemoryStatus(
            writes=tables.writes,
            indexing=self.code.indexing,
            files=counts.files,
            chunks=counts.chunks,
            pending=self._writer.pending,
            actions=sizes.actions,
            facts=sizes.facts,
            bytes_on_disk=sizes.bytes_on_disk,
            failed_optimizes=sum(upkeep.failed_optimizes for upkeep in upkeeps),
            skipped=dict(counts.skipped),
            problems=tuple(dict.fromkeys(problems)),
            upkeep_pending=any(upkeep.is_wanted for upkeep in upkeeps),
            base=self._workspace_code.base_text(),
        )


async def _lock_of(folder: Path) -> ProcessLock:
    """Returns the lock of a memory's folder, held if nobody else has it. Raises MemoryUnavailable."""
    # Heavy: loaded when memory is used.
    from lsp_server.system.process_lock import ProcessLock  # noqa: PLC0415

    lock = ProcessLock(folder / LOCK_FILE)
    try:
        await asyncio.to_thread(make_private, folder)
        lock.acquire()
    except OSError as error:
        raise MemoryUnavailable(
            f"{folder} cannot be used for memory ({error.strerror}); "
            "fix its permissions or set memory.enabled to false"
        ) from error
    return lock
