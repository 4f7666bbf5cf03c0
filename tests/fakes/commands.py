"""This module is a CommandRunner that keeps what it was asked to run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lsp_server.workspace.commands.command_process import CommandFollower
from lsp_server.workspace.commands.commands import (
    OUTPUT_BYTES_MAX,
    CommandResult,
    CommandRunner,
    HostCommandRunner,
)


class LoggingCommandRunner:
    """Runs commands as `runner` does; `commands` are all of them, in their order.

    `reading` are those that were said to change nothing.
    """

    def __init__(self, runner: CommandRunner = HostCommandRunner()) -> None:
        self._runner = runner
        self.commands: list[str] = []
        self.reading: list[str] = []

    async def run(
        self,
        command: str,
        folder: Path,
        *,
        timeout_seconds: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        environment: Mapping[str, str] = os.environ,
        reads_only: bool = False,
        hidden: tuple[Path, ...] = (),
        follower: CommandFollower | None = None,
    ) -> CommandResult:
        self.commands.append(command)
        if reads_only:
            self.reading.append(command)
        return await self._runner.run(
            command,
            folder,
            timeout_seconds=timeout_seconds,
            output_bytes_max=output_bytes_max,
            environment=environment,
            reads_only=reads_only,
            hidden=hidden,
            follower=follower,
        )
