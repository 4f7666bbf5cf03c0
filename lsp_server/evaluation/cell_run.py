"""This module works on one cell: lays the task out, runs the agent, and lets the tests look at it."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from lsp_server.assemble.evaluation import grading_commands
from lsp_server.assemble.session import open_session
from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.tasks import Attempts, Budget, Outcome, Task
from lsp_server.evaluation.arms import Arm
from lsp_server.evaluation.cells import SOLVED_REWARD, Cell, CellResult
from lsp_server.evaluation.grading import Grade, grade
from lsp_server.evaluation.task import EvaluationTask, Place
from lsp_server.evaluation.tree_changes import differences, read_tree
from lsp_server.session.notices import ignore
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.runs import new_run_id
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings
from lsp_server.text.patch import FileVersion, git_patch
from lsp_server.wording.run_texts import outcome_text
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents

CELLS = "cells"
TESTS_LOG, PATCH = "tests.log", "model.patch"
SAID_CHARS_MAX = 600
SECONDS_BESIDE_RUN = 1800.0
"""What a cell may take beside its run: laying out, its tests, the end of commands."""

NOBODY_IS_THERE = "nobody can be asked in an evaluation; work in the workspace"

_log = logging.getLogger(__name__)

Sections: TypeAlias = Mapping[str, Any]
"""Settings as an editor would send them."""
Commands: TypeAlias = Callable[[Place, tuple[Path, ...]], CommandRunner]
"""Makes what runs commands beside the agent's own, confined to a place, and to read some folders."""
OpenEndpoint: TypeAlias = Callable[
    [Cell, EvaluationTask, Commands], AbstractAsyncContextManager[Sections]
]
"""Gives the settings that name the model of one cell, for as long as it is worked on."""


@asynccontextmanager
async def own_endpoint(
    cell: Cell, task: EvaluationTask, commands: Commands
) -> AsyncIterator[Sections]:
    """Leaves the model as the person's settings have it."""
    del cell, task, commands
    yield {}


@dataclass(frozen=True, slots=True)
class CellSettings:
    """`CellSettings` are what all cells have in common.

    `sections` are above the person's own settings, and the arm's above them. What is `hidden`
    no command of the agent reads: the tasks. `limits` bound each run further than its task
    does. `sandbox` names what holds commands.
    """

    out: Path
    sections: Sections
    hidden: tuple[Path, ...]
    limits: Budget = field(default_factory=Budget)
    open_endpoint: OpenEndpoint = own_endpoint
    sandbox: str = ""


@dataclass(frozen=True, slots=True)
class _Worked:
    """How the run of a cell ended."""

    outcome: Outcome
    summary: RunSummary
    model: str
    seconds: float


class CellRun:
    """A `CellRun` works on one cell, once.

    Example::

        result = await CellRun(cell, task, arm, settings).result()
    """

    def __init__(self, cell: Cell, task: EvaluationTask, arm: Arm, settings: CellSettings) -> None:
        self._cell = cell
        self._task = task
        self._arm = arm
        self._settings = settings
        self._place = Place(settings.out / CELLS / cell.name)

    async def result(self) -> CellResult:
        """Works until the tests have said what came of it. Whatever fails costs this cell alone.

        Raises ConfigurationError for what would fail in every cell.
        """
        try:
            await asyncio.to_thread(_emptied, self._place.folder)
            async with asyncio.timeout(self._seconds_max()):
                result = await self._work()
        except ConfigurationError:
            raise
        except (HoldfastError, OSError, TimeoutError) as error:
            why = str(error) or "it took too long"
            result = CellResult(self._cell, "error", why=why)
        except Exception as error:  # noqa: BLE001 - a cell costs itself alone
            _log.exception("the cell %s failed", self._cell.name)
            result = CellResult(self._cell, "error", why=f"internal error: {error!r}")
        finally:
            await asyncio.to_thread(_tidied, self._place)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(result, sandbox=self._settings.sandbox, ended_at=now)

    async def _work(self) -> CellResult:
        laying_out = self._commands(self._place, self._task.sources)
        await self._task.lay_out(self._place, laying_out)
        before = await asyncio.to_thread(read_tree, self._place.workspace)
        opened = self._settings.open_endpoint(self._cell, self._task, self._commands)
        async with opened as endpoint:
            worked = await self._run(endpoint)
        patch = await asyncio.to_thread(self._keep_patch, before)
        tests = await self._task.lay_out_tests(self._place, laying_out)
        graded = await grade(self._place, tests, self._commands(self._place, ()))
        (self._place.folder / TESTS_LOG).write_text(graded.output, "utf-8", "replace")
        return self._told(worked, graded, patch)

    async def _run(self, endpoint: Sections) -> _Worked:
        settings = self._loaded(endpoint)
        documents = Documents()
        session = open_session(
            self._place.workspace,
            settings,
            DiskEditor(documents, _deny),
            documents,
            ignore,
            data=self._place.data,
        )
        try:
            return await self._run_in(session)
        finally:
            await session.close()

    async def _run_in(self, session: Session) -> _Worked:
        attempts = Attempts(self._arm.attempts, takes_best=True)
        task = Task(self._task.instruction(self._place), budget=self._budget(), attempts=attempts)
        began = time.monotonic()
        run_id = new_run_id()
        # Without a model every cell would fail alike.
        session.runs.require_room(run_id)
        run = session.runs.start(task, run_id=run_id)
        outcome = await run.wait()
        seconds = time.monotonic() - began
        return _Worked(outcome, run.summary(), session.status().endpoint or "", seconds)

    def _loaded(self, endpoint: Sections) -> Settings:
        hidden = {"sandbox": {"hide": [str(path) for path in self._settings.hidden]}}
        sections = merged(self._settings.sections, hidden, self._arm.sections, endpoint)
        loaded = load(self._place.workspace, editor=sections)
        return loaded.settings

    def _commands(self, place: Place, sources: tuple[Path, ...]) -> CommandRunner:
        settings = load(None, editor=self._settings.sections).settings
        shown = (place.folder, *sources)
        return grading_commands(settings, place.workspace, (place.logs,), shown)

    def _keep_patch(self, before: Mapping[str, FileVersion]) -> str:
        """Writes what the agent changed as a patch beside the cell, and returns it. Blocking."""
        patch = git_patch(differences(before, read_tree(self._place.workspace)))
        (self._place.folder / PATCH).write_text(patch, "utf-8", newline="")
        return patch

    def _told(self, worked: _Worked, graded: Grade, patch: str) -> CellResult:
        failed = worked.outcome.outcome == "failed"
        is_solved = graded.reward >= SOLVED_REWARD
        usage, said = worked.summary.usage, outcome_text(worked.outcome)
        return CellResult(
            self._cell,
            "error" if failed else "solved" if is_solved else "unsolved",
            outcome=worked.outcome.outcome,
            said=said[:SAID_CHARS_MAX],
            reward=graded.reward,
            steps=worked.summary.step,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=worked.summary.cost_usd,
            seconds=round(worked.seconds, 3),
            tests_seconds=round(graded.seconds, 3),
            model=worked.model,
            why=said if failed else "the tests took too long" * graded.timed_out,
            patch=patch,
        )

    def _budget(self) -> Budget:
        """The narrower of the limits of the task and of all cells; each attempt has them whole."""
        own, all_cells, times = self._task.budget, self._settings.limits, self._arm.attempts
        tokens = _least(own.tokens_max, all_cells.tokens_max)
        cost = _least(own.cost_usd_max, all_cells.cost_usd_max)
        return Budget(
            min(own.steps_max, all_cells.steps_max) * times,
            None if tokens is None else int(tokens) * times,
            None if cost is None else cost * times,
            _least(own.wall_seconds_max, all_cells.wall_seconds_max),
        )

    def _seconds_max(self) -> float | None:
        seconds = self._budget().wall_seconds_max
        return None if seconds is None else seconds + SECONDS_BESIDE_RUN


def merged(*layers: Sections) -> dict[str, Any]:
    """Lays settings over each other, section by section; the last one counts.

    >>> merged({"model": {"name": "a", "images": "no"}}, {"model": {"name": "b"}})
    {'model': {'name': 'b', 'images': 'no'}}
    """
    found: dict[str, Any] = {}
    for layer in layers:
        for section, values in layer.items():
            found[section] = {**found.get(section, {}), **values}
    return found


async def _deny(question: Question) -> Answered:
    """Answers at once, so that no question takes from the time of a run."""
    del question
    return Answered("deny", NOBODY_IS_THERE, by_person=False)


def _least(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _tidied(place: Place) -> None:
    """Removes what a cell leaves but for its journal, its patch and the log of its tests."""
    for folder in (place.workspace, place.tests, place.logs):
        shutil.rmtree(folder, ignore_errors=True)
