"""An `Attempt` is one whole run of a task in a copy of the workspace, from its start to what it showed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lsp_server.agent.state.progress import Progress
from lsp_server.domain.attempt_events import AttemptEnded
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import (
    FileChanged,
    RunStarted,
)
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Achieved, Blocked, Failed, Outcome, RunId, Stopped, Task, Unmet
from lsp_server.goals.changes import StopAttempt
from lsp_server.session.attempts.attempt_workspace import AttemptWorkspace
from lsp_server.session.run import Run, wait_or_stop
from lsp_server.wording.run_texts import outcome_text
from lsp_server.workspace.checkpoints.checkpoints import changes_between
from lsp_server.workspace.checkpoints.tree import tree_hash

BROKEN_OFF = "the run was stopped"


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the goal's checks showed at the end, and what asking its judge cost."""

    report: GoalReport | None = None
    billed: Usage = Usage()
    cost_usd: float = 0.0


class Attempt:
    """An `Attempt` works on `task` in `workspace`; `begin` opens its run, and may raise.

    `number` counts from 1, `root` is the copy's folder, and `model` names the endpoint.
    """

    def __init__(
        self,
        number: int,
        run_id: RunId,
        task: Task,
        root: Path,
        workspace: AttemptWorkspace,
        begin: Callable[[RunId, Task], Run],
        model: str,
    ) -> None:
        self.number = number
        self.run_id = run_id
        self._task = task
        self._root = root
        self._workspace = workspace
        self._begin = begin
        self._model = model
        self._began = time.monotonic()
        self._run: Run | None = None
        self._unsent: list[MessageReceived] = []
        """What a person said before the run began."""

    async def work(self) -> AttemptEnded:
        """Works to the end, and returns what was shown. What fails costs this attempt alone."""
        try:
            before = await self._workspace.states()
            outcome = await self._run_to_its_end()
            after = await self._workspace.states()
            changes = tuple(changes_between(before, after))
            checked = await self._check(
                outcome, tree_hash(_files(after)), has_changes=bool(changes)
            )
        except (HoldfastError, OSError) as error:
            return self.ended(Failed(str(error)))
        return self.ended(outcome, changes, checked)

    def stop(self, reason: str) -> None:
        """Asks the run to stop, which ends the attempt as one that did not come to its end."""
        if self._run is not None:
            self._run.stop(reason)

    def send(self, message: MessageReceived) -> None:
        """Leaves a message of a person for the run. Raises HoldfastError, OSError."""
        if self._run is None:
            self._unsent.append(message)
        else:
            self._run.send(message)

    def broken_off(self) -> AttemptEnded:
        """Returns what is known of an attempt that was cancelled: what it cost."""
        return self.ended(Stopped(BROKEN_OFF), is_whole=False)

    async def _run_to_its_end(self) -> Outcome:
        run = self._run = self._begin(self.run_id, self._task)
        run.record(RunStarted(self.run_id, self._task, str(self._root), self._model))
        for message in self._unsent:
            run.send(message)
        run.start(self._workspace.agent, lambda: None)
        return await wait_or_stop(run, BROKEN_OFF)

    async def _check(self, outcome: Outcome, tree: str, *, has_changes: bool) -> _Checked:
        """Checks the goal in the copy, unless the run's own last check saw this very tree."""
        goal, run = self._task.goal, self._run
        if goal is None or run is None:
            return _Checked()
        if isinstance(outcome, Achieved | Unmet | Blocked) and outcome.report is not None:
            if outcome.report.tree == tree:
                return _Checked(outcome.report)
        elif not has_changes and not isinstance(outcome, Achieved):
            return _Checked()
        shown = StopAttempt(run.context.event_log.state.work.changes, outcome_text(outcome))
        verified = await self._workspace.verify(run.context, goal, shown)
        return _Checked(verified.report, verified.billed, verified.cost_usd)

    def ended(
        self,
        outcome: Outcome,
        changes: tuple[FileChanged, ...] = (),
        checked: _Checked = _Checked(),
        *,
        is_whole: bool = True,
    ) -> AttemptEnded:
        """Returns the end of the attempt as an Event, with what its run cost."""
        spent = self._run.context.event_log.state.progress if self._run else Progress()
        return AttemptEnded(
            number=self.number,
            run_id=self.run_id,
            outcome=outcome,
            changes=changes,
            report=checked.report,
            steps=spent.step,
            usage=spent.usage,
            billed=spent.billed + checked.billed,
            cost_usd=spent.cost_usd + checked.cost_usd,
            seconds=time.monotonic() - self._began,
            is_whole=is_whole,
        )


def _files(states: Mapping[str, str]) -> dict[str, str]:
    return {path: name for path, name in states.items() if not path.endswith("/")}
