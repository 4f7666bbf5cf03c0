"""`SessionMemory` is the door to memory for a session: opened beside the work, and never needed.

Opening takes a second or two, so what happens meanwhile waits in a queue. What
could not be remembered, because the process died or memory was gone, is learned
from the journals when it opens the next time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.events import RecordedEvent, StepStarted
from lsp_server.domain.memories import ActionRecord, Hit, Query
from lsp_server.domain.tasks import RunId
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.memory.action_recorder import ActionRecorder
from lsp_server.session.memory.backfill import Backfill
from lsp_server.session.memory.changed_lines import ChangedLines
from lsp_server.session.memory.evidence import PassedChecks
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.session.memory.index_runs import IndexRuns
from lsp_server.session.memory.opening import OFF, MemoryOpener, MemoryPhase, OpenMemory
from lsp_server.session.memory.session_facts import SessionFacts
from lsp_server.session.notices import IndexProgressed, Notify, StatusChanged, ignore
from lsp_server.settings.sections import MemorySettings
from lsp_server.system.task_set import TaskSet
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.documents import Documents, is_saved
from lsp_server.workspace.files.paths import Workspace

if TYPE_CHECKING:  # Memory may be off, and is opened beside the work.
    from lsp_server.memory.indexing import IndexProgress, IndexReport
    from lsp_server.memory.memory import Memory, MemoryStatus

if TYPE_CHECKING:
    from lsp_server.memory.base.base_builder import BuildReport

BuildBase: TypeAlias = Callable[..., "Awaitable[BuildReport]"]
"""Builds a base by settings at a URI, with `full` and `progress`.

Raises ConfigurationError, MemoryUnavailable.
"""


async def refuse_base(*_: object, **__: object) -> BuildReport:
    """Builds nothing: a `BuildBase` for a session that cannot. Raises MemoryUnavailable."""
    raise MemoryUnavailable(OFF)


ROWS_MAX = 20_000
"""Rows that wait for memory to open; of more, the oldest are dropped."""
UNSAVED_MAX = 64
"""Buffers that are compared with the disk for one search."""
CLOSE_SECONDS_MAX = 4.0


@dataclass(frozen=True, slots=True)
class MemoryState:
    """A `MemoryState` is a snapshot of a session's memory.

    `status` is None unless memory is open, `index` while no file is being read.
    """

    phase: MemoryPhase
    problem: str = ""
    status: MemoryStatus | None = None
    index: IndexProgress | None = None


class SessionMemory:
    """A `SessionMemory` opens the memory of a session and fills it. Close it.

    `opener` opens it when it is first wanted, `index_runs` keeps the code index up,
    `facts` keeps what people and runs claim, and `changed_lines` knows what runs
    changed, as far as memory is open.

    `has_data` says, cheaply, whether anything may have been remembered before;
    `runs` is the folder with the journals; `commands` run git; `notify` is called with
    `IndexProgressed` and `StatusChanged`, `build_base` builds the base of a
    team.
    """

    def __init__(
        self,
        settings: MemorySettings,
        open_memory: OpenMemory,
        has_data: Callable[[], bool],
        workspace: Workspace,
        documents: Documents,
        runs: Path,
        *,
        commands: CommandRunner,
        redactor: Redactor | None = None,
        notify: Notify = ignore,
        build_base: BuildBase = refuse_base,
    ) -> None:
        redactor = redactor or Redactor()
        self._notify = notify
        self._workspace = workspace
        self._documents = documents
        self._rows: deque[ActionRecord] = deque(maxlen=ROWS_MAX)
        """Rows that wait for memory to open."""
        self._tasks = TaskSet(expected=MemoryUnavailable)
        self._learning: asyncio.Task[None] | None = None
        self._checks = PassedChecks()
        self._recorder = ActionRecorder(runs, self._keep)
        self.build_base = build_base
        self.changed_lines = ChangedLines()
        self.fact_file = FactFile(runs.parent)
        self.opener = MemoryOpener(
            settings,
            open_memory,
            has_data,
            opened=self._take_over,
            state_changed=lambda: notify(StatusChanged()),
        )
        self.index_runs = IndexRuns(self.opener, self._show_progress)
        self.facts = SessionFacts(
            self.opener, self._recorder, self._checks, self.fact_file, redactor
        )
        self._backfill = Backfill(
            runs, workspace.root, self.fact_file, self.changed_lines, redactor, commands
        )

    def state(self) -> MemoryState:
        """Returns a snapshot; cheap."""
        opener, memory = self.opener, self.opener.memory
        match opener.phase:
            case "off":
                return MemoryState("off", OFF)
            case "open" if memory is not None:
                status = memory.status()
                problem = self.index_runs.problem or "; ".join(status.problems)
                return MemoryState("open", problem, status, self.index_runs.progress)
            case phase:
                return MemoryState(phase, "" if phase == "opening" else opener.problem)

    def start(self) -> None:
        """Begins to open memory, unless it is open, off, or failed a short while ago."""
        self.opener.start()

    def reconfigure(self, settings: MemorySettings) -> None:
        """Takes new settings; a memory that is open or opening is opened again with them."""
        self.opener.reconfigure(settings)

    async def ready(self) -> Memory:
        """Returns the open memory. Raises MemoryUnavailable, also when opening takes too long."""
        return await self.opener.ready()

    def see(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Takes an Event of a run in; cheap."""
        if self.opener.phase != "off":
            # Not earlier: a run that cannot even begin needs no memory.
            if isinstance(recorded.event, StepStarted):
                self.start()
            self._recorder.see(run_id, recorded)

    def files_changed(self, paths: Iterable[Path]) -> None:
        """Notes absolute paths of files or folders that may have changed; cheap."""
        if self.opener.memory is not None:
            self.opener.memory.code.files_changed(paths)

    async def search(self, query: Query) -> tuple[Hit, ...]:
        """Finds what `MemoryReader.search` finds, with the buffers that are not saved.

        Raises MemoryUnavailable.
        """
        memory = await self.ready()
        # A run finds what it did a moment ago.
        await self._recorder.catch_up()
        unsaved = await _unsaved_buffers(self._documents, self._workspace)
        return await memory.reader.search(query, unsaved=unsaved)

    async def index(self, *, full: bool = False) -> IndexReport:
        """Brings the code index up to the disk, with `full` from nothing.

        Raises MemoryUnavailable.
        """
        return await self.index_runs.run(full=full)

    async def catch_up(self) -> None:
        """Returns when memory has what journals tell and what just happened.

        Raises MemoryUnavailable.
        """
        await self.ready()
        if self._learning is not None:
            await asyncio.wait([self._learning])
        await self._recorder.catch_up()

    async def settle(self) -> None:
        """Returns when everything that is known of is remembered, with its vectors.

        Raises MemoryUnavailable.
        """
        await self.catch_up()
        await (await self.ready()).settle()

    async def close(self) -> None:
        """Writes what is left, within a few seconds, and ends all that was started."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                if self.opener.memory is not None:
                    await self._recorder.catch_up()
        await self._tasks.close()
        await self.index_runs.close()
        await self.facts.close()
        await self._recorder.close()
        await self.opener.close()

    def _take_over(self, memory: Memory) -> None:
        """Gives a memory that was just opened what it does not know."""
        while self._rows:
            memory.records.add(self._rows.popleft())
        settings = self.opener.settings
        learning = self._backfill.learn(memory, settings.commits_max)
        self._learning = self._tasks.start(learning, "learning what memory missed")
        if settings.index_on_start:
            self.index_runs.start()

    async def _keep(self, row: ActionRecord) -> None:
        memory = self.opener.memory
        self.changed_lines.add(row)
        (self._rows.append if memory is None else memory.records.add)(row)
        refuted = self._checks.see(row)
        if refuted and memory is not None:
            with suppress(MemoryUnavailable):  # Another process writes, or nothing can be.
                await memory.records.mark_stale(refuted)

    def _show_progress(self, progress: IndexProgress | None) -> None:
        self._notify(IndexProgressed(progress))
        if progress is None:
            self._notify(StatusChanged())


async def _unsaved_buffers(documents: Documents, workspace: Workspace) -> Mapping[str, str]:
    """Returns the texts of buffers that differ from the disk, by workspace-relative path."""
    buffers = [(path, text) for path, text in documents.buffers().items() if workspace.inside(path)]
    return await asyncio.to_thread(
        lambda: {
            workspace.relative(path): text
            for path, text in buffers[:UNSAVED_MAX]
            if not is_saved(path, text)
        }
    )
