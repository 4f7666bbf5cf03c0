"""The real `holdfast` command in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsp_server.sandbox.choice import choose

DEADLINE_SECONDS = 60.0

HOLDS = choose().holds
"""Whether a sandbox holds on this machine."""
YES = ("--yes",) if HOLDS else ("--yes", "--sandbox", "off")
"""Do not ask; in the sandbox where that can be."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended and what it said."""

    status: int
    output: str
    errors: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of `--json`."""
        return [json.loads(line) for line in self.output.splitlines()]


@asynccontextmanager
async def started(
    *arguments: str, folder: Path, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The running command; killed on the way out if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "lsp_server",
        *arguments,
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=1 << 24,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # It has just ended by itself.
                os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def ended(
    process: asyncio.subprocess.Process, seconds_max: float = DEADLINE_SECONDS
) -> Ended:
    """Waits for the end."""
    async with asyncio.timeout(seconds_max):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


async def holdfast(*arguments: str, folder: Path, **environment: str) -> Ended:
    """Runs the command to its end."""
    async with started(*arguments, folder=folder, **environment) as process:
        return await ended(process)


async def on_a_terminal(*arguments: str, folder: Path) -> Ended:
    """Runs the command to its end on a wide terminal; all that it writes is in `output`."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (50, 500))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lsp_server", *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    read = asyncio.create_task(asyncio.to_thread(_all_of, ours))
    async with asyncio.timeout(DEADLINE_SECONDS):
        status = await process.wait()
        return Ended(status, (await read).decode(), "")


def _all_of(terminal: int) -> bytes:
    """What comes until the last process leaves it, which Linux tells as an error."""
    parts = []
    with os.fdopen(terminal, "rb", buffering=0) as stream, contextlib.suppress(OSError):
        while part := stream.read(4096):
            parts.append(part)
    return b"".join(parts)
