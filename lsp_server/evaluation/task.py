"""This module says what an evaluation needs of a task, whatever format it comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lsp_server.domain.tasks import Budget
from lsp_server.workspace.commands.commands import CommandRunner

TESTS_SECONDS = 600.0
"""The time that tests get which say nothing of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A `Place` is where one cell is worked on: a folder of its own, with these in it.

    `workspace` is all that the agent sees and may change. `tests` and `logs` come into being
    after the run.
    """

    folder: Path

    @property
    def workspace(self) -> Path:
        """Returns the folder that the agent works in."""
        return self.folder / "app"

    @property
    def tests(self) -> Path:
        """Returns the folder of the tests, which what they run cannot change."""
        return self.folder / "tests"

    @property
    def logs(self) -> Path:
        """Returns the folder that the tests write their reward into."""
        return self.folder / "logs"

    @property
    def data(self) -> Path:
        """Returns the folder of the run's journal, which the agent does not see."""
        return self.folder / "data"


@dataclass(frozen=True, slots=True)
class GradingCommand:
    """A `GradingCommand` grades a workspace; the reward is in the logs, else the exit status says it."""

    command: str
    timeout_seconds: float = TESTS_SECONDS
    environment: Mapping[str, str] = field(default_factory=dict)


class EvaluationTask(Protocol):
    """An `EvaluationTask` is something to do in a workspace, with tests that the agent never sees."""

    @property
    def name(self) -> str:
        """Returns the name of the task, which is that of a file."""
        ...

    @property
    def budget(self) -> Budget:
        """Returns the limits that the task brings for one run."""
        ...

    @property
    def digest(self) -> str:
        """Returns what changes whenever a file of the task does."""
        ...

    @property
    def unavailable(self) -> str:
        """Returns why the task cannot be worked on here, empty where it can."""
        ...

    @property
    def sources(self) -> tuple[Path, ...]:
        """Returns the folders that laying the task out reads, which may lie anywhere."""
        ...

    def instruction(self, place: Place) -> str:
        """Returns what the agent is asked to do there."""
        ...

    async def lay_out(self, place: Place, commands: CommandRunner) -> None:
        """Makes the workspace, as the agent finds it. Raises HoldfastError, OSError."""
        ...

    async def lay_out_tests(self, place: Place, commands: CommandRunner) -> GradingCommand:
        """Puts the tests beside the workspace. Raises HoldfastError, OSError."""
        ...

    async def lay_out_solution(self, place: Place, commands: CommandRunner) -> None:
        """Solves the task in its workspace. Raises HoldfastError, OSError."""
        ...
