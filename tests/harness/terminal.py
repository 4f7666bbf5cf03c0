"""A program in a terminal without a screen: keys go in, what a person would see comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.05
PRESS_SECONDS = 2.0
"""What a program that heard a key shows within, unless the machine is busy."""


@dataclass(frozen=True)
class Terminal:
    socket: Path
    variables: Mapping[str, str]

    async def keys(self, *keys: str) -> None:
        """Presses keys by their names in tmux; what is no name is typed."""
        await self._tmux("send-keys", *keys)

    async def screen(self) -> str:
        return await self.captured()

    async def captured(self, *options: str) -> str:
        """Returns the screen as tmux gives it with these options, as `-e` for its colours."""
        return await self._tmux("capture-pane", "-p", *options)

    async def until(
        self, *texts: str, gone: bool = False, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        """Waits until the screen has all texts, or with `gone` none of them."""
        screen = ""
        try:
            async with asyncio.timeout(wait_seconds):
                while not screen or not all((text in screen) is not gone for text in texts):
                    await asyncio.sleep(LOOK_SECONDS)
                    screen = await self.screen()
        except TimeoutError:
            raise AssertionError(f"{texts} {'still' if gone else 'not'} in:\n{screen}") from None

    async def press_until(self, key: str, *texts: str, gone: bool = False) -> None:
        """Presses a key as often as it takes until the screen is as `until` waits for."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                await self.keys(key)
                try:
                    return await self.until(*texts, gone=gone, wait_seconds=PRESS_SECONDS)
                except AssertionError:
                    continue

    async def _tmux(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *("tmux", "-f", "/dev/null", "-S", str(self.socket), *arguments),
            env=self.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        text = output.decode()
        assert process.returncode == 0, text
        return text


@asynccontextmanager
async def terminal(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], columns: int = 110
) -> AsyncIterator[Terminal]:
    """Runs `command` in a terminal of 30 lines, and ends it.

    `variables` are its whole environment.
    """
    shown = Terminal(folder.parent / "tmux", variables)
    size = ("-x", str(columns), "-y", "30")
    await shown._tmux("new-session", "-d", *size, "-c", str(folder), *command)
    try:
        yield shown
    finally:
        await shown._tmux("kill-server")
