"""The memory of a workspace as a session uses it: opened beside the work, and never needed.

Opening it takes a second or two, so what happens meanwhile waits in a queue.
What could not be remembered, because the process died or memory was gone, is
learned from the journals when it opens the next time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.events import RecordedEvent, StepStarted
from lsp_server.domain.memories import ActionRecord, Fact, Hit, Query
from lsp_server.domain.tasks import RunId
from lsp_server.memory.facts import new_fact
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.memory.indexing import IndexProgress, IndexReport
from lsp_server.memory.memory import Memory, MemoryStatus
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.memory.action_recorder import ActionRecorder
from lsp_server.session.memory.backfill import learn_commits, learn_runs
from lsp_server.session.memory.changed_lines import ChangedLines
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.documents import Documents, is_saved
from lsp_server.workspace.paths import Workspace

Open: TypeAlias = Callable[[MemorySettings], Awaitable[Memory]]
"""Opens the memory. Raises MemoryUnavailable."""
Progress: TypeAlias = Callable[[IndexProgress | None], None]
"""Told how far an index run is; None when it is over."""

WAIT_SECONDS_MAX = 20.0
"""How long somebody who asks waits for memory to open."""
RETRY_SECONDS = 60.0
ROWS_MAX = 20_000
UNSAVED_MAX = 64
CLOSE_SECONDS_MAX = 8.0

OFF = "memory is turned off; set memory.enabled to true"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MemoryState:
    """How it is with memory; `status` is None unless it is open, `index` while nothing is read."""

    phase: Literal["off", "closed", "opening", "open", "failed"]
    problem: str = ""
    status: MemoryStatus | None = None
    index: IndexProgress | None = None


class SessionMemory:
    """Opens memory when it is first wanted; `close` it.

    `is_there` tells, cheaply, whether anything may have been remembered before.
    """

    def __init__(
        self,
        settings: MemorySettings,
        open_memory: Open,
        is_there: Callable[[], bool],
        workspace: Workspace,
        documents: Documents,
        runs: Path,
        *,
        redactor: Redactor | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._redactor = redactor or Redactor()
        self._settings = settings
        self._open_memory = open_memory
        self._is_there = is_there
        self._workspace = workspace
        self._documents = documents
        self._runs = runs
        self._fact_file = FactFile(runs.parent)
        self._changed = changed
        self.on_progress: Progress = lambda _: None
        self.changed_lines = ChangedLines()
        """What runs changed, as far as memory is open."""
        self._memory: Memory | None = None
        self._opening: asyncio.Task[Memory] | None = None
        self._problem = ""
        self._retry_at = 0.0
        self._index: IndexProgress | None = None
        self._rows: deque[ActionRecord] = deque(maxlen=ROWS_MAX)
        """What waits for memory to open."""
        self._action_recorder = ActionRecorder(runs, self._keep, self._refuted)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._first_index: asyncio.Task[Any] | None = None
        self._learning: asyncio.Task[None] | None = None

    def state(self) -> MemoryState:
        """A snapshot; cheap."""
        if not self._settings.enabled:
            return MemoryState("off", OFF)
        if self._memory is not None:
            status = self._memory.status()
            problem = self._problem or "; ".join(status.problems)
            return MemoryState("open", problem, status, self._index)
        if self._opening is not None and not self._opening.done():
            return MemoryState("opening")
        return MemoryState("failed" if self._problem else "closed", self._problem)

    @property
    def is_there(self) -> bool:
        """Whether anything may have been remembered, also while it is turned off."""
        return self._is_there()

    @property
    def worth_waiting_for(self) -> bool:
        """Whether it is open, or will be and has something to tell."""
        if self._memory is not None:
            return True
        return self.state().phase in ("closed", "opening") and self._is_there()

    def start(self) -> None:
        """Begins to open memory, unless it is open, or failed a short while ago."""
        now = asyncio.get_running_loop().time()
        if not self._settings.enabled or self._opening is not None or now < self._retry_at:
            return
        self._opening = self._begin(self._open(), "opening memory")

    def reconfigure(self, settings: MemorySettings) -> None:
        """Closes memory and opens it as it is wanted now, if that is different."""
        if settings == self._settings:
            return
        was_wanted = self._opening is not None
        self._settings, self._retry_at = settings, 0.0
        if was_wanted:
            self._begin(self._reopen(), "reopening memory")

    async def ready(self) -> Memory:
        """The open memory. Raises MemoryUnavailable, also when it takes too long."""
        self.start()
        opening = self._opening
        if opening is None:
            raise MemoryUnavailable(self._problem or OFF)
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                return await asyncio.shield(opening)
        except TimeoutError:
            raise MemoryUnavailable("memory is still being opened; try again soon") from None
        except asyncio.CancelledError:
            if opening.cancelled():
                raise MemoryUnavailable("memory is closed") from None
            raise

    # What happens

    def see(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Takes an Event of a run in; cheap."""
        if not self._settings.enabled:
            return
        if isinstance(recorded.event, StepStarted):
            self.start()
        self._action_recorder.see(run_id, recorded)

    def changed(self, paths: Iterable[Path]) -> None:
        """Files may have changed; cheap."""
        if self._memory is not None:
            self._memory.code.files_changed(paths)

    # What is asked

    async def search(self, query: Query) -> tuple[Hit, ...]:
        """As `Memory.search`, with what stands unsaved in buffers. Raises MemoryUnavailable."""
        memory = await self.ready()
        await self._action_recorder.caught_up()
        return await memory.reader.search(query, unsaved=await self._unsaved())

    async def remember(self, text: str) -> Fact:
        """What a person says. Raises MemoryUnavailable."""
        return await self._noted(
            await (await self.ready()).records.remember(self._redactor(text), "person")
        )

    async def note(self, text: str) -> Fact:
        """The same without waiting for memory to open: it is written down, and taken in then.

        Raises MemoryUnavailable.
        """
        fact = await self._noted(new_fact(self._redactor(text), "person"))
        self._begin(self._take_in(fact), "taking in a note")
        return fact

    async def claim(self, run_id: RunId, text: str) -> Fact:
        """What a run says; verified if it names a command that succeeded in that run.

        Raises MemoryUnavailable.
        """
        memory = await self.ready()
        await self._action_recorder.caught_up()
        evidence_id = self._action_recorder.evidence_for(run_id, text)
        return await self._noted(
            await memory.records.remember(self._redactor(text), "agent", evidence_id)
        )

    async def forget(self, forgetting: ForgetRequest) -> int:
        """How many rows went, so that they do not come back. Raises MemoryUnavailable."""
        memory = await self.ready()
        await self.learned()
        before = await memory.reader.lasting_ids()
        rows = await memory.records.forget(forgetting)
        gone = before - await memory.reader.lasting_ids()
        await asyncio.to_thread(self._fact_file.forget, gone)
        return rows

    async def indexed(self) -> None:
        """Returns when the code was read for the first time since the start.

        Raises MemoryUnavailable.
        """
        await self.ready()
        if self._first_index is not None:
            await asyncio.wait([self._first_index])

    async def learned(self) -> None:
        """Returns when what journals tell, and what just happened, is in memory.

        Raises MemoryUnavailable.
        """
        await self.ready()
        if self._learning is not None:
            await asyncio.wait([self._learning])
        await self._action_recorder.caught_up()

    async def index(self, *, full: bool = False) -> IndexReport:
        """Brings the code index up to the disk; with `full` from nothing. Raises MemoryUnavailable."""
        memory = await self.ready()
        return await self._indexed(memory, full=full)

    async def settled(self) -> None:
        """Returns when all that is known of is remembered, with vectors. Raises MemoryUnavailable."""
        await self.learned()
        await (await self.ready()).settled()

    def start_index(self, *, full: bool = False) -> None:
        """The same in the background."""
        self._begin(self.index(full=full), "indexing")

    async def close(self) -> None:
        """Writes what is left, within a few seconds, and ends all that was started."""
        with suppress(TimeoutError, MemoryUnavailable):
            async with asyncio.timeout(CLOSE_SECONDS_MAX / 2):
                if self._memory is not None:
                    await self._action_recorder.caught_up()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._action_recorder.close()
        await self._release()

    async def _release(self) -> None:
        memory, self._memory, self._opening = self._memory, None, None
        if memory is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS_MAX):
                    await memory.close()

    async def _reopen(self) -> None:
        if self._opening is not None:
            await asyncio.wait([self._opening])
        await self._release()
        self.start()
        self._changed()

    async def _open(self) -> Memory:
        try:
            memory = await self._open_memory(self._settings)
        except MemoryUnavailable as error:
            self._failed(str(error))
            raise
        except Exception as error:
            # An advantage, never a need: whatever is wrong with it, the session goes on.
            _log.exception("memory could not be opened")
            self._failed(f"memory could not be opened: {error!r}")
            raise MemoryUnavailable(self._problem) from error
        self._memory, self._problem = memory, ""
        while self._rows:
            memory.records.add(self._rows.popleft())
        self._learning = self._begin(self._learn(memory), "learning")
        if self._settings.index_on_start:
            self._first_index = self._begin(self._indexed(memory), "indexing")
        self._changed()
        return memory

    def _failed(self, problem: str) -> None:
        """Says so once, and allows another try later."""
        if problem != self._problem:
            _log.warning("going on without memory: %s", problem)
        self._problem = problem
        self._retry_at = asyncio.get_running_loop().time() + RETRY_SECONDS
        self._opening = None
        self._changed()

    async def _indexed(self, memory: Memory, *, full: bool = False) -> IndexReport:
        def report(progress: IndexProgress) -> None:
            self._index = progress
            self.on_progress(progress)

        try:
            done = await memory.code.index(report, full=full)
            self._problem = ""
            return done
        except MemoryUnavailable as error:
            self._problem = str(error)
            _log.warning("the code could not be indexed: %s", error)
            raise
        finally:
            self._index = None
            self.on_progress(None)
            self._changed()

    async def _learn(self, memory: Memory) -> None:
        for change in await memory.reader.changes():
            self.changed_lines.add(change)
        await memory.records.restore(await asyncio.to_thread(self._fact_file.facts))
        await learn_runs(memory, self._runs)
        forgotten = await asyncio.to_thread(self._fact_file.forgotten)
        count, root = self._settings.commits_max, self._workspace.root
        await learn_commits(memory, root, count, self._redactor, forgotten)

    async def _take_in(self, fact: Fact) -> None:
        """A note that is left behind here is learned when memory opens the next time."""
        await (await self.ready()).records.restore([fact])

    async def _noted(self, fact: Fact) -> Fact:
        await asyncio.to_thread(self._fact_file.add, fact)
        return fact

    def _keep(self, row: ActionRecord) -> None:
        self.changed_lines.add(row)
        (self._rows.append if self._memory is None else self._memory.records.add)(row)

    async def _refuted(self, evidence_id: str) -> None:
        if self._memory is not None:
            with suppress(MemoryUnavailable):
                await self._memory.records.mark_stale(evidence_id)

    async def _unsaved(self) -> Mapping[str, str]:
        """The buffers that differ from the disk, by workspace-relative path."""
        buffers = [
            (path, text)
            for path, text in self._documents.buffers().items()
            if self._workspace.inside(path)
        ]
        return await asyncio.to_thread(
            lambda: {
                self._workspace.relative(path): text
                for path, text in buffers[:UNSAVED_MAX]
                if not is_saved(path, text)
            }
        )

    def _begin(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, MemoryUnavailable):
            _log.error("%s failed", task.get_name(), exc_info=error)
