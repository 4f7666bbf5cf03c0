"""This module gives each cell a scripted endpoint that follows the solution of its task."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from lsp_server.evaluation.cell_run import Commands, Sections
from lsp_server.evaluation.cells import Cell
from lsp_server.evaluation.scripted_agent import Chances, ScriptedAgent
from lsp_server.evaluation.task import EvaluationTask, Place
from lsp_server.evaluation.tree_changes import differences, read_tree
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.text.patch import FileDifference

PRICES = {"price_input": 1.0, "price_cached": 0.1, "price_output": 5.0}
"""Nominal ones, so that costs can be compared."""


class ScriptedEndpoints:
    """`ScriptedEndpoints` are servers that follow the solution of each task, with errors by chance.

    Solutions are made in `folder`, once for each task.
    """

    def __init__(self, folder: Path, chances: Chances) -> None:
        self._folder = folder
        self._chances = chances
        self._solutions: dict[str, Sequence[FileDifference]] = {}
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def open(
        self, cell: Cell, task: EvaluationTask, commands: Commands
    ) -> AsyncIterator[Sections]:
        """Serves for one cell. Raises HoldfastError, OSError where the task has no usable solution."""
        solution = await self._solution(task, commands)
        # Not by arm: what arms have in common then errs alike, and only their difference counts.
        seed = f"{self._chances.seed}/{cell.task}/{cell.repeat}"
        agent = ScriptedAgent(solution, replace(self._chances, seed=seed))
        async with ScriptedServer(agent.turn) as server:
            named = {"base_url": server.base_url, "name": "scripted", **PRICES}
            roles = {"model": named, "judge": named, "cheap": named}
            yield {**roles, "memory": {"enabled": False}}

    async def _solution(self, task: EvaluationTask, commands: Commands) -> Sequence[FileDifference]:
        async with self._lock:
            if task.name not in self._solutions:
                self._solutions[task.name] = await self._solved(task, commands)
            return self._solutions[task.name]

    async def _solved(self, task: EvaluationTask, commands: Commands) -> Sequence[FileDifference]:
        place = Place(self._folder)
        try:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            runner = commands(place, task.sources)
            await task.lay_out(place, runner)
            before = await asyncio.to_thread(read_tree, place.workspace)
            await task.lay_out_solution(place, runner)
            after = await asyncio.to_thread(read_tree, place.workspace)
            return differences(before, after)
        finally:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
