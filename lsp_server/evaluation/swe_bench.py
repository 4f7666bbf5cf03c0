"""This module reads SWE-bench instances: a JSON or JSONL file, with clones of their repositories.

The workspace is the tree of the base commit without any history, in which the answer may lie.
For the tests, the files that the test patch touches are as they were at that commit, and then
patched; the tests that are named have to pass.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lsp_server.domain.errors import ConfigurationError, ToolError
from lsp_server.domain.tasks import Budget
from lsp_server.domain.wrong_values import why_wrong
from lsp_server.evaluation.task import GradingCommand, Place
from lsp_server.workspace.commands.commands import CommandRunner

TEST_COMMAND = "python -m pytest -q {tests}"
TESTS_SECONDS = 1800.0
GIT_SECONDS_MAX = 600.0
ASKED = "Resolve this issue in the project in the current folder:\n\n{problem}\n"

_TOUCHED = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?(?!/dev/null)([^\t\n]+)", re.MULTILINE)


def _listed(value: object) -> object:
    """Takes a list that is written as JSON, as the public files have it."""
    return json.loads(value) if isinstance(value, str) else value


Tests = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Instance(BaseModel):
    """An `Instance` is one entry of the file; what else it has is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
    repo: Annotated[str, Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")]
    base_commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,64}$")]
    problem_statement: str
    test_patch: str
    patch: str = ""
    FAIL_TO_PASS: Tests
    PASS_TO_PASS: Tests = ()


@dataclass(frozen=True, slots=True)
class SweBenchTask:
    """A `SweBenchTask` is an EvaluationTask of an instance, with a clone below `repositories`.

    `test_command` runs the tests that stand in the place of `{tests}`.
    """

    instance: Instance
    repositories: Path
    test_command: str = TEST_COMMAND

    @property
    def name(self) -> str:
        """Returns the id of the instance."""
        return self.instance.instance_id

    @property
    def budget(self) -> Budget:
        """Returns no limit: an instance names none."""
        return Budget()

    @property
    def digest(self) -> str:
        """Returns what changes with the instance or the command."""
        text = f"{self.instance.model_dump_json()}\0{self.test_command}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def unavailable(self) -> str:
        """Returns where a clone is missing."""
        if self._git_folder() is not None:
            return ""
        wanted = self.repositories / self.instance.repo.replace("/", "__")
        return f"there is no clone of {self.instance.repo}; put one at {wanted}"

    @property
    def sources(self) -> tuple[Path, ...]:
        """Returns the clone."""
        folder = self._git_folder()
        return () if folder is None else (folder,)

    def instruction(self, place: Place) -> str:  # noqa: ARG002 - it names no folder
        """Returns the problem statement."""
        return ASKED.format(problem=self.instance.problem_statement.strip())

    async def lay_out(self, place: Place, commands: CommandRunner) -> None:
        """Checks the base commit out. Raises ToolError where it cannot be, OSError."""
        await asyncio.to_thread(place.workspace.mkdir, parents=True)
        await self._git(place, commands, self._checkout(["--all"]))

    async def lay_out_tests(self, place: Place, commands: CommandRunner) -> GradingCommand:
        """Applies the test patch. Raises ToolError, OSError."""
        touched = dict.fromkeys(_TOUCHED.findall(self.instance.test_patch))
        paths = " ".join(shlex.quote(path) for path in touched)
        patch = await asyncio.to_thread(_written, place.tests, self.instance.test_patch)
        # A file that the commit does not have is none of the agent's either.
        steps = f"rm -rf -- {paths}\n{self._checkout(['--quiet', '--', paths], may_fail=True)}"
        await self._git(place, commands, f"{steps}\ngit apply {shlex.quote(str(patch))}")
        tests = (*self.instance.FAIL_TO_PASS, *self.instance.PASS_TO_PASS)
        named = " ".join(shlex.quote(test) for test in tests)
        return GradingCommand(self.test_command.replace("{tests}", named), TESTS_SECONDS)

    async def lay_out_solution(self, place: Place, commands: CommandRunner) -> None:
        """Applies the patch of the instance. Raises ToolError, OSError."""
        if not self.instance.patch.strip():
            raise ToolError(f"{self.name} has no patch")
        patch = await asyncio.to_thread(_written, place.folder / "solution", self.instance.patch)
        await self._git(place, commands, f"git apply {shlex.quote(str(patch))}")

    def _checkout(self, what: list[str], *, may_fail: bool = False) -> str:
        git = f"git --git-dir={shlex.quote(str(self._git_folder()))}"
        commit = shlex.quote(self.instance.base_commit)
        end = " || true" if may_fail else ""
        return (
            f"{git} read-tree {commit}\n{git} --work-tree=. checkout-index -f {' '.join(what)}{end}"
        )

    async def _git(self, place: Place, commands: CommandRunner, script: str) -> None:
        folder = shlex.quote(str(place.folder))
        # An index of its own, and no repository around the workspace counts.
        own = f'export GIT_INDEX_FILE="$(mktemp -d)/index" GIT_CEILING_DIRECTORIES={folder}'
        result = await commands.run(
            f"set -e\n{own}\n{script}", place.workspace, timeout_seconds=GIT_SECONDS_MAX
        )
        if result.exit_status != 0:
            said = result.output.strip()[-500:]
            raise ToolError(f"{self.name} cannot be laid out: {said}")

    def _git_folder(self) -> Path | None:
        owner, _, name = self.instance.repo.partition("/")
        for clone in (f"{owner}__{name}", f"{owner}/{name}", name, f"{name}.git"):
            for folder in (self.repositories / clone / ".git", self.repositories / clone):
                if (folder / "HEAD").is_file():
                    return folder.resolve()
        return None


def read_instances(
    file: Path, repositories: Path, test_command: str = TEST_COMMAND
) -> list[SweBenchTask]:
    """Reads a file of instances. Blocking. Raises ConfigurationError, which names the entry."""
    if "{tests}" not in test_command:
        raise ConfigurationError(f"the test command has no {{tests}}: {test_command}")
    tasks = []
    for number, entry in enumerate(_entries(file), start=1):
        try:
            instance = Instance.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(
                f"{file}, instance {number}: {place}: {why_wrong(first)}"
            ) from error
        tasks.append(SweBenchTask(instance, repositories, test_command))
    return tasks


def _entries(file: Path) -> Iterable[object]:
    try:
        text = file.read_text("utf-8")
        value = list(_lines(text)) if file.suffix == ".jsonl" else json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    return value if isinstance(value, list) else [value]


def _lines(text: str) -> Iterator[object]:
    return (json.loads(line) for line in text.split("\n") if line.strip())


def _written(folder: Path, patch: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "change.patch"
    path.write_text(patch if patch.endswith("\n") else f"{patch}\n", "utf-8")
    return path
