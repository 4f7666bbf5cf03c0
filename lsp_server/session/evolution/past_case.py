"""A `PastCase` is a past run whose task can be done again: what it was asked, and what shows that it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lsp_server.agent.action_fold import action_rows
from lsp_server.agent.journal import is_running, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.agent.rewinding import counted
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import FileChanged, RecordedEvent, RunEnded, RunStarted
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Attempts, Budget, RunId, Sampling, Task
from lsp_server.evolution.check_lessons import general_check
from lsp_server.evolution.day_budget import Spending
from lsp_server.evolution.past_run import past_run
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_undo import changes_in, own, with_files

FACTOR = 2
"""A replay may take so many times the steps and tokens of the past run."""
STEPS_MIN = 12
STEPS_MAX = 80
TOKENS_MIN = 20_000
SECONDS_MAX = 900.0
CHECKS_MAX = 5
GOAL = "replay"


class CannotReplay(HoldfastError):
    """A past run's task cannot be done again; the text says why."""


@dataclass(frozen=True, slots=True)
class PastCase:
    """A `PastCase` has the task of a past run, with its checks as the goal, and the budget of a replay.

    `later` are the changes of files by the runs that came after it, those of the newest first, and
    last its own: taken back in this order, files are as they were when it began, `at` that time.
    `spent` is what it took.
    """

    run_id: RunId
    task: Task
    at: str
    spent: Spending
    later: tuple[tuple[FileChanged, ...], ...]

    @property
    def before(self) -> Mapping[str, Id | None]:
        """Returns the names of the states that it found of the files that it changed, None for no file."""
        first: dict[str, Id | None] = {}
        for change in self.later[-1]:
            if not change.path.endswith("/"):
                first.setdefault(change.path, change.before)
        return first

    @property
    def files(self) -> frozenset[str]:
        """Returns the files that it changed."""
        return frozenset(self.before)

    @property
    def goal(self) -> Goal:
        """Returns the goal with the checks."""
        assert self.task.goal is not None
        return self.task.goal


def past_case(store: RunStore, run_id: RunId) -> PastCase:
    """Reads a case from the journals. Blocking. Raises CannotReplay."""
    past = _read(store, run_id)
    started = next((one.event for one in past if isinstance(one.event, RunStarted)), None)
    if started is None:
        raise CannotReplay(f"run {run_id} has no task")
    task = started.task
    if task.mode != "build" or task.workflow or task.images or task.attempts.count > 1:
        raise CannotReplay(f"run {run_id} planned, showed images, or was a run of several runs")
    commands = task.goal.commands if task.goal is not None else tuple(_passed_checks(past))
    if not commands:
        raise CannotReplay(f"no check showed that run {run_id} did its task")
    newer = sorted((one for one in store.ids() if one >= run_id), reverse=True)
    later = tuple(_changes(store, _read(store, one)) for one in newer)
    return PastCase(
        run_id,
        _again(task, commands[:CHECKS_MAX], *_taken(past)),
        past[0].at,
        _taken(past)[1],
        later,
    )


def _read(store: RunStore, run_id: RunId) -> Sequence[RecordedEvent]:
    journal = store.journal(run_id)
    if is_running(journal):
        raise CannotReplay(f"run {run_id} is at work")
    try:
        return replay(journal)
    except (OSError, JournalDamaged) as error:
        raise CannotReplay(f"run {run_id} cannot be read: {error}") from error


def _changes(store: RunStore, past: Sequence[RecordedEvent]) -> tuple[FileChanged, ...]:
    try:
        found = changes_in(with_files(store, own(counted(past))))
    except (OSError, JournalDamaged) as error:
        raise CannotReplay(f"what a subagent changed cannot be read: {error}") from error
    return tuple(one for one in found if isinstance(one, FileChanged))


def _passed_checks(past: Sequence[RecordedEvent]) -> Iterator[str]:
    """The checks of a run that passed when they last ran."""
    run = past_run(action_rows(past))
    last = {use.line: use.passed for use in run.commands} if run is not None else {}
    for line, passed in last.items():
        if passed and general_check(line) is not None:
            yield line


def _taken(past: Sequence[RecordedEvent]) -> tuple[int, Spending]:
    """How many steps a run took, and what it spent."""
    ends = [one.event for one in past if isinstance(one.event, RunEnded)]
    if not ends:
        return 0, Spending()
    return ends[-1].steps, Spending("", ends[-1].billed.total_tokens, ends[-1].cost_usd)


def _again(task: Task, commands: Sequence[str], steps: int, spent: Spending) -> Task:
    """The task with its checks as the goal, for a run of its own."""
    conditions = tuple(
        Condition(f"check-{number}", f"`{command}` succeeds", (CommandCheck(command),))
        for number, command in enumerate(commands, 1)
    )
    budget = Budget(
        steps_max=min(STEPS_MAX, max(STEPS_MIN, FACTOR * steps)),
        tokens_max=max(TOKENS_MIN, FACTOR * spent.tokens),
        wall_seconds_max=SECONDS_MAX,
    )
    return replace(
        task,
        goal=Goal(GOAL, "the checks hold", conditions),
        budget=budget,
        sampling=Sampling(),
        attempts=Attempts(),
        parent_call="",
    )
