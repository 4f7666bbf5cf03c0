"""`holdfast run`: a task without an editor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsp_server.assemble import open_session
from lsp_server.cli.error_output import error_text, print_error
from lsp_server.cli.screen import JsonLines, PlainScreen, Screen
from lsp_server.cli.terminal_prompt import TerminalPrompt
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import RecordedEvent
from lsp_server.domain.goals import GOALS_FILE, Goal
from lsp_server.domain.tasks import Mode, Outcome, RunId, Sampling, Task
from lsp_server.goals.new_goal import goal_from_parts, prompt_for_goal
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings
from lsp_server.system import startup
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents

EXIT_STATUS = {"achieved": 0, "failed": 1, "unmet": 3, "blocked": 4, "stopped": 130}
USAGE_ERROR = 2
NOTHING_TO_DO = (
    'say what to do, as in: holdfast run "make the tests pass"; or write a goal into '
    f"{GOALS_FILE}, where none is open"
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asked for.

    `overrides` are settings as an editor would send them. `data` is where the
    run is kept, the user's data folder if left out.
    """

    task: str | None
    workspace: Path
    goals: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    mode: Mode = "build"
    sampling: Sampling = field(default_factory=Sampling)
    yes: bool = False
    json: bool = False
    resume: str | None = None
    overrides: dict[str, Any] | None = None
    data: Path | None = None


def execute(order: RunOptions) -> int:
    """Runs it; the process's exit status. Errors go to standard error, one sentence each."""
    startup.restore_garbage_collection()
    try:
        return asyncio.run(execute_async(order))
    except KeyboardInterrupt:
        print_error("stopped before the run began")
        return EXIT_STATUS["stopped"]


async def execute_async(order: RunOptions) -> int:
    """The same, on a running loop."""
    complaint = _complaint(order)
    if complaint:
        return _refuse(complaint)
    settings = _settings(order)
    shown = _screen(as_json=order.json)
    documents = Documents()
    editor = DiskEditor(documents, TerminalPrompt(shown.pause, yes=order.yes).confirm)
    session: Session | None = None
    try:
        session = open_session(
            order.workspace, settings, editor, documents, _Publish(shown), data=order.data
        )
        run_id = await _begin(session, order, settings)
        outcome = await _until_the_end(session, run_id)
    except HoldfastError as error:
        return _refuse(error_text(error, order.resume))
    finally:
        shown.close()
        if session is not None:
            await session.close()
    if not order.json and order.data is None:
        sys.stdout.write(f"transcript: {session.runs.transcript(run_id)}\n")
        sys.stdout.write(_how_to_go_on(outcome, run_id))
    return EXIT_STATUS[outcome.outcome]


def _how_to_go_on(outcome: Outcome, run_id: RunId) -> str:
    match outcome.outcome:
        case "achieved":
            return ""
        case "blocked":
            return f'answer it: holdfast run --resume {run_id} "your answer"\n'
        case _:
            return f"go on: holdfast run --resume {run_id}\n"


class _Publish:
    """Shows Events; when nobody reads any more, the run is stopped."""

    def __init__(self, shown: Screen) -> None:
        self._screen = shown
        self._gone = False

    def __call__(self, session: Session, run_id: RunId, recorded: RecordedEvent) -> None:
        if self._gone:
            return
        try:
            self._screen.show(run_id, recorded)
        except OSError:  # Nobody reads any more, or there is no room.
            self._gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            session.runs.stop(everything=True)


async def _begin(session: Session, order: RunOptions, settings: Settings) -> RunId:
    if order.resume is not None:
        resumed = RunId(order.resume)
        if order.task:
            return session.runs.send(resumed, order.task, "steer").run_id
        return session.runs.resume(resumed).run_id
    goal = goal_from_parts(order.goals, order.checks) or await _open_goal(session, order)
    session.check_approvals.approve(order.checks)
    return session.runs.start(
        Task(
            instruction=order.task or prompt_for_goal(goal),
            goal=goal,
            mode=order.mode,
            sampling=order.sampling,
            budget=settings.run.budget,
        )
    ).run_id


async def _open_goal(session: Session, order: RunOptions) -> Goal | None:
    """The first open goal of the goals file, for an order that says nothing else."""
    if order.task:
        return None
    await session.goals.look()
    goal = session.goals.statuses.first_open()
    if goal is None:
        raise HoldfastError(NOTHING_TO_DO)
    return goal


async def _until_the_end(session: Session, run_id: RunId) -> Outcome:
    """The outcome; signals that ask the process to end stop the run first.

    They are taken until the loop closes, since closing the session takes a moment as well.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        session.runs.stop(everything=True)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    return await session.runs.wait(run_id)


def _settings(order: RunOptions) -> Settings:
    overrides = dict(order.overrides or {})
    if order.yes:
        overrides["permissions"] = {**overrides.get("permissions", {}), "mode": "full"}
    loaded = load(order.workspace.absolute(), editor=overrides)
    for problem in loaded.problems:
        print_error(str(problem))
    return loaded.settings


def _complaint(order: RunOptions) -> str | None:
    """What is wrong with the order, before anything is opened."""
    if order.task is not None and not order.task.strip():
        return "the task is empty"
    if not order.workspace.is_dir():
        return f"--workspace {order.workspace} is not a folder"
    if not os.access(order.workspace, os.R_OK | os.X_OK):
        return f"--workspace {order.workspace} cannot be read; change its permissions"
    return None


def _refuse(complaint: str) -> int:
    print_error(complaint)
    return USAGE_ERROR


def _screen(*, as_json: bool) -> Screen:
    """What fits standard output: JSON on request, a live view on a terminal, else plain lines."""
    if as_json:
        return JsonLines(sys.stdout)
    if not sys.stdout.isatty():
        return PlainScreen(sys.stdout)
    # rich costs as much to import as all the rest of a start.
    from lsp_server.cli.terminal import TerminalScreen

    return TerminalScreen()
