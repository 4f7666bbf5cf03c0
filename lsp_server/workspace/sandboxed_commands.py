"""This module runs shell commands in a sandbox, with the same result and bounds as outside of one."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server.sandbox.environment import sandbox_environment
from lsp_server.sandbox.policy import Policy, reading_policy
from lsp_server.sandbox.process_tree import end_tree, signal_tree
from lsp_server.sandbox.protected_files import ProtectedFiles, Restored
from lsp_server.sandbox.refusal import find_refusal, is_broken_start
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox, SandboxedProcess
from lsp_server.workspace.commands import (
    LEFT_OVER_NOTE,
    LEFTOVER_GRACE_SECONDS,
    OUTPUT_BYTES_MAX,
    POLL_SECONDS,
    TERM_GRACE_SECONDS,
    CommandOutput,
    CommandResult,
    CommandRunner,
    child_environment,
    output_pipe,
    shell_arguments,
    shell_status,
    start_failure,
)

RESTORED_SHOWN_MAX = 10
START_TRIES_MAX = 3

PolicyFactory: TypeAlias = Callable[[Path], Policy]
"""Makes the policy of one command, which gets the folder as its temporary one. Blocking."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A command at work, with what is needed after its end."""

    started: SandboxedProcess
    policy: Policy
    before: ProtectedFiles
    reads_only: bool


class SandboxedCommandRunner:
    """A `SandboxedCommandRunner` runs commands in `sandbox`, each under a policy made for it.

    Each command has a private temporary folder, which is removed after it. What it
    changed in protected files is put back after it, and the end of its output says so.
    Where it failed because of the sandbox, the output says that too.

    Example::

        sandbox = choose("auto").sandbox
        runner = SandboxedCommandRunner(sandbox, lambda scratch: workspace_policy(root, (), scratch))
        result = await runner.run("pytest -q", root, timeout_seconds=60)
    """

    def __init__(self, sandbox: Sandbox, policy: PolicyFactory) -> None:
        self._sandbox = sandbox
        self._policy = policy
        self._kept: ProtectedFiles | None = None

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
        """Runs a command in the sandbox; with `reads_only` it can change nothing. Raises ToolError."""
        spec = ProcessSpec((command,), folder, child_environment(environment))
        cancelled = asyncio.Event()
        # A thread cannot be cancelled: what it started would be lost. So the work goes on
        # to its end, which comes soon after the cancellation.
        work = asyncio.ensure_future(
            self._run_until_started(
                spec, timeout_seconds, output_bytes_max, cancelled, reads_only=reads_only
            )
        )
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled.set()
            await asyncio.wait({work})
            work.exception()
            raise
        return work.result()

    async def _run_until_started(
        self,
        spec: ProcessSpec,
        timeout_seconds: float,
        output_bytes_max: int,
        cancelled: asyncio.Event,
        *,
        reads_only: bool,
    ) -> CommandResult:
        """Runs it again where the sandbox itself did not start, as when a socket vanished meanwhile."""
        tries = 0
        while True:
            tries += 1
            result = await self._run(
                spec, timeout_seconds, output_bytes_max, cancelled, reads_only=reads_only
            )
            is_last = tries == START_TRIES_MAX or cancelled.is_set()
            if is_last or not is_broken_start(result.output, result.exit_status):
                return result

    async def _run(
        self,
        spec: ProcessSpec,
        timeout_seconds: float,
        output_bytes_max: int,
        cancelled: asyncio.Event,
        *,
        reads_only: bool,
    ) -> CommandResult:
        began = time.monotonic()
        scratch = await asyncio.to_thread(_scratch_folder)
        try:
            with output_pipe(output_bytes_max) as (output, write_end):
                try:
                    running = await asyncio.to_thread(
                        self._start, spec, scratch, write_end, reads_only=reads_only
                    )
                except (OSError, ValueError) as error:
                    raise start_failure(spec.cwd, error) from error
                finally:
                    # From here on only the command holds it, so the pipe ends with the command.
                    os.close(write_end)
                status = await _wait(running.started, timeout_seconds, cancelled, output)
                output.drain()
            notes = await asyncio.to_thread(
                self._clean_up, running, scratch, output.text(), status, spec.cwd
            )
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        for note in notes:
            output.add(f"\n{note}\n".encode())
        return CommandResult(
            exit_status=status,
            output=output.text(),
            seconds=time.monotonic() - began,
            timed_out=status is None,
            truncated_bytes=output.truncated_bytes,
        )

    def _start(
        self, spec: ProcessSpec, scratch: Path, write_end: int, *, reads_only: bool
    ) -> _Running:
        """Starts the shell. Blocking."""
        policy = self._policy(scratch)
        if reads_only:
            policy = reading_policy(policy)
        before = ProtectedFiles(policy, self._kept)
        if not reads_only:
            self._kept = before
        environment = sandbox_environment(spec.environment, policy)
        argv = shell_arguments(spec.argv[0], spec.cwd, environment)
        confined = ProcessSpec(argv, spec.cwd, environment, stdout=write_end, stderr=write_end)
        return _Running(self._sandbox.start(confined, policy), policy, before, reads_only)

    def _clean_up(
        self, running: _Running, scratch: Path, output: str, status: int | None, folder: Path
    ) -> list[str]:
        """Puts protected files back, and returns what there is to say about it. Blocking."""
        notes = []
        if not running.reads_only:
            # Made anew, since the command may have made new places.
            restored = running.before.put_back(self._policy(scratch).protected)
            if restored:
                notes.append(_restored_note(restored, folder))
        if refusal := find_refusal(output, status, running.policy, folder):
            notes.append(refusal.sentence)
        return notes


@dataclass(frozen=True, slots=True)
class ConfiningCommandRunner:
    """A `ConfiningCommandRunner` runs in a sandbox what is known to only read, and the rest by `host`.

    With `confines_all` everything runs in the sandbox. `find` returns the runner of
    the sandbox, or None where no sandbox holds; then all is run by `host`.
    """

    host: CommandRunner
    find: Callable[[], Awaitable[CommandRunner | None]]
    confines_all: bool = False

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
        """Runs a command where it belongs. Raises ToolError."""
        confined = await self.find() if reads_only or self.confines_all else None
        return await (confined or self.host).run(
            command,
            folder,
            timeout_seconds=timeout_seconds,
            output_bytes_max=output_bytes_max,
            environment=environment,
            reads_only=reads_only,
        )


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
    return None if timed_out else shell_status(status)


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


def _scratch_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="holdfast-")).resolve()


def _restored_note(restored: tuple[Restored, ...], folder: Path) -> str:
    shown = [
        f"{os.path.relpath(one.path, folder)} ({one.outcome})"
        for one in restored[:RESTORED_SHOWN_MAX]
    ]
    more = len(restored) - RESTORED_SHOWN_MAX
    names = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    return f"[protected files are as before the command: {names}]"
