"""This module works on cells on the machines of a cluster, each in a process of its own.

Tasks and the folder of results lie at the same paths on all machines, as on a shared disk. The
evaluation alone writes results, as they come.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lsp_server import __version__
from lsp_server.cluster.fresh_processes import FreshProcesses
from lsp_server.cluster.ray_cluster import ProcessesLost
from lsp_server.domain.errors import ConfigurationError
from lsp_server.evaluation.arms import Arm
from lsp_server.evaluation.cell_run import CellRun, CellSettings, Sections
from lsp_server.evaluation.cells import Cell, CellResult
from lsp_server.evaluation.scripted_agent import Chances
from lsp_server.evaluation.scripted_endpoint import ScriptedEndpoints
from lsp_server.evaluation.task import EvaluationTask
from lsp_server.sandbox.choice import choose
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings
from lsp_server.system.process_lock import ProcessLock

LOCKS = "locks"
LOCK_SECONDS_MAX = 120.0
"""A process that was lost may still be at work, as where its machine is only cut off."""
LOCK_PAUSE_SECONDS = 1.0
MODELS = ("model", "judge", "cheap")
LOST = "its process was lost twice, as for want of memory; --retry-errors works on it again"


@dataclass(frozen=True, slots=True)
class CellPart:
    """A `CellPart` is what a process has to know of a cell, wherever it runs.

    `alike` are the digests of what all machines have in common, by its name.
    """

    cell: Cell
    task: EvaluationTask
    arm: Arm
    settings: CellSettings
    chances: Chances | None
    alike: Mapping[str, str]


class ClusterCells:
    """A `ClusterCells` works on cells in `processes`; `chances` are those of a scripted agent.

    Made on the machine whose settings count. Blocking.
    """

    def __init__(
        self, processes: FreshProcesses, settings: CellSettings, chances: Chances | None
    ) -> None:
        self._processes = processes
        self._settings = settings
        self._chances = chances
        self._alike = traits_here(settings.sections, chances)

    async def result(self, cell: Cell, task: EvaluationTask, arm: Arm) -> CellResult:
        """Returns what came of a cell; one whose process is lost twice is an error.

        Raises ConfigurationError where a machine is not like this one.
        """
        part = CellPart(cell, task, arm, self._settings, self._chances, self._alike)
        try:
            return await self._processes.answer(work_on, part)
        except ProcessesLost:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            sandbox = self._settings.sandbox
            return CellResult(cell, "error", why=LOST, sandbox=sandbox, ended_at=now)


async def work_on(part: CellPart) -> CellResult:
    """Works on a cell in this process. Raises ConfigurationError where this machine differs."""
    out, name = part.settings.out, part.cell.name
    await asyncio.to_thread(_require_alike, part)
    settings = part.settings
    if part.chances is not None:
        endpoints = ScriptedEndpoints(out / f"solving-{name}", part.chances)
        settings = replace(settings, open_endpoint=endpoints.open)
    lock = ProcessLock(out / LOCKS / f"{name}.lock")
    try:
        await _acquire(lock)
    except TimeoutError:
        why = f"another process works on it still, and holds {lock.path}"
        return CellResult(part.cell, "error", why=why, sandbox=settings.sandbox)
    try:
        return await CellRun(part.cell, part.task, part.arm, settings).result()
    finally:
        lock.release()


async def _acquire(lock: ProcessLock) -> None:
    """Waits for a lock that a process may hold which the cluster takes for lost. Raises TimeoutError."""
    async with asyncio.timeout(LOCK_SECONDS_MAX):
        while not await asyncio.to_thread(lock.acquire):  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(LOCK_PAUSE_SECONDS)


def traits_here(sections: Sections, chances: Chances | None) -> dict[str, str]:
    """Returns digests of what could change what comes of a cell on this machine, by its name.

    They tell that settings differ, and none of them. With `chances` no model of the settings
    takes part. Blocking. Raises ConfigurationError.
    """
    settings = load(None, editor=sections).settings
    parts: dict[str, Any] = settings.model_dump(mode="json")
    traits = {
        f"[{section}]": value
        for section, value in parts.items()
        if chances is None or section not in MODELS
    }
    traits |= {"version": __version__, "sandbox": sandbox_name(settings)}
    return {name: _digest(value) for name, value in traits.items()}


def sandbox_name(settings: Settings) -> str:
    """Names what holds commands. Blocking."""
    if settings.permissions.mode != "sandboxed":
        return "none: commands have the rights of the person"
    return choose(settings.sandbox.mode).sandbox.name


def _require_alike(part: CellPart) -> None:
    """Raises ConfigurationError where this machine would not do what the first one does. Blocking."""
    here, host = traits_here(part.settings.sections, part.chances), platform.node()
    differing = sorted(name for name in part.alike if here.get(name) != part.alike[name])
    if differing:
        raise ConfigurationError(
            f"{host} differs in {', '.join(differing)} from the machine that evaluates; a cell has "
            "to count the same wherever it is worked on: give all machines the same version, "
            "config.toml and HOLDFAST_ variables, the latter before `ray start`"
        )
    places = (part.settings.out, *part.task.sources, *part.settings.hidden)
    if missing := [place for place in places if not Path(place).exists()]:
        raise ConfigurationError(
            f"{host} does not have {missing[0]}; tasks and results have to lie on a disk that all "
            "machines share, at the same path"
        )
    (part.settings.out / LOCKS).mkdir(exist_ok=True)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
