"""This module runs shell commands, each with a deadline, a process group and bounded output.

A command runs in a session of its own without terminal or input. When it ends,
is cancelled or runs out of time, what is left of its process group is ended
too; only a program that starts a session of its own can outlive it, and even
that cannot hold up the run, since nobody waits for its output.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.inert import trusted_folders

OUTPUT_BYTES_MAX = 100_000
LEFTOVER_GRACE_SECONDS = 0.2
"""How long background processes of a command that returned may take to end by themselves."""
TERM_GRACE_SECONDS = 0.5
"""How long a process group may take to end after SIGTERM before SIGKILL."""
POLL_SECONDS = 0.02
_READ_BYTES = 1 << 16

CHILD_ENVIRONMENT = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "MANPAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "PYTHONUNBUFFERED": "1",
}
"""No colours, no pagers, no prompts, no buffering that would reorder output. `CI` is
left as it is: it changes what test runners do, and a command should do here what
it does on the person's terminal."""
REMOVED_VARIABLES = ("FORCE_COLOR", "CLICOLOR_FORCE", "COLORTERM")
LEFT_OVER_NOTE = b"\n[processes left in the background were ended with the command]\n"
SECRET_PREFIXES = ("HOLDFAST_", "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A `CommandResult` says how a command ended. Its standard output and error are one text, in order.

    `exit_status` is 128 plus the signal's number for a command that a signal
    ended, None for one that ran out of time. Of `output`, `truncated_bytes` are
    missing in the middle.
    """

    exit_status: int | None
    output: str
    seconds: float
    timed_out: bool = False
    truncated_bytes: int = 0

    @property
    def ending(self) -> str:
        """Returns the end in words: `exit status 0`, `killed by SIGSEGV`, `timed out`."""
        if self.exit_status is None:
            return "timed out"
        with suppress(ValueError):
            return f"killed by {signal.Signals(self.exit_status - 128).name}"
        return f"exit status {self.exit_status}"


@dataclass(frozen=True, slots=True)
class CommandProfile:
    """A `CommandProfile` is what is known of a command before it runs.

    It runs in `environment`. With `changes_nothing` it is known to only read, wherever that
    leads; with `reads_only` nothing outside of the workspace either, so that a sandbox may
    forbid all else.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    changes_nothing: bool = False
    reads_only: bool = False


class CommandRunner(Protocol):
    """A `CommandRunner` runs shell commands; one that confines them wraps another."""

    async def run(
        self,
        command: str,
        folder: Path,
        *,
        timeout_seconds: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        environment: Mapping[str, str] = os.environ,
        reads_only: bool = False,
    ) -> CommandResult:
        """Runs `command` in `folder` and waits for its end, at most `timeout_seconds`.

        Output beyond `output_bytes_max` is left out in the middle. Of `environment`
        the command gets what `child_environment` leaves. With `reads_only` the command is
        known to change nothing; a sandbox forbids the rest. Cancelling ends the command.
        Raises ToolError when it cannot start.
        """
        ...


@dataclass(frozen=True, slots=True)
class HostCommandRunner:
    """A `HostCommandRunner` runs commands without any confinement, in bash, or sh where there is none."""

    async def run(
        self,
        command: str,
        folder: Path,
        *,
        timeout_seconds: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        environment: Mapping[str, str] = os.environ,
        reads_only: bool = False,  # noqa: ARG002 - nothing is confined here
    ) -> CommandResult:
        """Runs a command with the rights of this process. Raises ToolError."""
        started = time.monotonic()
        with output_pipe(output_bytes_max) as (output, write_end):
            process = await _start(command, folder, child_environment(environment), write_end)
            # From here on only the command holds it, so the pipe ends with the command.
            os.close(write_end)
            timed_out = left_over = False
            try:
                async with asyncio.timeout(timeout_seconds):
                    await process.wait()
                    left_over = not await _group_ends(process.pid, LEFTOVER_GRACE_SECONDS)
            except TimeoutError:
                # The command may have ended while the time went to what it left running.
                timed_out = process.returncode is None
            finally:
                await _end(process)
            output.drain()
        if left_over:
            output.add(LEFT_OVER_NOTE)
        return CommandResult(
            exit_status=None if timed_out else shell_status(process.returncode),
            output=output.text(),
            seconds=time.monotonic() - started,
            timed_out=timed_out,
            truncated_bytes=output.truncated_bytes,
        )


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a command: without Holdfast's secrets, made quiet."""
    passed_on = {
        name: value
        for name, value in environment.items()
        if not name.startswith(SECRET_PREFIXES) and name not in REMOVED_VARIABLES
    }
    return passed_on | CHILD_ENVIRONMENT


class HeadAndTail:
    """A `HeadAndTail` keeps the first and the last bytes of a stream, at most `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self._head_room = bytes_max // 2
        self._tail_room = bytes_max - self._head_room
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self.truncated_bytes = 0

    def add(self, data: bytes) -> None:
        """Takes the next bytes of the stream."""
        room = self._head_room - len(self._head)
        self._head += data[:room]
        rest = data[room:]
        if not rest:
            return
        self._tail.append(rest)
        self._tail_bytes += len(rest)
        while self._tail_bytes > self._tail_room:
            excess = self._tail_bytes - self._tail_room
            first = self._tail.popleft()
            if len(first) > excess:
                self._tail.appendleft(first[excess:])
            dropped = min(excess, len(first))
            self._tail_bytes -= dropped
            self.truncated_bytes += dropped

    def text(self) -> str:
        """Returns all that was kept as text, with a line that says how much is missing."""
        tail = b"".join(self._tail)
        if not self.truncated_bytes:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        # A character that the cut went through belongs to what is left out.
        head = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._head))
        while tail and 0x80 <= tail[0] < 0xC0:
            tail = tail[1:]
        left_out = f"\n[… {self.truncated_bytes} bytes left out …]\n"
        return head + left_out + tail.decode("utf-8", "replace")


class CommandOutput(HeadAndTail):
    """A `CommandOutput` is the output of a command, which the event loop reads from a pipe."""

    def __init__(self, read_end: int, bytes_max: int) -> None:
        super().__init__(bytes_max)
        self._read_end = read_end

    def read(self) -> bool:
        """Reads one piece; False when there is none now, or never again."""
        try:
            data = os.read(self._read_end, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._read_end)
            return False
        self.add(data)
        return True

    def drain(self) -> None:
        """Reads the rest of the pipe, with a bound, as a program that escaped may go on to fill it."""
        for _ in range(64):
            if not self.read():
                return


@contextmanager
def output_pipe(bytes_max: int) -> Iterator[tuple[CommandOutput, int]]:
    """Opens a pipe that the event loop reads, and its write end, which the caller closes."""
    read_end, write_end = os.pipe()
    loop = asyncio.get_running_loop()
    os.set_blocking(read_end, False)
    output = CommandOutput(read_end, bytes_max)
    loop.add_reader(read_end, output.read)
    try:
        yield output, write_end
    finally:
        loop.remove_reader(read_end)
        os.close(read_end)


async def _start(
    command: str, folder: Path, environment: dict[str, str], write_end: int
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *shell_arguments(command, folder, environment),
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            # No terminal to ask on, and one group that can be ended whole.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.close(write_end)
        raise start_failure(folder, error) from error
    except asyncio.CancelledError:
        os.close(write_end)
        raise


def shell_arguments(
    command: str, folder: Path, environment: Mapping[str, str]
) -> tuple[str, str, str]:
    """Returns the shell that runs the command in `folder`, with its arguments."""
    # Not one that a project brings: what a command means would be its to say.
    shell = shutil.which("bash", path=":".join(trusted_folders(folder, environment)))
    return shell or "/bin/sh", "-c", command


def start_failure(folder: Path, error: OSError | ValueError) -> ToolError:
    """Returns the error for a command that could not be started in `folder`."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ToolError(f"the command cannot be started in {folder}: {reason}")


def shell_status(returncode: int | None) -> int | None:
    """Returns the status as a shell counts: a signal is 128 plus its number."""
    return 128 - returncode if returncode is not None and returncode < 0 else returncode


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends what is left of the group; SIGKILL is sent even when this is cancelled."""
    group = process.pid
    try:
        if _signal(group, signal.SIGTERM):
            await _group_ends(group, TERM_GRACE_SECONDS)
    finally:
        _signal(group, signal.SIGKILL)
    await process.wait()


async def _group_ends(group: int, grace_seconds: float) -> bool:
    """Waits for the end of a process group; False when the grace is over."""
    # It is polled, since nobody reports the end of orphans.
    deadline = time.monotonic() + grace_seconds
    while _signal(group, 0):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _signal(group: int, number: int) -> bool:
    """Sends a signal, or none with 0; False when nobody is left in the group."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    # Somebody is left whom we may not signal, as after `sudo`.
    except PermissionError:
        return True
    return True
