"""This module is `holdfast run`: a task without an editor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lsp_server.cli.command_session import command_session
from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import (
    FAILED,
    STOPPED,
    UsageError,
    run_command,
    workspace_folder,
)
from lsp_server.cli.permission_flags import PermissionFlags
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.cli.screen import JsonLines, PlainScreen, Screen
from lsp_server.cli.task_text import edit_text, editor_command, is_on_terminal
from lsp_server.cli.terminal_prompt import TerminalPrompt
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import GOALS_FILE, Goal
from lsp_server.domain.images import described
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.tasks import Mode, Outcome, RunId, Sampling, Task
from lsp_server.goals.new_goal import goal_from_parts
from lsp_server.session.begin_workflow import begin_invoked, begin_workflow
from lsp_server.session.notices import Notice, RunEvent
from lsp_server.session.run import Run
from lsp_server.session.session import Session
from lsp_server.session.task_request import (
    attempts_of,
    expand_command,
    find_agent,
    given_images,
)
from lsp_server.system import startup
from lsp_server.wording.run_texts import work_until

EXIT_STATUS = {
    "achieved": 0,
    "failed": FAILED,
    "unmet": 3,
    "blocked": 4,
    "finished": 5,
    "stopped": STOPPED,
}
NOTHING_TO_DO = (
    'say what to do, as in: holdfast run "make the tests pass"; or write a goal into '
    f"{GOALS_FILE}, where none is open"
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`RunOptions` hold a task with all that the flags of the command line say about it.

    `goals` are conditions in words, `checks` commands that must exit 0. `resume` is the
    id of an earlier run to go on with; `task` is a message to it then. `goes_on` means the newest
    run of the folder. With `fork_step` a new
    run goes on from the end of that step of it. `agent` names a custom agent, as which a new
    run works. `images` are paths, and go with a task or a message. `attempts` is the number of
    whole runs, of which the best is taken. `workflow` names one that is run instead of a task,
    `fresh` whatever an earlier run of it did. `settings` are
    as an editor would send them, with `flags` above them. `data` is where the run is kept, the user's data
    folder if left out.
    """

    task: str | None
    workspace: Path
    goals: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    mode: Mode = "build"
    sampling: Sampling = field(default_factory=Sampling)
    flags: PermissionFlags = field(default_factory=PermissionFlags)
    json: bool = False
    resume: str | None = None
    goes_on: bool = False
    fork_step: int | None = None
    agent: str | None = None
    images: tuple[Path, ...] = ()
    attempts: int = 1
    workflow: str | None = None
    fresh: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    data: Path | None = None


def run(options: RunOptions) -> int:
    """Runs a task; the exit status says how it ended."""
    startup.restore_garbage_collection()
    return run_command(run_task(options), stopped="stopped before the run began")


async def run_task(options: RunOptions) -> int:
    """Runs a task on a running loop, with its Events on standard output; the exit status.

    Raises UsageError, HoldfastError.
    """
    folder = _folder(options)
    settings = await options.flags.settings(folder, options.settings)
    screen = _screen(as_json=options.json)
    session: Session

    def notify(notice: Notice) -> None:
        if isinstance(notice, RunEvent) and not _show(screen, notice):
            session.runs.stop(everything=True)

    confirm = TerminalPrompt(screen.asking, freed_by=options.flags.freed_by(settings)).confirm
    async with command_session(
        folder, settings, confirm=confirm, notify=notify, data=options.data
    ) as session:
        try:
            run = await _begin(session, options)
            screen.listen(partial(_tell, run))
            outcome = await _wait(session, run)
        finally:
            screen.close()
    # The demo keeps its run in a folder that is gone in a moment.
    if not options.json and options.data is None:
        sys.stdout.write(f"transcript: {session.transcript(run.run_id)}\n")
        sys.stdout.write(_how_to_go_on(outcome, run.run_id))
    return EXIT_STATUS[outcome.outcome]


def _tell(run: Run, line: str) -> None:
    """Passes on what the person typed while the run is at work."""
    try:
        run.send(MessageReceived(line, "steer"))
    except HoldfastError as error:
        print_error(str(error))


def _how_to_go_on(outcome: Outcome, run_id: RunId) -> str:
    match outcome.outcome:
        case "achieved" | "finished":
            return ""
        case "blocked":
            return f'answer it: holdfast run --resume {run_id} "your answer"\n'
        case _:
            return f"go on: holdfast run --resume {run_id}\n"


def _show(screen: Screen, event: RunEvent) -> bool:
    """Shows an Event; False when it was the last one that could be shown."""
    try:
        screen.show(event.run_id, event.recorded)
    except OSError:
        # Nobody reads any more, or there is no room. What follows must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


async def _begin(session: Session, options: RunOptions) -> Run:
    if options.workflow is not None:
        begun = await begin_workflow(
            session, options.workflow, mode=options.mode, fresh=options.fresh
        )
        return begun.run
    images = await given_images(list(map(str, options.images)), Path.cwd())
    if options.goes_on or options.resume is not None:
        resumed = session.runs.choose(
            RunId(options.resume) if options.resume is not None else None, "go on with"
        ).run_id
        if options.fork_step is not None:
            return await session.rewinds.fork(resumed, options.fork_step, options.task or "")
        if options.task:
            return session.runs.send(resumed, options.task, "steer", images)
        return session.runs.resume(resumed)
    goal = goal_from_parts(options.goals, options.checks) or await _open_goal(session, options)
    session.goals.check_approvals.approve(options.checks)
    task = options.task or ("" if goal else await _written_task())
    if (invoked := await begin_invoked(session, task, options.mode)) is not None:
        return invoked.run
    prompt, mode = await expand_command(task, options.mode, session)
    agent, mode = await find_agent(options.agent, mode, session)
    return session.runs.start(
        Task(
            instruction=described(prompt or work_until(goal), images),
            goal=goal,
            mode=mode,
            sampling=options.sampling,
            attempts=attempts_of(options.attempts, mode, takes_best=True),
            budget=session.settings.run.budget,
            agent=agent,
            images=images,
        )
    )


async def _open_goal(session: Session, options: RunOptions) -> Goal | None:
    """Returns the first open goal of the goals file, for options that say nothing else."""
    if options.task:
        return None
    await session.goals.refresh()
    return session.goals.statuses.first_open()


async def _written_task() -> str:
    """Lets the person write the task in their editor. Raises UsageError where there is none."""
    if not is_on_terminal() or not editor_command():
        raise UsageError(NOTHING_TO_DO)
    loop = asyncio.get_running_loop()
    # Ctrl-C is for the editor as long as it is open.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    try:
        text = await asyncio.to_thread(edit_text)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    if not text:
        raise UsageError(NOTHING_TO_DO)
    return text


async def _wait(session: Session, run: Run) -> Outcome:
    """Waits for the outcome; signals that ask the process to end stop the run first."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        session.runs.stop(everything=True)

    # They are caught until the loop closes, since closing the session takes a moment as well.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # One that is ignored was meant to be, as by `nohup`.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    return await run.wait()


def _folder(options: RunOptions) -> Path:
    """Returns the folder to work in, before anything is opened. Raises UsageError."""
    # A task that a shell made empty is a mistake; no task at all means the goals file.
    if options.task is not None and not options.task.strip():
        raise UsageError("the task is empty")
    goes_on = options.goes_on or options.resume is not None
    if options.goes_on and options.resume is not None:
        raise UsageError("--continue means the newest run; leave out --resume")
    if goes_on and options.agent is not None:
        raise UsageError("a run that goes on keeps its agent; leave out --agent")
    if goes_on and options.attempts > 1:
        raise UsageError("a run that goes on keeps its attempts; leave out --attempts")
    if goes_on and (options.goals or options.checks):
        raise UsageError("a run that goes on keeps its goal; leave out --goal and --check")
    if options.images and not options.task and goes_on:
        raise UsageError("an image goes with words: say what it is for")
    find = runs_folder if goes_on else workspace_folder
    folder = find(options.workspace)
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UsageError(f"--workspace {options.workspace} cannot be read; change its permissions")
    return folder


def _screen(*, as_json: bool) -> Screen:
    """Chooses JSON on request, a live view on a terminal, else plain lines."""
    if as_json:
        return JsonLines(sys.stdout)
    is_dumb = os.environ.get("TERM", "").lower() in ("", "dumb", "unknown")
    if not sys.stdout.isatty() or is_dumb:
        return PlainScreen(sys.stdout)
    # rich costs as much to import as all the rest of a start.
    from lsp_server.cli.terminal import TerminalScreen

    return TerminalScreen()
