"""This module works on all cells of an evaluation that have no result yet, several at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from lsp_server import __version__
from lsp_server.evaluation.arms import Arm
from lsp_server.evaluation.cells import Cell, CellResult
from lsp_server.evaluation.results_file import ResultsFile
from lsp_server.evaluation.task import EvaluationTask

WorkOnCell: TypeAlias = Callable[[Cell], Awaitable[CellResult]]
WorkOnTask: TypeAlias = Callable[[Cell, EvaluationTask, Arm], Awaitable[CellResult]]
"""Works on a cell: here, or on another machine. Raises ConfigurationError for what fails in every cell."""


async def map_cells(
    cells: Sequence[Cell], work: WorkOnCell, jobs: int
) -> AsyncGenerator[CellResult, None]:
    """Yields the result of each cell as it comes, with at most `jobs` at work at once.

    Closing it ends those at work.
    """
    waiting = iter(cells)
    running: set[asyncio.Task[CellResult]] = set()
    try:
        while True:
            for cell in islice(waiting, jobs - len(running)):
                running.add(asyncio.ensure_future(_result(work, cell)))
            if not running:
                return
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _result(work: WorkOnCell, cell: Cell) -> CellResult:
    return await work(cell)


@dataclass(frozen=True, slots=True)
class Grid:
    """A `Grid` has all cells of an evaluation: each task under each arm, so many times.

    `fingerprint` stands for all settings that could change what comes of a cell.
    """

    tasks: Mapping[str, EvaluationTask]
    arms: Mapping[str, Arm]
    repeats: int
    fingerprint: Mapping[str, Any]

    def cells(self) -> list[Cell]:
        """Returns the cells, so ordered that what is there after a while says as much as it can."""
        return [
            Cell(task.name, arm.name, repeat, self._digest(task, arm))
            for repeat in range(1, self.repeats + 1)
            for task in self.tasks.values()
            for arm in self.arms.values()
        ]

    def missing(self, results: ResultsFile, *, retry_errors: bool) -> list[Cell]:
        """Returns the cells to work on. Blocking. Raises ConfigurationError, OSError."""
        known = results.by_cell()
        done = {cell for cell, one in known.items() if not (retry_errors and one.status == "error")}
        return [cell for cell in self.cells() if cell not in done]

    async def work(
        self,
        work_on: WorkOnTask,
        results: ResultsFile,
        jobs: int,
        ended: Callable[[CellResult], None],
        *,
        retry_errors: bool = False,
    ) -> None:
        """Works on the cells that have no result, and keeps each result before `ended` gets it.

        With `retry_errors` those that ended in an error are worked on again. Raises
        ConfigurationError, OSError.
        """
        missing = await asyncio.to_thread(self.missing, results, retry_errors=retry_errors)

        async def work(cell: Cell) -> CellResult:
            return await work_on(cell, self.tasks[cell.task], self.arms[cell.arm])

        async with aclosing(map_cells(missing, work, jobs)) as coming:
            async for result in coming:
                await asyncio.to_thread(results.add, result)
                ended(result)

    def _digest(self, task: EvaluationTask, arm: Arm) -> str:
        parts = {
            "version": __version__,
            "task": task.digest,
            "arm": [arm.name, dict(arm.sections), arm.attempts],
            "settings": dict(self.fingerprint),
        }
        text = json.dumps(parts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
