"""This module reads tasks in Harbor's format: a folder with these in it.

- `task.toml`: limits, and what is known about the task
- `instruction.md`: what the agent is asked to do
- `environment/`: the workspace as the agent finds it, beside what builds a container of it
- `tests/test.sh`: grades the workspace; its reward is read as Harbor does
- `solution/solve.sh`: solves the task

No container is made. Where texts name its folders (`/app`, `/tests`, `/solution`,
`/logs/verifier`), those of this machine take their place.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lsp_server.domain.errors import ConfigurationError, ToolError
from lsp_server.domain.tasks import Budget
from lsp_server.domain.wrong_values import why_wrong
from lsp_server.evaluation.container_paths import (
    LOGS,
    SOLUTION,
    TESTS,
    WORKDIR,
    put_local_paths,
    with_local_paths,
)
from lsp_server.evaluation.task import TESTS_SECONDS, GradingCommand, Place
from lsp_server.settings import toml
from lsp_server.settings.regular_files import read_whole
from lsp_server.workspace.commands.commands import CommandRunner

TASK_FILE, INSTRUCTION = "task.toml", "instruction.md"
OF_CONTAINERS = ("Dockerfile", ".dockerignore", "docker-compose.yaml", "docker-compose.yml")
"""What `environment/` has to build a container with; it is no part of the workspace."""
SOLVE_SECONDS_MAX = 120.0
TEXT_BYTES_MAX = 10 * 2**20
_CACHE = "__pycache__"


class TaskPart(BaseModel):
    """A `TaskPart` is a part of `task.toml`; what only containers need is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AgentPart(TaskPart):
    """An `AgentPart` limits the agent."""

    timeout_sec: Annotated[float, Field(gt=0)] | None = None


class VerifierPart(TaskPart):
    """A `VerifierPart` limits the tests."""

    timeout_sec: Annotated[float, Field(gt=0)] = TESTS_SECONDS
    env: dict[str, str] = {}


class EnvironmentPart(TaskPart):
    """An `EnvironmentPart` names the folder that the agent works in."""

    workdir: str | None = None


class MetadataPart(TaskPart):
    """A `MetadataPart` has what Harbor leaves to the author; these keys are ours.

    `programs` have to be on the machine. `steps_max` and `tokens_max` limit the agent.
    """

    programs: tuple[str, ...] = ()
    steps_max: Annotated[int, Field(gt=0)] | None = None
    tokens_max: Annotated[int, Field(gt=0)] | None = None


class TaskFile(TaskPart):
    """A `TaskFile` is `task.toml`."""

    metadata: MetadataPart = MetadataPart()
    agent: AgentPart = AgentPart()
    verifier: VerifierPart = VerifierPart()
    environment: EnvironmentPart = EnvironmentPart()
    steps: list[Any] = []


@dataclass(frozen=True, slots=True)
class HarborTask:
    """A `HarborTask` is an EvaluationTask that lies in `folder`, in Harbor's format.

    Example::

        task = HarborTask.read(Path("suite/leap-years"))
        await task.lay_out(Place(Path("/somewhere")), commands)
    """

    folder: Path
    file: TaskFile
    text: str
    digest: str

    @classmethod
    def read(cls, folder: Path) -> HarborTask:
        """Reads a task. Blocking. Raises ConfigurationError for what is none."""
        try:
            text = toml.decoded(read_whole(folder / TASK_FILE, TEXT_BYTES_MAX))
            file = TaskFile.model_validate(toml.loads(text))
            instruction = read_whole(folder / INSTRUCTION, TEXT_BYTES_MAX).decode()
            return cls(folder, file, instruction, _digest(folder))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(
                f"{folder / TASK_FILE}: {place}: {why_wrong(first)}"
            ) from error
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{folder} is no task: {error}") from error

    @property
    def name(self) -> str:
        """Returns the name of its folder."""
        return self.folder.name

    @property
    def budget(self) -> Budget:
        """Returns the limits that the task names."""
        known = self.file.metadata
        steps = known.steps_max or Budget().steps_max
        return Budget(steps, known.tokens_max, None, self.file.agent.timeout_sec)

    @property
    def unavailable(self) -> str:
        """Returns what is missing for it here."""
        if self.file.steps:
            return "it has several steps, which only Harbor plays"
        for needed in ("environment", "tests/test.sh"):
            if not (self.folder / needed).exists():
                return f"it has no {needed}, so it needs a container"
        missing = [name for name in self.file.metadata.programs if shutil.which(name) is None]
        return f"{', '.join(missing)} is not installed here" if missing else ""

    @property
    def sources(self) -> tuple[Path, ...]:
        """Returns none: no command reads the task."""
        return ()

    def instruction(self, place: Place) -> str:
        """Returns the text of `instruction.md`."""
        return with_local_paths(self.text, self._places(place))

    async def lay_out(self, place: Place, commands: CommandRunner) -> None:  # noqa: ARG002
        """Copies `environment/`. Raises OSError."""
        await asyncio.to_thread(
            shutil.copytree,
            self.folder / "environment",
            place.workspace,
            symlinks=True,
            ignore=shutil.ignore_patterns(*OF_CONTAINERS, _CACHE),
        )

    async def lay_out_tests(self, place: Place, commands: CommandRunner) -> GradingCommand:  # noqa: ARG002
        """Copies `tests/`. Raises OSError."""
        await asyncio.to_thread(self._copy, "tests", place.tests, place)
        script = shlex.quote(str(place.tests / "test.sh"))
        return GradingCommand(script, self.file.verifier.timeout_sec, self.file.verifier.env)

    async def lay_out_solution(self, place: Place, commands: CommandRunner) -> None:
        """Runs `solution/solve.sh`. Raises ToolError where it fails, OSError."""
        folder = place.folder / "solution"
        await asyncio.to_thread(self._copy, "solution", folder, place)
        try:
            script = shlex.quote(str(folder / "solve.sh"))
            result = await commands.run(script, place.workspace, timeout_seconds=SOLVE_SECONDS_MAX)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if result.exit_status != 0:
            raise ToolError(f"the solution of {self.name} fails: {result.output.strip()[-500:]}")

    def _copy(self, what: str, to: Path, place: Place) -> None:
        ignore = shutil.ignore_patterns(_CACHE)
        shutil.copytree(self.folder / what, to, symlinks=True, ignore=ignore)
        put_local_paths(to, self._places(place))
        for script in to.glob("*.sh"):
            script.chmod(0o755)

    def _places(self, place: Place) -> Mapping[str, Path]:
        return {
            self._workdir(): place.workspace,
            TESTS: place.tests,
            SOLUTION: place.folder / "solution",
            LOGS: place.logs,
        }

    def _workdir(self) -> str:
        """The folder that a container works in."""
        if self.file.environment.workdir:
            return self.file.environment.workdir.rstrip("/")
        dockerfile = self.folder / "environment" / "Dockerfile"
        if not dockerfile.is_file():
            return WORKDIR
        lines = read_whole(dockerfile, TEXT_BYTES_MAX).decode("utf-8", "replace").splitlines()
        named = [line.split()[1] for line in lines if line[:8].upper() == "WORKDIR "]
        return named[-1].rstrip("/") if named and named[-1].startswith("/") else WORKDIR


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in _files(folder):
        content = path.read_bytes()
        name = os.fsencode(path.relative_to(folder).as_posix())
        found.update(name + f"\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _CACHE not in path.parts:
            yield path
