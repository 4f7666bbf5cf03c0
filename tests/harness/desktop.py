"""A screen without a monitor: programs with windows run on it, and keys are pressed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

LOG = "desktop.log"


@dataclass(frozen=True)
class Desktop:
    variables: Mapping[str, str]

    async def does(self, *actions: str) -> None:
        """Moves, clicks, presses and waits, in the words of xdotool."""
        process = await asyncio.create_subprocess_exec("xdotool", *actions, env=self.variables)
        assert await process.wait() == 0, actions


@asynccontextmanager
async def desktop(
    command: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> AsyncIterator[Desktop]:
    """Runs `command` in a session of its own on a screen of its own, and ends both."""
    read, write = os.pipe()
    with (folder.parent / LOG).open("wb") as log:
        screen = await asyncio.create_subprocess_exec(
            *("Xvfb", "-displayfd", str(write), "-screen", "0", "1100x700x24"),
            *("-nolisten", "tcp"),
            pass_fds=(write,),
            stdout=log,
            stderr=log,
        )
        os.close(write)
        with os.fdopen(read) as number:
            display = await asyncio.to_thread(number.readline)
        shown = {**variables, "DISPLAY": f":{display.strip()}"}
        program = await asyncio.create_subprocess_exec(
            *("dbus-run-session", "--", *command), cwd=folder, env=shown, stdout=log, stderr=log
        )
        try:
            yield Desktop(shown)
        finally:
            for process in (program, screen):
                process.terminate()
                await process.wait()
