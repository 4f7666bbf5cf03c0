"""An `AttemptsAgent` works on a task by several attempts at once, and takes one of them.

It is the agent of the run that people see: attempts are its children. Like any agent it goes
on from its event log alone: attempts that ended before a kill are not made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from lsp_server.agent import budget
from lsp_server.agent.state import State
from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged, AttemptStarted
from lsp_server.domain.errors import BudgetExceeded, HoldfastError
from lsp_server.domain.events import (
    CandidateAccepted,
    Emit,
    FileChanged,
    RunResumed,
    Told,
    Warned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import (
    Achieved,
    Blocked,
    Budget,
    Finished,
    Outcome,
    RunId,
    Stopped,
    Task,
    Unmet,
)
from lsp_server.session.attempts.attempt import Attempt
from lsp_server.session.attempts.attempt_judge import AttemptJudge
from lsp_server.session.attempts.attempt_workspace import OpenWorkspace
from lsp_server.session.attempts.choice import compare
from lsp_server.session.attempts.evidence import passes
from lsp_server.session.attempts.strategies import strategy_of, task_of_attempt
from lsp_server.session.child_runs import child_number, new_child_id
from lsp_server.session.run import Run
from lsp_server.session.run_context import RunContext
from lsp_server.session.run_store import RunStore
from lsp_server.system.cancellation import to_its_end
from lsp_server.text.count import count_of
from lsp_server.wording.run_texts import outcome_text
from lsp_server.workspace.checkpoints.undo import UndoReport
from lsp_server.workspace.worktrees.worktrees import Worktree, Worktrees

ANOTHER_PASSED = "another attempt passed first"
"""Why an attempt ends, where the first one that passes is enough."""
TIME_IS_UP = "the limit run.wall_seconds_max is reached; raise it and resume"
CONFLICTS_MAX = 20

BeginChild: TypeAlias = Callable[[RunId, Task, Callable[[], None]], Run]
"""Opens the run of an attempt; the function is called with each of its Events."""


@dataclass(frozen=True, slots=True)
class AttemptParts:
    """`AttemptParts` are what attempts are made with, from outside.

    `worktrees` copies the workspace, `open_workspace` opens a copy. `begin` opens the run of an
    attempt, which counts as at work until `end` is called. `carry_over` makes changes
    of an attempt in the workspace, and `decide` says how the run ends after that, from its
    state and a summary. `diff` shows changes to people and the judge. `look_after_kill` records
    what a carrying over had done that was killed. `model` names the endpoint.
    """

    worktrees: Worktrees
    runs: RunStore
    open_workspace: OpenWorkspace
    begin: BeginChild
    end: Callable[[RunId], None]
    judge: AttemptJudge
    diff: Callable[[Sequence[FileChanged]], Awaitable[str]]
    carry_over: Callable[[Sequence[FileChanged], Emit], Awaitable[UndoReport]]
    decide: Callable[[State, str], Awaitable[Outcome]]
    look_after_kill: Callable[[str, Emit], Awaitable[object]]
    model: str


class AttemptsAgent:
    """An `AttemptsAgent` is the agent of one run whose task asks for several attempts.

    Example, the way `assemble/attempts.py` uses it::

        agent = AttemptsAgent(run_context, parts)
        outcome = await agent.run()
    """

    def __init__(self, run: RunContext, parts: AttemptParts) -> None:
        self._run = run
        self._parts = parts
        self._emit = run.event_log.emit
        self._state = run.event_log.state
        self._live: dict[int, Attempt] = {}

    async def run(self) -> Outcome:
        """Works until one attempt is chosen, and carried over where that is wished."""
        deadline = asyncio.timeout(self._run.budget.wall_seconds_max)
        try:
            async with deadline:
                await self._begin()
                if self._state.attempts.accepted is not None:
                    return await self._take(self._state.attempts.accepted)
                await self._make_attempts()
                return await self._choose()
        except BudgetExceeded as error:
            return Stopped(str(error))
        except TimeoutError:
            if not deadline.expired():
                raise
            return Stopped(TIME_IS_UP)

    async def _begin(self) -> None:
        """Says that the run goes on, if it has a past, and what attempts had cost that were killed."""
        if not self._run.event_log.resumed_from:
            return
        if self._state.work.snapshot:
            await self._parts.look_after_kill(self._state.work.snapshot, self._emit)
        self._emit(RunResumed("", self._parts.model))
        # Those of its attempts that were killed: no start removes them while this run is at work.
        left = await asyncio.to_thread(self._parts.worktrees.names)
        await self._remove([name for name in left if name.startswith(f"{self._run.run_id}.")])
        for started in list(self._state.attempts.under_way.values()):
            self._emit(await asyncio.to_thread(self._killed, started))

    def _killed(self, started: AttemptStarted) -> AttemptEnded:
        """Returns the end of an attempt whose process was killed, with what its journal knows."""
        summary = self._parts.runs.summary(started.run_id)
        return AttemptEnded(
            number=started.number,
            run_id=started.run_id,
            outcome=Stopped("it was interrupted"),
            steps=summary.step if summary else 0,
            billed=summary.usage if summary else Usage(),
            cost_usd=summary.cost_usd if summary else 0.0,
            is_whole=False,
        )

    async def _make_attempts(self) -> None:
        """Makes the attempts that have not ended yet; all of them where none of the last was taken."""
        count = self._run.task.attempts.count
        made = {} if self._state.attempts.winner is not None else self._state.attempts.ended
        missing = [number for number in range(1, count + 1) if number not in made]
        if not missing:
            return
        spent = self._state.progress
        share = budget.share(
            self._run.budget,
            steps=0,
            billed=spent.billed,
            cost_usd=spent.cost_usd,
            seconds=0.0,
            held=(),
            parts=count,
        )
        names = await asyncio.to_thread(self._names, len(missing))
        worktrees, ignored = self._parts.worktrees, self._run.settings.attempts.ignored
        try:
            copies = await worktrees.make(names, ignored)
            for note in dict.fromkeys(note for copy in copies for note in copy.notes):
                self._emit(Warned(f"attempts work in copies: {note}"))
            async with asyncio.TaskGroup() as group:
                for number, name, copy in zip(missing, names, copies, strict=True):
                    group.create_task(self._attempt(number, name, copy, share))
        finally:
            # Also where the run is stopped: nothing else would remove them before the next start.
            await to_its_end(lambda _: self._remove(names))

    def _names(self, count: int) -> list[RunId]:
        first = child_number(new_child_id(self._parts.runs.folder, self._run.run_id))
        return [RunId(f"{self._run.run_id}.{first + more}") for more in range(count)]

    async def _remove(self, names: Sequence[str]) -> None:
        for name in names:
            await self._parts.worktrees.remove(name)

    async def _attempt(self, number: int, run_id: RunId, copy: Worktree, share: Budget) -> None:
        """Makes one attempt, from its first Event to its last."""
        task, strategy = self._run.task, strategy_of(number)
        said = self._state.conversation.requests[1:]
        own_task = task_of_attempt(task, said, number, share)
        name = f"attempt {number} of {task.attempts.count}"
        workspace = self._parts.open_workspace(copy, name, self._emit)
        attempt = Attempt(
            number,
            run_id,
            own_task,
            copy.root,
            workspace,
            lambda child, wanted: self._parts.begin(child, wanted, self._deliver_messages),
            self._parts.model,
        )
        self._emit(AttemptStarted(number, run_id, strategy.hint, strategy.temperature))
        self._live[number] = attempt
        try:
            ended = await attempt.work()
        except asyncio.CancelledError:
            self._emit(attempt.broken_off())
            raise
        finally:
            del self._live[number]
            self._parts.end(run_id)
            await workspace.close()
        self._emit(ended)
        if self._run.settings.attempts.first_passing and passes(ended):
            for other in self._live.values():
                other.stop(ANOTHER_PASSED)

    def _deliver_messages(self) -> None:
        """Hands what a person said to this run on to all attempts at work."""
        for message in list(self._state.conversation.pending_messages):
            # First of all: to leave it with an attempt is an Event, which leads here again.
            self._emit(Told(message.text, "person"))
            for attempt in self._live.values():
                with suppress(HoldfastError):  # One with too many unread messages has enough.
                    attempt.send(message)

    async def _choose(self) -> Outcome:
        """Compares the attempts, and takes one over where that is wished and it passes."""
        ended = [one for _, one in sorted(self._state.attempts.ended.items())]
        diffs = [await self._parts.diff(one.changes) for one in ended]
        task = self._run.task
        judged, decision = await compare(
            task.instruction, ended, diffs, self._parts.judge, self._emit
        )
        if decision.billed != Usage():
            self._emit(AttemptsJudged(decision.billed, decision.cost_usd))
        self._emit(judged)
        best = ended[judged.winner]
        if not passes(best):
            return _none_passes(best, len(ended))
        if task.attempts.takes_best:
            self._emit(CandidateAccepted(judged.winner))
            return await self._take(best)
        text = (
            f"Attempt {best.number} of {len(ended)} was chosen by {judged.by}: {judged.reason}. "
            "Nothing is changed here before you accept one."
        )
        return Finished(text) if best.report is None else Achieved(text, best.report)

    async def _take(self, chosen: AttemptEnded) -> Outcome:
        """Carries an attempt over into the workspace as it is now, and looks whether it holds there."""
        report = await self._parts.carry_over(chosen.changes, self._emit)
        if report.conflicts:
            kept = [f"{one.path}: {one.reason}" for one in report.conflicts[:CONFLICTS_MAX]]
            return Blocked(
                f"Attempt {chosen.number} is carried over, but for "
                f"{count_of(len(report.conflicts), 'file')} left as you have changed them:\n- "
                + "\n- ".join(kept)
                + "\nHow should they be?"
            )
        ended = chosen.outcome
        said = ended.summary if isinstance(ended, Achieved | Finished) else outcome_text(ended)
        return await self._parts.decide(
            self._state, f"Attempt {chosen.number} was carried over. {said}"
        )


def _none_passes(best: AttemptEnded, count: int) -> Outcome:
    """Returns how a run ends whose attempts all fell short; `best` is the one that came nearest."""
    if best.report is not None:
        summary = (
            f"None of {count_of(count, 'attempt')} passes; attempt {best.number} comes nearest."
        )
        return Unmet(summary, best.report)
    # Without a goal, or where no attempt came to its end, the nearest one speaks for all.
    return best.outcome
