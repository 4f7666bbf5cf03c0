"""This module runs commands in the environment of their project."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.workspace.commands.command_process import CommandFollower
from lsp_server.workspace.commands.commands import OUTPUT_BYTES_MAX, CommandResult, CommandRunner
from lsp_server.workspace.commands.project_environment import (
    find_environment,
    missing_hint,
    missing_program,
)


@dataclass(frozen=True, slots=True)
class ProjectCommandRunner:
    """A `ProjectCommandRunner` is a CommandRunner whose commands find the project's own programs first.

    `python` says which interpreter a person chose. A command that gets an environment of its
    own, as one that nobody is asked about, keeps that.
    """

    runner: CommandRunner
    python: Callable[[], str] = str

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
        """Runs a command, and says of a program that is not there what helps. Raises ToolError."""
        used = await asyncio.to_thread(find_environment, folder, self.python(), os.environ)
        is_own = environment is not os.environ
        done = await self.runner.run(
            command,
            folder,
            timeout_seconds=timeout_seconds,
            output_bytes_max=output_bytes_max,
            environment=environment if is_own else used.over(environment),
            reads_only=reads_only,
            hidden=hidden,
            follower=follower,
        )
        hint = done.hint
        if program := missing_program(done.exit_status, done.output):
            hint = await asyncio.to_thread(missing_hint, program, used, os.environ)
        says = not is_own and (used.found or used.problems)
        notices = (*done.notices, used.described) if says else done.notices
        return replace(done, hint=hint, notices=notices)
