"""This module runs one process of a command to its end, with a deadline, and ends all that it started.

A command runs in a session of its own, without terminal or input. What is left of
it when it returns, is cancelled or runs out of time is ended too, wherever it has
gone; a watch does that if we are killed ourselves (`sandbox/process_tree.py`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from lsp_server.domain.errors import ToolError
from lsp_server.sandbox.process_tree import end_tree, signal_tree
from lsp_server.sandbox.sandbox import SandboxedProcess
from lsp_server.workspace.commands.command_output import CommandOutput, output_pipe

LEFTOVER_GRACE_SECONDS = 0.2
"""How long background processes of a command that returned may take to end by themselves."""
TERM_GRACE_SECONDS = 0.5
"""How long processes may take to end after SIGTERM before SIGKILL."""
POLL_SECONDS = 0.02
LEFT_OVER_NOTE = b"\n[processes left in the background were ended with the command]\n"


class CommandFollower(Protocol):
    """A `CommandFollower` sees what a command in the background does, of which others go on meanwhile."""

    def started(self, process: SandboxedProcess) -> None:
        """Takes note of the process, which is another one where it had to be started again."""
        ...

    def output(self, data: bytes) -> None:
        """Takes the next piece of the output."""
        ...

    def is_edit(self, path: Path) -> bool:
        """Says whether a file is as an edit of the run left it, which was allowed. Blocking."""
        ...

    def set_aside(self, paths: Iterable[Path]) -> Path:
        """Keeps copies of files that are about to be put back, and returns where. Blocking."""
        ...


async def run_process(
    start: Callable[[int], SandboxedProcess],
    folder: Path,
    *,
    timeout_seconds: float,
    output_bytes_max: int,
    cancelled: asyncio.Event,
    follower: CommandFollower | None = None,
) -> tuple[int | None, CommandOutput]:
    """Runs what `start` starts, and returns its status as a shell counts, and its output.

    `start` gets the descriptor that output goes to, is called in a thread and may
    raise OSError and ValueError. The status is None for what ran out of time. `follower`
    sees what happens meanwhile. Raises ToolError when it cannot start in `folder`.
    """
    listen = follower.output if follower is not None else None
    with output_pipe(output_bytes_max, listen) as (output, write_end):
        try:
            started = await asyncio.to_thread(start, write_end)
        except (OSError, ValueError) as error:
            raise start_failure(folder, error) from error
        finally:
            # From here on only the command holds it, so the pipe ends with the command.
            os.close(write_end)
        if follower is not None:
            follower.started(started)
        status = await _wait(started, timeout_seconds, cancelled, output)
        output.drain()
    return status, output


def start_failure(folder: Path, error: OSError | ValueError) -> ToolError:
    """Returns the error for a command that could not be started in `folder`."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ToolError(f"the command cannot be started in {folder}: {reason}")


async def _wait(
    started: SandboxedProcess,
    timeout_seconds: float,
    cancelled: asyncio.Event,
    output: CommandOutput,
) -> int | None:
    """Waits for the end of the command and ends what it left; its status, None out of time."""
    ending = asyncio.ensure_future(started.wait())
    stopping = asyncio.ensure_future(cancelled.wait())
    try:
        await asyncio.wait(
            {ending, stopping}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        timed_out = not ending.done()
        if not timed_out and not await _tree_ends(started, LEFTOVER_GRACE_SECONDS, cancelled):
            output.drain()
            output.add(LEFT_OVER_NOTE)
        if await asyncio.to_thread(signal_tree, started, signal.SIGTERM):
            await _tree_ends(started, TERM_GRACE_SECONDS)
    finally:
        stopping.cancel()
        with suppress(OSError):
            await asyncio.to_thread(end_tree, started)
    status = await ending
    return None if timed_out else _shell_status(status)


def _shell_status(returncode: int) -> int:
    """Returns the status as a shell counts: a signal is 128 plus its number."""
    return 128 - returncode if returncode < 0 else returncode


async def _tree_ends(
    started: SandboxedProcess, grace_seconds: float, cancelled: asyncio.Event | None = None
) -> bool:
    """Waits for the end of all that a command started; False when the grace is over."""
    deadline = time.monotonic() + grace_seconds
    while await asyncio.to_thread(signal_tree, started, 0):
        if time.monotonic() >= deadline or (cancelled is not None and cancelled.is_set()):
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
