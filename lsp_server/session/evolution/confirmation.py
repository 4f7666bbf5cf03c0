"""This module runs again what suggestions rest on, where it can only read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.errors import ToolError
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.workspace.commands.commands import CommandRunner

COMMAND_SECONDS_MAX = 60.0
ALL_SECONDS_MAX = 180.0
"""All commands of a dream together; what is left stands without."""
OUTPUT_BYTES_MAX = 4_096

IsConfined: TypeAlias = Callable[[], Awaitable[bool]]
"""Says whether a sandbox holds what runs."""


class Confirmation:
    """A `Confirmation` runs commands in `root` that past runs ran, and that may change nothing now.

    `commands` confine what they run to reading. `is_confined` says whether anything holds
    here: where nothing does, nothing runs.
    """

    def __init__(self, root: Path, commands: CommandRunner, is_confined: IsConfined) -> None:
        self._root = root
        self._commands = commands
        self._is_confined = is_confined

    async def confirm(self, suggestions: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
        """Returns the suggestions, with those marked whose command succeeded.

        A command that fails says little, as it may have to write: its suggestion stays as it is.
        What a model found goes.
        """
        if not any(one.command for one in suggestions) or not await self._is_confined():
            return tuple(suggestions)
        shown: set[str] = set()
        try:
            async with asyncio.timeout(ALL_SECONDS_MAX):
                for one in suggestions:
                    if one.command and await self._succeeds(one.command):
                        shown.add(one.id)
        except TimeoutError:
            pass
        return tuple(
            replace(one, shown=one.id in shown)
            for one in suggestions
            if one.id in shown or not (one.by_model and one.command)
        )

    async def _succeeds(self, command: str) -> bool:
        try:
            done = await self._commands.run(
                command,
                self._root,
                timeout_seconds=COMMAND_SECONDS_MAX,
                output_bytes_max=OUTPUT_BYTES_MAX,
                reads_only=True,
            )
        except ToolError:
            return False
        return done.exit_status == 0
