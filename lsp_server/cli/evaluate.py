"""This module is `holdfast evaluate`: tasks, arms, repeats, and a report on what they reached and cost."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsp_server.cli.command_session import command_session
from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import FAILED, STOPPED, UsageError, run_command
from lsp_server.cli.permission_flags import PermissionFlags
from lsp_server.cli.team_base import show_dashboard
from lsp_server.cluster.fresh_processes import FreshProcesses
from lsp_server.cluster.ray_cluster import LOCAL, ray_cluster
from lsp_server.domain.tasks import Budget
from lsp_server.evaluation.arms import ATTEMPTS, arms_named
from lsp_server.evaluation.cells import CellResult
from lsp_server.evaluation.cluster_cells import sandbox_name
from lsp_server.evaluation.evaluation import Evaluation, EvaluationOptions
from lsp_server.evaluation.report import Report
from lsp_server.evaluation.report_markdown import report_markdown
from lsp_server.evaluation.scripted_agent import Chances
from lsp_server.evaluation.swe_bench import TEST_COMMAND
from lsp_server.evaluation.task_folder import find_tasks, shipped_suite
from lsp_server.sandbox.choice import SandboxMode
from lsp_server.settings.sections import Settings
from lsp_server.system import startup

PROGRESS = "{at:>4} of {count}  {task:<28} {arm:<9} {status:<9} {outcome}\n"


@dataclass(frozen=True, slots=True)
class EvaluateFlags:
    """`EvaluateFlags` are what the command line says; None takes the tasks that ship."""

    tasks: Path | None
    out: Path
    arms: str = "single"
    repeats: int = 1
    attempts: int = ATTEMPTS
    jobs: int | None = None
    ray: str | None = None
    only: tuple[str, ...] = ()
    repositories: Path | None = None
    test_command: str = TEST_COMMAND
    steps: int = 60
    tokens: int | None = None
    seconds: float = 1800.0
    seed: int = 0
    chances: Chances | None = None
    resume: bool = False
    retry_errors: bool = False
    sandbox: SandboxMode | None = None


def named_chances(is_scripted: bool, error_rate: float, seed: int) -> Chances | None:
    """Returns the chances of the scripted agent, None where a model works."""
    return Chances(error_rate, seed=str(seed)) if is_scripted else None


def evaluate(flags: EvaluateFlags) -> int:
    """Works on what has no result yet and writes the report; 0 when no cell ended in an error."""
    startup.restore_garbage_collection()
    return run_command(_evaluate(flags), stopped="stopped; go on with --resume")


async def _evaluate(flags: EvaluateFlags) -> int:
    if flags.ray is None:
        return await _evaluate_on(flags, None)
    async with ray_cluster(flags.ray.strip() or LOCAL) as cluster:
        show_dashboard(cluster.dashboard)
        return await _evaluate_on(flags, FreshProcesses(cluster))


async def _evaluate_on(flags: EvaluateFlags, processes: FreshProcesses | None) -> int:
    """Evaluates on this machine, or in the processes of a cluster; the exit status."""
    settings = await PermissionFlags(yes=True, sandbox=flags.sandbox).settings(flags.out)
    place = (flags.tasks or shipped_suite()).resolve()
    if flags.out.resolve().is_relative_to(place):
        raise UsageError(f"--out {flags.out} lies in the tasks, {place}; name another folder")
    options = EvaluationOptions(
        await asyncio.to_thread(
            find_tasks, place, flags.only, flags.repositories, flags.test_command
        ),
        place,
        arms_named(flags.arms.split(","), flags.attempts),
        flags.out.resolve(),
        (flags.repositories.resolve(),) if flags.repositories else (),
        _sections(settings),
        await asyncio.to_thread(sandbox_name, settings),
        flags.repeats,
        flags.jobs or (processes.cpus if processes else 1),
        Budget(flags.steps, flags.tokens, None, flags.seconds),
        flags.seed,
        flags.chances,
        flags.resume,
        flags.retry_errors,
        shlex.join(["holdfast", *sys.argv[1:]]),
    )
    evaluation = Evaluation(options)
    with evaluation.owned():
        if flags.chances is None:
            await _require_model(options.out, settings)
        was_stopped = await _work(evaluation, processes)
        report = await evaluation.write_report()
    _show(report, options.out)
    if was_stopped:
        print_error("stopped; go on with --resume")
        return STOPPED
    return FAILED if report.errors else 0


async def _work(evaluation: Evaluation, processes: FreshProcesses | None) -> bool:
    """Works until all is done, or a signal asks for the end; says whether that was so."""
    count = len(evaluation.grid.cells())
    progress = _Progress(count, done=count - await asyncio.to_thread(evaluation.missing))
    work = asyncio.ensure_future(evaluation.work(progress.show, processes))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # One that is ignored was meant to be, as by `nohup`.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return True
    return False


class _Progress:
    """One line for each cell that has ended, counted on from those that were done before."""

    def __init__(self, count: int, *, done: int) -> None:
        self._count = count
        self._at = done

    def show(self, result: CellResult) -> None:
        self._at += 1
        cell = result.cell
        sys.stdout.write(
            PROGRESS.format(
                at=self._at,
                count=self._count,
                task=cell.task,
                arm=cell.arm,
                status=result.status,
                outcome=result.why if result.status == "error" else result.outcome,
            )
        )
        sys.stdout.flush()


async def _require_model(out: Path, settings: Settings) -> None:
    """Asks the endpoint once, before every cell fails alike. Raises HoldfastError."""
    memory = settings.memory.model_copy(update={"enabled": False})
    quiet = settings.model_copy(update={"memory": memory})
    with tempfile.TemporaryDirectory(prefix="holdfast-evaluate-") as data:
        async with command_session(out, quiet, data=Path(data)) as session:
            await session.model.examine()


def _sections(settings: Settings) -> Mapping[str, Any]:
    """What was decided about permission, above what the person's settings say elsewhere."""
    return {
        "permissions": {"mode": settings.permissions.mode},
        "sandbox": {"mode": settings.sandbox.mode},
    }


def _show(report: Report, out: Path) -> None:
    sys.stdout.write(f"\n{report_markdown(report)}\nreport: {out / 'report.html'}\n")
