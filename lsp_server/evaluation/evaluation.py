"""This module carries an evaluation out, from its options to its report on the disk."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsp_server import __version__
from lsp_server.cluster.fresh_processes import FreshProcesses
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tasks import Budget
from lsp_server.evaluation.arms import Arm
from lsp_server.evaluation.cell_run import CellRun, CellSettings, own_endpoint
from lsp_server.evaluation.cells import Cell, CellResult
from lsp_server.evaluation.cluster_cells import ClusterCells
from lsp_server.evaluation.container_paths import is_plain
from lsp_server.evaluation.grid import Grid, WorkOnTask
from lsp_server.evaluation.report import About, Report, Ungraded, make_report, report_json
from lsp_server.evaluation.report_markdown import report_markdown
from lsp_server.evaluation.report_page import report_page
from lsp_server.evaluation.results_file import ResultsFile
from lsp_server.evaluation.scripted_agent import Chances
from lsp_server.evaluation.scripted_endpoint import PRICES, ScriptedEndpoints
from lsp_server.evaluation.task import EvaluationTask
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.process_lock import ProcessLock
from lsp_server.text.count import count_of
from lsp_server.workspace.git.repository import repository_folders

LOCK = "evaluation.lock"
PREDICTIONS = "predictions.jsonl"
REPORTS = ("report.json", "report.md", "report.html")
SOLVING = "solving"

SIMULATION = (
    "A scripted agent follows the solution of each task and writes each file wrong with a "
    "probability of {error:g}; a scripted judge is right with {judge:g}. Errors are independent, "
    "which those of real models are only in part. The figures show that the machinery works, and "
    "how arms would differ under these chances; they say nothing of any model."
)


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """`EvaluationOptions` say what is evaluated and how.

    `sections` are settings above the person's own, among them who may do what. `limits` bound
    each run further than its task does. With `chances` a scripted agent takes the model's
    place. What is `hidden`, the agent does not see beside tasks and results. `command` is how
    it was called, for the report.
    """

    tasks: Sequence[EvaluationTask]
    tasks_from: Path
    arms: Sequence[Arm]
    out: Path
    hidden: tuple[Path, ...] = ()
    sections: Mapping[str, Any] = field(default_factory=dict)
    sandbox: str = ""
    repeats: int = 1
    jobs: int = 1
    limits: Budget = field(default_factory=Budget)
    seed: int = 0
    chances: Chances | None = None
    resume: bool = False
    retry_errors: bool = False
    command: str = ""


class Evaluation:
    """An `Evaluation` works on what has no result yet and writes the report, in the folder `out`.

    Example::

        evaluation = Evaluation(options)
        with evaluation.owned():
            await evaluation.work(ended=print)
            report = await evaluation.write_report()
    """

    def __init__(self, options: EvaluationOptions) -> None:
        self._options = options
        self._settings = load(None, editor=options.sections).settings
        self._results = ResultsFile(options.out)
        self._lock = ProcessLock(options.out / LOCK)
        available = {task.name: task for task in options.tasks if not task.unavailable}
        arms = {arm.name: arm for arm in options.arms}
        self.grid = Grid(available, arms, options.repeats, self._fingerprint())

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Owns the folder for a `with` block. Blocking.

        Raises ConfigurationError where another process has it, where it cannot be written, where
        it has results that are not to be gone on with, and in a git repository.
        """
        out = self._options.out
        if not is_plain(out):
            raise ConfigurationError(
                f"scripts of tasks name {out} as it is; take a folder whose path has only letters, "
                "digits and ._-+=@%:,"
            )
        if outer := repository_folders(out):
            raise ConfigurationError(
                f"{out} lies in the git repository {outer[0]}, whose files and history the agent "
                "would find; name a folder outside of it with --out"
            )
        try:
            out.mkdir(parents=True, exist_ok=True)
            is_ours = self._lock.acquire()
        except OSError as error:
            raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from error
        if not is_ours:
            raise ConfigurationError(f"another evaluation works in {out}")
        try:
            if not self._options.resume and self._results.path.exists():
                raise ConfigurationError(f"{out} has results; go on with --resume, or name another")
            yield
        finally:
            self._lock.release()

    async def work(
        self, ended: Callable[[CellResult], None], processes: FreshProcesses | None = None
    ) -> None:
        """Works on the cells that have no result; `ended` gets each result.

        With `processes`, those of a cluster, it is done there. Raises ConfigurationError.
        """
        options = self._options
        work_on = await asyncio.to_thread(self._work_on, processes)
        await self.grid.work(
            work_on, self._results, options.jobs, ended, retry_errors=options.retry_errors
        )

    def _work_on(self, processes: FreshProcesses | None) -> WorkOnTask:
        """Returns what works on one cell. Blocking. Raises ConfigurationError."""
        options = self._options
        hidden = (options.tasks_from, options.out, *options.hidden)
        settings = CellSettings(
            options.out, options.sections, hidden, options.limits, own_endpoint, options.sandbox
        )
        if processes is not None:
            return ClusterCells(processes, settings, options.chances).result
        if options.chances is not None:
            endpoints = ScriptedEndpoints(options.out / SOLVING, options.chances)
            settings = replace(settings, open_endpoint=endpoints.open)
        return partial(_result_here, settings)

    def missing(self) -> int:
        """Returns how many cells are to be worked on. Blocking. Raises ConfigurationError, OSError."""
        return len(self.grid.missing(self._results, retry_errors=self._options.retry_errors))

    async def write_report(self) -> Report:
        """Writes the report and the predictions from what there is, and returns the report."""
        return await asyncio.to_thread(self._write_report)

    def _write_report(self) -> Report:
        results = self._results.by_cell()
        cells = self.grid.cells()
        known = [results[cell] for cell in cells if cell in results]
        unavailable = [
            Ungraded(task.name, task.unavailable)
            for task in self._options.tasks
            if task.unavailable
        ]
        report = make_report(self._about(known), self.grid.arms, cells, results, unavailable)
        texts = (
            report_json(report),
            report_markdown(report).encode(),
            report_page(report).encode(),
        )
        for name, text in zip(REPORTS, texts, strict=True):
            replace_file(self._options.out / name, text, durable=False)
        for arm in self.grid.arms:
            of_arm = [one for one in known if one.cell.arm == arm and one.cell.repeat == 1]
            path = self._options.out / arm / PREDICTIONS
            replace_file(path, predictions(of_arm), durable=False)
        return report

    def _about(self, known: Sequence[CellResult]) -> About:
        options = self._options
        model = next((one.model for one in known if one.model), "unknown")
        return About(
            version=__version__,
            python=platform.python_version(),
            platform=platform.platform(),
            tasks_from=f"{len(options.tasks)} from {options.tasks_from.name}",
            model="scripted" if options.chances else model,
            endpoint="this machine" if options.chances else endpoint_class(self._settings, model),
            sandbox=options.sandbox,
            seed=options.seed,
            repeats=options.repeats,
            jobs=options.jobs,
            limits=_limits(options.limits),
            prices=_prices(self._settings, is_scripted=options.chances is not None),
            command=options.command,
            written_at=datetime.now(UTC).isoformat(timespec="seconds"),
            simulation=_simulation(options.chances),
        )

    def _fingerprint(self) -> dict[str, Any]:
        options = self._options
        settings = self._settings.model_dump(mode="json")
        if options.chances is not None:
            settings["model"] = settings["judge"] = "scripted"
        return {
            "settings": settings,
            "limits": str(options.limits),
            "sandbox": options.sandbox,
            "chances": str(options.chances),
        }


async def _result_here(
    settings: CellSettings, cell: Cell, task: EvaluationTask, arm: Arm
) -> CellResult:
    return await CellRun(cell, task, arm, settings).result()


def predictions(results: Sequence[CellResult]) -> bytes:
    """Returns patches as the SWE-bench harness takes them, one JSON line each."""
    return b"".join(
        json.dumps(
            {
                "instance_id": one.cell.task,
                "model_name_or_path": f"holdfast-{one.cell.arm}",
                "model_patch": one.patch,
            }
        ).encode()
        + b"\n"
        for one in results
        if one.status != "error"
    )


def endpoint_class(settings: Settings, model: str) -> str:
    """Says where the endpoint is, without its name: this machine, a private network, remote."""
    address = settings.model.base_url or model.rpartition(" at ")[2]
    host = urlsplit(address).hostname or ""
    if not host or host == "localhost":
        return "this machine"
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return "remote" if "." in host else "a private network"
    return "this machine" if ip.is_loopback else "a private network" if ip.is_private else "remote"


def _simulation(chances: Chances | None) -> str:
    if chances is None:
        return ""
    return SIMULATION.format(error=chances.error_rate, judge=chances.judge_rate)


def _limits(limits: Budget) -> str:
    parts = [count_of(limits.steps_max, "step")]
    if limits.tokens_max is not None:
        parts.append(count_of(limits.tokens_max, "token"))
    if limits.wall_seconds_max is not None:
        parts.append(f"{limits.wall_seconds_max:g} s")
    return ", ".join(parts) + ", or less where the task says so"


def _prices(settings: Settings, *, is_scripted: bool) -> str:
    model = settings.model
    prices = (model.price_input, model.price_cached, model.price_output)
    if is_scripted:
        prices = (PRICES["price_input"], PRICES["price_cached"], PRICES["price_output"])
    if not any(prices):
        return "none set: costs are unknown (model.price_input, price_cached, price_output)"
    return "${:g} prompt, ${:g} cached, ${:g} answer, per million tokens".format(*prices)
