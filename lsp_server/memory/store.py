"""All tables of one workspace, and the two tasks that keep them up.

One task writes what was recorded and changed, and optimizes when nobody waits;
the other makes vectors, the slow part, and waits for nobody. Only one process
writes, the one that holds the lock; the others leave what they want written in
the inbox. What fails is repaired before the next try: code is made anew from
files, records that cannot be read are put aside.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import ActionRecord, Fact
from lsp_server.domain.ports import Embedder
from lsp_server.memory.actions import ActionTable
from lsp_server.memory.facts import FactTable
from lsp_server.memory.indexing import (
    EMBED_COMMIT_ROWS,
    EMBED_COMMIT_SECONDS,
    EMBED_TEXTS,
    VECTORS_OF,
    CodeIndex,
    IndexReport,
    Report,
    is_of_code,
)
from lsp_server.memory.lock import WriterLock
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.records import RecordTable
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.tables import Database, Table
from lsp_server.memory.unsaved import UnsavedChunks
from lsp_server.memory.vectors import VectorTable
from lsp_server.memory.write_queue import WriteQueue
from lsp_server.redaction.secrets import Secrets
from lsp_server.workspace.paths import Workspace

GROUP_SECONDS = 0.1
"""What comes within it is written together: one commit costs as much as a hundred rows."""
TICK_SECONDS = 2.0
"""How often the inbox and the lock are looked at; also how long quiet is."""
RETRY_SECONDS = 30.0
CLOSE_SECONDS_MAX = 5.0
OPTIMIZE_FAILURES_MAX = 3
"""In a row; then the table counts as damaged."""
MEASURE_SECONDS = 30.0
"""Between two looks at the size on disk."""
RECORDED_MAX = 10_000
DIRTY_MAX = 2_000
"""Changed paths; with more of them, the whole workspace is compared."""


@dataclass(frozen=True, slots=True)
class TableSizes:
    """How much there is; bytes are those of a database in a folder."""

    actions: int = 0
    facts: int = 0
    bytes_on_disk: int | None = None


class MemoryStore:
    """Start it, and close it.

    `writing` is held by whoever changes the tables of records; those of code have a
    lock of their own, so that a long index run holds up nobody who remembers something.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        workspace: Workspace,
        embedder: Embedder,
        lock: WriterLock,
        *,
        file_bytes_max: int,
        secrets: Callable[[], Secrets],
    ) -> None:
        self.database = database
        self.vectors = VectorTable(database, VECTORS_OF, embedder)
        self.actions = ActionTable(database, VectorTable(database, "action", embedder))
        self.facts = FactTable(database, VectorTable(database, "fact", embedder))
        self._readers = ParseWorkers()
        self.code = CodeIndex(
            database,
            workspace,
            self.vectors,
            self._readers,
            file_bytes_max=file_bytes_max,
            secrets=secrets,
        )
        self.unsaved = UnsavedChunks(
            workspace,
            self._readers,
            file_bytes_max=file_bytes_max,
            secrets=lambda: self.code.secrets,
        )
        self.writing = asyncio.Lock()
        self._writing_code = asyncio.Lock()
        self._becoming_writer = asyncio.Lock()
        self.problem: str | None = None
        self.vector_problem: str | None = None
        self.indexing = False
        self.extent = TableSizes()
        self._lock = lock
        self._inbox = WriteQueue(folder / "inbox")
        self._recorded: deque[ActionRecord | Fact] = deque(maxlen=RECORDED_MAX)
        self._dirty: set[Path] = set()
        self._made: dict[str, Sequence[float]] = {}
        self._made_at = time.monotonic()
        self._used_at = time.monotonic()
        self._upkeep_problem: str | None = None
        self._retry_at = 0.0
        self._measure_at = 0.0
        self._opened = False
        self._others_dropped = False
        self._damaged_code = False
        self._damaged_records = False
        self._wake = asyncio.Event()
        self._wake_vectors = asyncio.Event()
        self._progress = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes."""
        return self._lock.held

    @property
    def pending(self) -> int:
        """Vectors that are still to be made or written."""
        texts = sum(len(records.backlog) for records in self._records())
        return texts + len(self.code.backlog) + len(self._made)

    async def start(self) -> None:
        """Raises MemoryUnavailable."""
        await self._open_tables()
        self._tasks = [
            asyncio.create_task(self._keep_up(), name="memory"),
            asyncio.create_task(self._make_vectors(), name="memory-vectors"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Writes what was recorded, within a few seconds, and ends all that was started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(MemoryUnavailable, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                async with self.writing:
                    await self.store_recorded()
                async with self._writing_code:
                    if self.writes:
                        await self.vectors.put(self._made)
        await self._readers.close()
        self.database.close()
        self._lock.release()

    def record(self, record: ActionRecord | Fact) -> None:
        self._recorded.append(record)
        self._wake.set()

    def changed(self, paths: Iterable[Path]) -> None:
        self._dirty.update(paths)
        self._wake.set()

    async def index(self, report: Report, *, anew: bool = False) -> IndexReport:
        """Raises MemoryUnavailable."""
        async with self._writing_code:
            self.indexing = True
            try:
                if not await self._may_write():
                    return IndexReport(len(self.code.known), 0, 0, 0, 0, 0.0)
                await self._repair_code()
                if anew:
                    await self.code.rebuild()
                return await self.code.bring_up(report)
            except MemoryUnavailable as error:
                self.failed(error)
                raise
            finally:
                self.indexing = False
                self._measure_at = 0.0
                self._wake_vectors.set()

    async def ready_to_read(self) -> None:
        """What was recorded can be found now. Raises MemoryUnavailable."""
        self._used_at = time.monotonic()
        if self._recorded:
            async with self.writing:
                await self.store_recorded()
        if not self._opened:
            await self._open_tables()
        if not self._opened:
            raise MemoryUnavailable("another process is making the memory; try again soon")

    async def must_write(self) -> None:
        """Call it while `writing` is held. Raises MemoryUnavailable."""
        if not await self._may_write():
            raise MemoryUnavailable(
                "another process has this workspace's memory open and is the one to change it; "
                "do it there, or close that one"
            )
        await self.store_recorded()

    async def store_recorded(self) -> None:
        """Writes what was recorded here and, for the others, in the inbox.

        Call it while `writing` is held. Raises MemoryUnavailable.
        """
        records = list(self._recorded)
        try:
            if await self._may_write():
                entries, sent = await asyncio.to_thread(self._inbox.read)
                await self._put([*sent, *records])
                await asyncio.to_thread(self._inbox.remove, entries)
            elif records:
                await asyncio.to_thread(self._inbox.send, records)
        except OSError as error:
            raise MemoryUnavailable(f"the memory's inbox cannot be used: {error}") from error
        for one in records:
            # A full queue may have dropped some of them meanwhile.
            if self._recorded and self._recorded[0] is one:
                self._recorded.popleft()

    def failed(self, error: MemoryUnavailable) -> None:
        """What is wrong is said in the status, and mended before the next write."""
        self.problem = str(error)
        if self._opened and self.writes and not isinstance(error, PlaceUnavailable):
            self._damaged_code = self._damaged_records = True
        self._retry_at = time.monotonic() + RETRY_SECONDS

    async def settled(self) -> None:
        """Returns when all that was recorded and changed is written and has its vectors.

        Raises MemoryUnavailable when it cannot come to that for now.
        """
        async with self._progress:
            await self._progress.wait_for(lambda: self._stuck or not self._busy)
            if self._stuck:
                raise MemoryUnavailable(self._stuck)

    async def _put(self, records: Sequence[ActionRecord | Fact]) -> None:
        await self.actions.put([one for one in records if isinstance(one, ActionRecord)])
        for fact in records:
            if isinstance(fact, Fact):
                await self.facts.put(fact)
        if records:
            self._wake_vectors.set()

    async def _open_tables(self) -> None:
        """All of them, or, without the lock, those that are there already."""
        try:
            for vectors in (self.vectors, *(one.vectors for one in self._records())):
                await vectors.open(writes=self.writes)
            await self.code.open(writes=self.writes)
            for records in self._records():
                await records.open(writes=self.writes)
        except MemoryUnavailable:
            if self.writes:
                raise
            return
        self._opened = True

    async def _may_write(self) -> bool:
        """Whether this process writes, becoming the one that does when there is none."""
        async with self._becoming_writer:
            if not self.writes:
                if not self._lock.acquire():
                    return False
                await self.database.become_writer()
                await self._open_tables()
        return True

    async def _keep_up(self) -> None:
        """Writes what comes, as long as the store is open."""
        while True:
            woken = await _woken(self._wake)
            if woken:
                await asyncio.sleep(GROUP_SECONDS)  # gathers what belongs into one commit
                self._wake.clear()
            if time.monotonic() < self._retry_at:
                continue
            try:
                await self._turn(quiet=not woken)
                if self._opened and time.monotonic() >= self._measure_at:
                    await self.measure()
                self.problem = self._upkeep_problem
            except MemoryUnavailable as error:
                self.failed(error)
            await self._tell_progress()

    async def _turn(self, *, quiet: bool) -> None:
        quiet = quiet and time.monotonic() - self._used_at > TICK_SECONDS
        async with self.writing:
            await self._repair_records()
            await self.store_recorded()
            if self.writes:
                await self._maintain(self.record_tables(), quiet=quiet)
        if not self.writes:
            self._dirty.clear()  # The process that writes watches for itself.
        elif not self._writing_code.locked():  # An index run is not waited for.
            async with self._writing_code:
                await self._read_changes()
                await self._maintain(self._code_tables(), quiet=quiet)

    async def measure(self) -> None:
        """Counts what there is. Raises MemoryUnavailable."""
        self.extent = TableSizes(
            await self.actions.records.table.count(),
            await self.facts.records.table.count(),
            await asyncio.to_thread(self.database.bytes_on_disk),
        )
        self._measure_at = time.monotonic() + MEASURE_SECONDS

    async def _read_changes(self) -> None:
        if self._damaged_code:
            await self._repair_code()
            await self.code.bring_up()
        if self._dirty:
            paths = set(self._dirty)
            await (self.code.bring_up() if len(paths) > DIRTY_MAX else self.code.update(paths))
            self._dirty -= paths
            self._wake_vectors.set()

    async def _maintain(self, tables: Sequence[Table], *, quiet: bool) -> None:
        """One table at most, so that what comes meanwhile waits for one only."""
        due = next((table for table in tables if table.due(quiet=quiet)), None)
        if due is None:
            return
        if due is self.code.chunks:
            await self.vectors.prune(await self.code.used_keys())
        if due is self.actions.records.table:
            await self.actions.expire()
        try:
            await due.optimize()
            self._upkeep_problem = None
        except MemoryUnavailable as error:
            if due.failed_optimizes >= OPTIMIZE_FAILURES_MAX:
                raise
            self._upkeep_problem = str(error)

    def _code_tables(self) -> list[Table]:
        return [table for table in self.database.tables() if is_of_code(table.layout.name)]

    def record_tables(self) -> list[Table]:
        return [table for table in self.database.tables() if not is_of_code(table.layout.name)]

    async def _make_vectors(self) -> None:
        """Makes the vectors that are missing, as long as the store is open."""
        retry_at = 0.0
        while True:
            await _woken(self._wake_vectors)
            self._wake_vectors.clear()
            if time.monotonic() < retry_at:
                continue
            try:
                while self.writes and self._opened and self.pending:
                    await self._make_some_vectors()
                await self._drop_other_vectors()
                self.vector_problem = None
            except MemoryUnavailable as error:
                self.vector_problem = str(error)
                retry_at = time.monotonic() + RETRY_SECONDS
            await self._tell_progress()

    async def _make_some_vectors(self) -> None:
        """Records first: they are few, and wanted soon."""
        for records in self._records():
            if records.backlog:
                made = await records.embed(EMBED_TEXTS)
                async with self.writing:
                    await records.keep(made)
                return
        if self.code.backlog:
            self._made |= await self.code.embed()
        ripe = time.monotonic() - self._made_at > EMBED_COMMIT_SECONDS
        if ripe or len(self._made) >= EMBED_COMMIT_ROWS or not self.code.backlog:
            async with self._writing_code:
                await self.vectors.put(self._made)
            self._made = {}
            self._made_at = time.monotonic()

    async def _drop_other_vectors(self) -> None:
        """Until this embedder has made all, a person may go back to the other at no cost."""
        if self.writes and self._opened and not self._others_dropped:
            for vectors in (self.vectors, *(one.vectors for one in self._records())):
                await vectors.drop_others()
            self._others_dropped = True

    async def _repair_code(self) -> None:
        """Made anew from files."""
        if self._damaged_code:
            await self.vectors.repair()
            await self.code.rebuild()
            self._damaged_code = False

    async def _repair_records(self) -> None:
        """Put aside if they cannot be read."""
        if self._damaged_records:
            for records in self._records():
                await records.repair()
            self._damaged_records = False

    @property
    def _busy(self) -> bool:
        return bool(self._recorded or self._dirty or self.pending or self.indexing)

    @property
    def _stuck(self) -> str | None:
        return self.problem or self.vector_problem

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours ends a task: the status says so, and nobody waits for it."""
        if not task.cancelled() and (error := task.exception()):
            self.problem = self.vector_problem = f"memory ended by a fault of its own: {error!r}"
            self._wake.set()
            self._wake_vectors.set()

    def _records(self) -> tuple[RecordTable, ...]:
        return (self.actions.records, self.facts.records)

    async def _tell_progress(self) -> None:
        async with self._progress:
            self._progress.notify_all()


async def _woken(event: asyncio.Event) -> bool:
    """Whether the event came within a tick."""
    try:
        async with asyncio.timeout(TICK_SECONDS):
            await event.wait()
    except TimeoutError:
        return False
    return True
