"""This module decides whether a run that wants to stop may stop.

Guards, errors and a person's stop end a run elsewhere, and a person's messages are delivered
before. Here the order is: open items of the plan (asked about once), the goal's checks, its
judge, and whether the run edited what judges it; without a goal the task itself is the
condition (`task_policy.py`). The cheap and certain comes first; what the
agent says of itself does not count. To add a reason to go on: a `Continue` in its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from lsp_server.agent.asking import ends_in_question
from lsp_server.agent.goal_check import Continue, Verify, check_goal, missing_text
from lsp_server.agent.state import State
from lsp_server.agent.task_policy import TaskPolicy
from lsp_server.domain.events import Emit
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.plans import walk
from lsp_server.domain.tasks import Achieved, Blocked, Outcome, Unmet
from lsp_server.goals.changes import StopAttempt

Accept: TypeAlias = Callable[[tuple[str, ...]], Awaitable[bool]]
"""Asks a person whether these paths, which judge the run, may stay as the run left them."""


class StopPolicy:
    """A `StopPolicy` decides on the stop attempts of one run.

    `verify` checks the goal, `accept` asks a person about edits of what judges the run,
    and `emit` takes the report of each check (GoalChecked). `re_entries_max` bounds how
    often a goal that is not met sends the run back. `task_policy` decides where there is
    no goal.

    Example::

        policy = StopPolicy(verifier.verify, accept, event_log.emit, 12, task_policy)
        verdict = await policy.decide(event_log.state, summary, may_go_on=True)
        if isinstance(verdict, Continue):
            ...  # the model reads verdict.text
        else:
            ...  # the run ends with this Outcome
    """

    def __init__(
        self,
        verify: Verify,
        accept: Accept,
        emit: Emit,
        re_entries_max: int,
        task_policy: TaskPolicy,
    ) -> None:
        self._verify = verify
        self._accept = accept
        self._emit = emit
        self._re_entries_max = re_entries_max
        self._task_policy = task_policy
        self._asked_about_plan = False

    async def decide(self, state: State, summary: str, *, may_go_on: bool) -> Outcome | Continue:
        """Decides whether the run ends, and returns its outcome or what keeps it going.

        `summary` is the agent's closing message. `may_go_on` says whether the budget has
        room for another step: a run is never sent back without one.
        """
        open_items = self._open_items(state)
        if open_items and may_go_on:
            return Continue(open_items, "fence")
        goal = state.conversation.task.goal if state.conversation.task else None
        if goal is None:
            return await self._task_policy.decide(state, summary, may_go_on=may_go_on)
        gap_before = state.goal.gap
        attempt = StopAttempt(state.work.changes, summary)
        report = await check_goal(self._verify, goal, attempt, self._emit)
        if report.met:
            return await self._accept_met(report, summary)
        return self._decide_unmet(
            report, state, summary, stuck=report.gap == gap_before, may_go_on=may_go_on
        )

    async def _accept_met(self, report: GoalReport, summary: str) -> Outcome:
        if not report.judges_edited or await self._accept(report.judges_edited):
            return Achieved(summary, report)
        paths = ", ".join(report.judges_edited)
        return Blocked(
            f"The goal's checks hold, but the run edited what judges it: {paths}. "
            "Look at these changes. Should it take them back, or what else?",
            report,
        )

    def _decide_unmet(
        self, report: GoalReport, state: State, summary: str, *, stuck: bool, may_go_on: bool
    ) -> Outcome | Continue:
        # No further step and no answer of a person would help.
        if report.impossible:
            return Unmet(summary, report)
        if report.question is not None:
            return Blocked(report.question, report)
        # Twice the same gap on the same tree: another round would end there again.
        if stuck and ends_in_question(summary):
            return Blocked(summary, report)
        if stuck:
            return Blocked(
                f"The goal is not met and nothing changed since the last check. {missing_text(report)}\n"
                "How should it go on?",
                report,
            )
        if not may_go_on or state.goal.re_entries >= self._re_entries_max:
            return Unmet(summary, report)
        text = f"You are not done. {missing_text(report)}\nGo on until it holds, then finish."
        return Continue(text, "goal")

    def _open_items(self, state: State) -> str:
        """Returns a message about open items of the plan, once: a plan binds nobody."""
        items = [item.text for _, item in walk(state.progress.plan) if item.open]
        if not items or self._asked_about_plan:
            return ""
        self._asked_about_plan = True
        listed = "\n".join(f"- {text}" for text in items)
        return (
            f"Your plan still has open items:\n{listed}\n"
            "Do them, or mark them done or dropped with the plan tool, then finish."
        )
