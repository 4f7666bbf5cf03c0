"""This module runs the command of one hook to its end, with a deadline and bounded output."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lsp_server.hooks.hook import Hook
from lsp_server.sandbox.process_tree import end_whole
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess, StartProcess
from lsp_server.system.shell import shell_argv
from lsp_server.workspace.commands.command_output import CommandOutput, output_pipe

OUTPUT_BYTES_MAX = 1_000_000
"""Of more the middle is left out. The arguments of a call may come back in it."""
ERRORS_BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class HookEnd:
    """A `HookEnd` says how a hook ended: with a status and what it printed, or with a `problem`."""

    exit_status: int = 0
    output: str = ""
    errors: str = ""
    problem: str = ""


async def run_hook(
    hook: Hook, given: bytes, start: StartProcess, folder: Path, environment: Mapping[str, str]
) -> HookEnd:
    """Runs the command of `hook` in a shell, with `given` on its standard input.

    What it leaves in the background is ended with it.
    """
    source = await asyncio.to_thread(_file_with, given)
    try:
        with (
            output_pipe(OUTPUT_BYTES_MAX) as (output, output_end),
            output_pipe(ERRORS_BYTES_MAX) as (errors, errors_end),
        ):
            argv = (*shell_argv(os.defpath), hook.command)
            spec = ProcessSpec(argv, folder, environment, source.fileno(), output_end, errors_end)
            try:
                started = await start(spec)
            except OSError as error:
                return HookEnd(problem=f"it cannot be started: {error.strerror or error}")
            finally:
                # From here on only the command holds them.
                os.close(output_end)
                os.close(errors_end)
            return await _wait(hook, started, output, errors)
    finally:
        source.close()


async def _wait(
    hook: Hook, started: SandboxedProcess, output: CommandOutput, errors: CommandOutput
) -> HookEnd:
    try:
        async with asyncio.timeout(hook.timeout_seconds):
            status = await started.wait()
    except TimeoutError:
        return HookEnd(problem=f"it took longer than {hook.timeout_seconds:g} s")
    finally:
        await end_whole(started)
    output.drain()
    errors.drain()
    if status < 0:
        return HookEnd(problem=f"the signal {-status} ended it")
    return HookEnd(status, output.text(), errors.text())


def _file_with(given: bytes) -> BinaryIO:
    # A pipe would wait for a command that does not read it.
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(given)
    file.seek(0)
    return file
