"""This module runs commands in the environment of their project."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from lsp_server.workspace.commands.command_process import CommandFollower
from lsp_server.workspace.commands.commands import OUTPUT_BYTES_MAX, CommandResult, CommandRunner
from lsp_server.workspace.commands.project_environment import (
    ProjectEnvironment,
    find_environment,
    missing_hint,
    missing_program,
)

LoadEnvironment: TypeAlias = Callable[[Path], Awaitable[ProjectEnvironment]]
"""Returns what a project sets for its commands by a program of its own, as direnv runs it; raises nothing."""


async def load_nothing(folder: Path) -> ProjectEnvironment:
    """Loads nothing, for where no person can have trusted a folder."""
    del folder
    return ProjectEnvironment()


@dataclass(frozen=True, slots=True)
class ProjectCommandRunner:
    """A `ProjectCommandRunner` is a CommandRunner whose commands find the project's own programs first.

    `python` says which interpreter a person chose, and `load` gives what else the project sets. A command that gets an environment of its
    own, as one that nobody is asked about, keeps that.
    """

    runner: CommandRunner
    python: Callable[[], str] = str
    load: LoadEnvironment = load_nothing

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
        is_own = environment is not os.environ
        used = await self._environment(folder, loads=not is_own)
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

    async def _environment(self, folder: Path, *, loads: bool) -> ProjectEnvironment:
        loaded = await self.load(folder) if loads else ProjectEnvironment()
        # An environment that it activates is found like any other that is active.
        around = loaded.over(os.environ)
        found = await asyncio.to_thread(find_environment, folder, self.python(), around)
        return loaded.behind(found)
