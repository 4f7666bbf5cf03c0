"""`BackgroundCommands` run beside the steps of one run, until each ends, is stopped, or the run ends."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Emit, FileChanged
from lsp_server.sandbox.process_tree import end_tree, signal_tree
from lsp_server.sandbox.sandbox import SandboxedProcess
from lsp_server.system.cancellation import to_its_end
from lsp_server.system.task_set import TaskSet
from lsp_server.workspace.commands.background_log import BackgroundLog
from lsp_server.workspace.commands.command_process import TERM_GRACE_SECONDS, CommandFollower
from lsp_server.workspace.commands.commands import CommandResult
from lsp_server.workspace.commands.left_over_commands import (
    FILE_NAME,
    end_left_over,
    name_processes,
)

COMMANDS_MAX = 8
"""How many may run at once."""
SECONDS_MAX = 86_400.0
"""How long one may run."""
FIRST_LOOK_SECONDS = 0.5
"""How long a start waits for an early end, which says what is wrong."""
LAST_LINES = 5

RecordedChanges: TypeAlias = Callable[[], Mapping[str, FileChanged]]
"""Gives what a run recorded so far, by path: what was there before all, and what is now."""
RunCommand: TypeAlias = Callable[[CommandFollower], Awaitable[CommandResult]]
"""Runs a command to its end, and lets the follower see it. Raises ToolError."""


EndedBy: TypeAlias = Literal["itself", "agent", "run"]


class BackgroundCommand:
    """A `BackgroundCommand` is one of them; `log` has what it prints. It follows its own process."""

    def __init__(self, background_id: str, command: str, owner: BackgroundCommands) -> None:
        self.id = background_id
        self.command = command
        self.log = BackgroundLog(owner.folder / f"{background_id}.log", owner.redact)
        self.process: SandboxedProcess | None = None
        self.result: CommandResult | None = None
        self.ended_by: EndedBy = "itself"
        self.watchers = 0
        """How many results wait for its end, so that the model reads of it there."""
        self._owner = owner

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Says for a `with` block that a result will tell of what happens."""
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1

    @property
    def ending(self) -> str:
        """Returns how it ended, in a few words; "" while it runs."""
        if self.result is not None:
            return self.result.ending
        return "stopped" if self.log.has_ended else ""

    def started(self, process: SandboxedProcess) -> None:
        """Takes note of the process."""
        self.process = process
        self._owner.has_started(self)

    def output(self, data: bytes) -> None:
        """Takes the next piece of the output."""
        self.log.add(data)

    def is_edit(self, path: Path) -> bool:
        """Says whether a file is as an edit of the run left it. Blocking."""
        return self._owner.is_edit(path)

    def set_aside(self, paths: Iterable[Path]) -> Path:
        """Keeps copies of files in the run's folder, and returns where. Blocking."""
        folder = self._owner.folder / f"{self.id}-set-aside"
        for path in paths:
            copy = folder / path.relative_to(path.anchor)
            with suppress(OSError):
                copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                shutil.copy2(path, copy, follow_symlinks=False)
        return folder


class BackgroundCommands:
    """`BackgroundCommands` are those of one run. Close it: it owns their processes.

    Logs lie in a folder of the run's, `run_folder`, beside a file that names what runs, by
    which the next start ends what a kill left. `root` is the workspace, and `redact` takes
    secrets out of a log. `number` gives how many were started so far, `recorded` what the
    run changed by now; `open_files` are those in an editor.
    """

    def __init__(
        self,
        run_folder: Path,
        root: Path,
        emit: Emit,
        redact: Callable[[str], str] = str,
        number: Callable[[], int] = lambda: 0,
        recorded: RecordedChanges = dict,
        open_files: Collection[Path] = (),
    ) -> None:
        self.folder = run_folder / "background"
        self.redact = redact
        self._file = run_folder / FILE_NAME
        self._root = root
        self._emit = emit
        self._number = number
        self.recorded = recorded
        self.open_files = open_files
        self._edits: dict[str, str] = {}
        self._commands: dict[str, BackgroundCommand] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._owned = TaskSet(ToolError)
        self._recorded: set[str] = set()

    async def end_left_over(self) -> None:
        """Ends what an earlier process left of this run, before it goes on."""
        with suppress(OSError):
            await asyncio.to_thread(end_left_over, self._file)

    async def start(self, command: str, run: RunCommand) -> BackgroundCommand:
        """Starts a command and returns it soon, with its result where it ended at once.

        Raises ToolError where it cannot start, and where too many run.
        """
        if len(self._tasks) >= COMMANDS_MAX:
            running = ", ".join(self._tasks)
            raise ToolError(
                f"{COMMANDS_MAX} commands run in the background already ({running}); "
                "stop one that is not needed"
            )
        started = BackgroundCommand(self._new_id(), command, self)
        self._commands[started.id] = started
        task = self._owned.start(self._follow(started, run), f"background {started.id}")
        self._tasks[started.id] = task
        with started.watched():
            await asyncio.wait({task}, timeout=FIRST_LOOK_SECONDS)
        if task.done():
            task.result()
        return started

    def need(self, background_id: str) -> BackgroundCommand:
        """Returns the command with that id, ended or not. Raises ToolError."""
        found = self._commands.get(background_id)
        if found is None:
            known = ", ".join(self._commands) or "none"
            raise ToolError(f"there is no background command {background_id!r}; there are: {known}")
        return found

    async def stop(self, command: BackgroundCommand) -> None:
        """Ends a command with all that it started; does nothing for one that ended."""
        if command.id in self._tasks:
            await self._end(command, "agent")

    async def close(self) -> None:
        """Ends all of them, whatever is cancelled meanwhile."""

        async def work(_: asyncio.Event) -> None:
            running = [self._commands[background_id] for background_id in self._tasks]
            await asyncio.gather(*(self._end(command, "run") for command in running))

        await to_its_end(work)

    async def _end(self, command: BackgroundCommand, by: EndedBy) -> None:
        """Ends the processes, so that the end is recorded as of one that ended by itself."""
        command.ended_by, task = by, self._tasks[command.id]
        if (process := command.process) is None:
            task.cancel()
        else:
            await asyncio.to_thread(signal_tree, process, signal.SIGTERM)
            await asyncio.wait({task}, timeout=TERM_GRACE_SECONDS)
            await asyncio.to_thread(end_tree, process)
        await asyncio.wait({task})

    def note_edit(self, change: FileChanged) -> None:
        """Takes note of a file that an allowed edit of the run changed."""
        self._edits[change.path] = change.after or ""

    def is_edit(self, path: Path) -> bool:
        """Says whether a file is as an edit of the run left it. Blocking."""
        try:
            name = self._edits.get(os.path.relpath(path, self._root))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            return name is not None and name.startswith(digest)
        except OSError:
            return False

    def has_started(self, command: BackgroundCommand) -> None:
        """Emits that a command runs, once for each."""
        if command.id not in self._recorded:
            self._recorded.add(command.id)
            self._emit(BackgroundStarted(command.id, command.command))
        self._name_processes()

    def _new_id(self) -> str:
        taken = (f"bg{number}" for number in count(self._number() + 1))
        return next(one for one in taken if one not in self._commands)

    async def _follow(self, command: BackgroundCommand, run: RunCommand) -> None:
        try:
            command.result = await run(command)
        finally:
            told = command.watchers > 0  # The end of the log is what they wait for.
            await command.log.close()
            del self._tasks[command.id]
            self._name_processes()
            if command.process is not None:
                self._emit(_end_of(command, told=told))

    def _name_processes(self) -> None:
        running = [self._commands[one].process for one in self._tasks]
        with suppress(OSError):
            name_processes(self._file, filter(None, running))


def _end_of(command: BackgroundCommand, *, told: bool) -> BackgroundEnded:
    return BackgroundEnded(
        command.id,
        command.command,
        command.ending,
        command.result.exit_status if command.result is not None else None,
        command.log.last_lines(LAST_LINES),
        command.ended_by,
        told=told,
    )
