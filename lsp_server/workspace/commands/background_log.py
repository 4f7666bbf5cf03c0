"""A `BackgroundLog` keeps what a command in the background prints, in bounds, and on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lsp_server.system.atomic_file import replace_file
from lsp_server.text.terminal import terminal_text
from lsp_server.workspace.commands.command_output import HeadAndTail

BYTES_MAX = 262_144
"""What is kept, the beginning and the end of it."""
UNREAD_BYTES_MAX = 100_000
WRITE_SECONDS = 1.0
"""The file is at most so much older than what was printed."""
SETTLE_SECONDS = 0.2
"""How long more is waited for once something came, as what belongs together comes in pieces."""


class BackgroundLog:
    """A `BackgroundLog` takes output as it comes; close it when the command ended.

    The file at `path` has all that is kept, with secrets taken out by `redact`.
    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        self._path = path
        self._redact = redact
        self._kept = HeadAndTail(BYTES_MAX)
        self._unread = bytearray()
        self._changed = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self.has_ended = False

    def add(self, data: bytes) -> None:
        """Takes the next piece of the output."""
        self._kept.add(data)
        self._unread += data
        # What nobody reads is bounded too; all that is kept can still be looked through.
        del self._unread[:-UNREAD_BYTES_MAX]
        self._changed.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_later())

    async def close(self) -> None:
        """Writes what was not written yet; nothing comes any more."""
        self.has_ended = True
        self._changed.set()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            await self._write()

    async def wait(self, seconds_max: float, contains: str = "") -> None:
        """Returns when something new came, or the end; with `contains` when a line has that text."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while not (self.has_ended or self._has_news(contains)):
                    self._changed.clear()
                    await self._changed.wait()
                if not self.has_ended:
                    await asyncio.sleep(SETTLE_SECONDS)

    def take_unread(self) -> str:
        """Returns what came since the last time, up to the last whole line while there is one."""
        end = len(self._unread) if self.has_ended else self._unread.rfind(b"\n") + 1
        taken = bytes(self._unread[: end or len(self._unread)])
        del self._unread[: len(taken)]
        return terminal_text(taken.decode("utf-8", "replace"))

    def lines_with(self, text: str) -> list[str]:
        """Returns the lines of all that is kept in which the text stands, in any case."""
        wanted = text.casefold()
        return [line for line in self._text().splitlines() if wanted in line.casefold()]

    def last_lines(self, lines_max: int) -> str:
        """Returns the end of the output."""
        lines = [line for line in self._text().splitlines() if line.strip()]
        return "\n".join(lines[-lines_max:])

    def _text(self) -> str:
        return self._redact(terminal_text(self._kept.text()))

    def _has_news(self, contains: str) -> bool:
        return bool(self.lines_with(contains) if contains else self._unread)

    async def _write_later(self) -> None:
        await asyncio.sleep(WRITE_SECONDS)
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        text = self._kept.text()
        with suppress(OSError):
            await asyncio.to_thread(
                lambda: replace_file(
                    self._path,
                    self._redact(terminal_text(text)).encode(),
                    private=True,
                    durable=False,
                )
            )
