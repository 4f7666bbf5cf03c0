"""The door to memory: one object for each workspace, safe to call from the event loop.

    memory = await Memory.open(folder, Workspace(root), MiniLm(), settings.memory)
    await memory.index()
    hits = await memory.search(Query("where are retries bounded", kinds=("code",)))

Vectors follow in the background; until they are there, and whenever they
cannot be had, words alone are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import (
    ActionRecord,
    CodeChunk,
    Fact,
    FactSource,
    FactStatus,
    Hit,
    MemoryKind,
    Query,
)
from lsp_server.domain.ports import Embedder
from lsp_server.memory.actions import clean_action
from lsp_server.memory.code import COLUMNS, chunk_of, find_code
from lsp_server.memory.facts import TOO_MANY, cites, new_fact
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.memory.indexing import IndexReport, Report, no_progress
from lsp_server.memory.lock import WriterLock
from lsp_server.memory.parsing import digest
from lsp_server.memory.store import MemoryStore
from lsp_server.memory.tables import Database, sql_quoted
from lsp_server.memory.unsaved import ALL_SAVED, UnsavedOverlay
from lsp_server.redaction.secrets import Secrets
from lsp_server.settings.sections import MemorySettings
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.paths import Workspace


@dataclass(frozen=True, slots=True)
class MemoryStatus:
    """A snapshot. `pending` vectors are still to be made; `skipped` counts files by reason.

    `writes` is False while another process has the same memory open and writes.
    `actions`, `facts` and `bytes_on_disk` are measured now and then; an object store
    has no bytes on disk. `failed_optimizes` counts those in a row.
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


class Memory:
    """What is remembered of one workspace. Open it with `open`; close it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @classmethod
    async def open(
        cls,
        folder: Path,
        workspace: Workspace,
        embedder: Embedder,
        settings: MemorySettings,
        secrets: Callable[[], Secrets] = Secrets,
    ) -> Memory:
        """`folder` is this workspace's own; `settings.uri` moves the tables elsewhere.

        `secrets` looks for what must not get into a row; it may block.

        Takes a second or two, mostly to load LanceDB, in a thread. Raises
        MemoryUnavailable, also when a newer version wrote the tables.
        """
        try:
            await asyncio.to_thread(make_private, folder)
            lock = WriterLock(folder / "lock")
            lock.acquire()
        except OSError as error:
            raise MemoryUnavailable(
                f"{folder} cannot be used for memory ({error.strerror}); "
                "mend its permissions or set memory.enabled to false"
            ) from error
        try:
            database = await Database.open(
                _place(folder, workspace, settings.uri), writes=lock.held
            )
            store = MemoryStore(
                folder,
                database,
                workspace,
                embedder,
                lock,
                file_bytes_max=settings.file_bytes_max,
                secrets=secrets,
            )
            await store.start()
        except BaseException:
            lock.release()
            raise
        return cls(store)

    async def close(self) -> None:
        """Writes what was recorded, within a few seconds, and ends all that was started."""
        await self._store.close()

    async def index(self, report: Report = no_progress) -> IndexReport:
        """Brings the code index up to what is on disk; vectors follow in the background.

        May be cancelled and begun again at any time. In a process that does not
        write, it says what there is. Raises MemoryUnavailable.
        """
        return await self._store.index(report)

    async def rebuild(self, report: Report = no_progress) -> IndexReport:
        """The code index anew from files; vectors of unchanged code stay. As `index`."""
        return await self._store.index(report, anew=True)

    def changed(self, paths: Iterable[Path]) -> None:
        """Files or folders changed, appeared or went; they are read soon. Cheap."""
        self._store.changed(paths)

    def record(self, action: ActionRecord) -> None:
        """Kept soon, secrets blacked out; the same id again replaces. Cheap."""
        self._store.record(clean_action(action))

    async def settled(self) -> None:
        """Returns when all that was recorded and changed is written and has its vectors."""
        await self._store.settled()

    async def search(
        self, query: Query, *, unsaved: Mapping[str, str] = ALL_SAVED
    ) -> tuple[Hit, ...]:
        """Up to `query.limit` of each kind, in the order of `query.kinds`, best first.

        `unsaved` are the texts of buffers, by path relative to the workspace; what is
        stored of these files does not count. Raises MemoryUnavailable.
        """
        store = self._store
        await store.ready_to_read()
        overlay = await store.unsaved.overlay(unsaved if "code" in query.kinds else ALL_SAVED)
        try:
            return tuple(
                [hit for kind in query.kinds for hit in await self._found(kind, query, overlay)]
            )
        except MemoryUnavailable as error:
            self._store.failed(error)
            raise

    async def worth_telling(self, query: Query) -> tuple[Hit, ...]:
        """At most 3 earlier actions, and only what is really alike. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return tuple(await self._store.actions.worth_telling(query))

    async def history(self, path: str, limit: int = 10) -> tuple[ActionRecord, ...]:
        """What was done to a file, the newest first. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return tuple(await self._store.actions.history(path, limit))

    async def ended_runs(self) -> frozenset[str]:
        """The runs of which all is known. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return await self._store.actions.ended_runs()

    async def commits(self) -> frozenset[str]:
        """The ids of the commits that are remembered. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return await self._store.actions.commits()

    async def lasting(self) -> frozenset[str]:
        """The ids of facts and commits: what no journal of a run has. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return await self._store.facts.ids() | await self._store.actions.commits()

    async def restore(self, facts: Iterable[Fact]) -> None:
        """Keeps the facts that are not there. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        known = await self._store.facts.ids()
        for fact in facts:
            if fact.id not in known:
                self._store.record(fact)

    async def changes(self) -> tuple[ActionRecord, ...]:
        """The last actions of runs that changed files. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return tuple(await self._store.actions.changes())

    async def trusted_facts(self, limit: int = 20) -> tuple[Fact, ...]:
        """Verified ones and a person's own, the newest first. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        return tuple(await self._store.facts.trusted(limit))

    async def get(self, record_id: str) -> CodeChunk | ActionRecord | Fact | None:
        """One record by the id of a hit. Raises MemoryUnavailable."""
        store = self._store
        await store.ready_to_read()
        record = await store.actions.get(record_id) or await store.facts.get(record_id)
        if record is not None:
            return record
        rows = await store.code.chunks.rows(("id", *COLUMNS), f"id = {sql_quoted(record_id)}", 1)
        row = rows[0] if rows else store.unsaved.row(record_id)
        return chunk_of(row) if row else None

    async def remember(self, text: str, source: FactSource, evidence_id: str = "") -> Fact:
        """A claim; with evidence of the harness's own, verified.

        Raises MemoryUnavailable, also when there are thousands of them.
        """
        await self._store.ready_to_read()
        if await self._store.facts.full():
            raise MemoryUnavailable(TOO_MANY)
        fact = new_fact(text, source, evidence_id)
        self._store.record(fact)
        async with self._store.writing:
            await self._store.store_recorded()
        return fact

    async def judge(self, fact_id: str, status: FactStatus, evidence_id: str = "") -> bool:
        """Whether there was such a fact to give this status. Raises MemoryUnavailable."""
        async with self._store.writing:
            await self._store.must_write()
            where = f"id = {sql_quoted(fact_id)}"
            return bool(await self._store.facts.judge(where, status, evidence_id))

    async def demote(self, evidence_id: str, status: FactStatus = "stale") -> int:
        """What rested on this evidence is no longer told unasked. Raises MemoryUnavailable."""
        async with self._store.writing:
            await self._store.must_write()
            return await self._store.facts.judge(cites(evidence_id), status, evidence_id)

    async def forget(self, forgetting: ForgetRequest) -> int:
        """Removes actions and facts, from all files on disk; says how many.

        Raises MemoryUnavailable.
        """
        store = self._store
        async with store.writing:
            await store.must_write()
            removed = await store.actions.records.erase(forgetting.of_actions())
            removed += await store.facts.records.erase(forgetting.of_facts())
            await asyncio.to_thread(store.database.clear_put_aside)
        return removed

    async def measured(self) -> MemoryStatus:
        """The status with everything measured now. Raises MemoryUnavailable."""
        await self._store.ready_to_read()
        await self._store.measure()
        return self.status()

    def status(self) -> MemoryStatus:
        """Cheap."""
        store = self._store
        tally = store.code.tally
        problems = (*store.database.problems, store.problem, store.vector_problem)
        return MemoryStatus(
            writes=store.writes,
            indexing=store.indexing,
            files=tally.files,
            chunks=tally.chunks,
            pending=store.pending,
            actions=store.extent.actions,
            facts=store.extent.facts,
            bytes_on_disk=store.extent.bytes_on_disk,
            failed_optimizes=sum(table.failed_optimizes for table in store.database.tables()),
            skipped=dict(tally.skipped),
            problems=tuple(dict.fromkeys(problem for problem in problems if problem)),
        )

    async def _found(self, kind: MemoryKind, query: Query, overlay: UnsavedOverlay) -> list[Hit]:
        store = self._store
        match kind:
            case "code":
                hits, pool = await find_code(store.code.chunks, store.vectors, query, overlay)
                store.vector_problem = pool.problem or store.vector_problem
                return hits
            case "action":
                return await store.actions.find(query)
            case "fact":
                return await store.facts.find(query)
            case _:
                assert_never(kind)


def _place(folder: Path, workspace: Workspace, uri: str | None) -> str:
    """Where the tables are: each workspace has a place of its own."""
    if uri is None:
        return str(folder / "tables")
    own = digest(str(workspace.root))[:16]
    return f"{uri.rstrip('/')}/{own}" if "://" in uri else str(Path(uri).expanduser() / own)
