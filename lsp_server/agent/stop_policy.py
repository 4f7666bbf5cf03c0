"""This module decides whether a run that wants to stop may stop.

Guards, errors and a person's stop end a run elsewhere, and a person's messages are delivered
before. Here the order is: open items of the plan (asked about once), the goal's checks, its
judge, and whether the run edited what judges it. The cheap and certain comes first; what the
agent says of itself does not count. To add a reason to go on: a `Continue` in its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.agent.state import State
from lsp_server.domain.events import Emit, GoalChecked
from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.domain.plans import walk
from lsp_server.domain.tasks import Achieved, Blocked, Outcome, Unmet
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import Verified
from lsp_server.text.markdown import code_block

Verify: TypeAlias = Callable[[Goal, StopAttempt], Awaitable[Verified]]
"""Checks the goal on the tree as it is now; `goals.verifier.Verifier.verify` does it."""
Accept: TypeAlias = Callable[[tuple[str, ...]], Awaitable[bool]]
"""Asks a person whether these paths, which judge the run, may stay as the run left them."""

UNANSWERED_MAX = 10
"""So many of the newest questions that nobody answered are named."""
STALE_CHECKS_MAX = 3
"""How often the checks run at most, because files changed under them."""


@dataclass(frozen=True, slots=True)
class Continue:
    """The run may not stop yet; `text` is the next message to the model."""

    text: str
    origin: Literal["fence", "goal"]


class StopPolicy:
    """A `StopPolicy` decides on the stop attempts of one run.

    `verify` checks the goal, `accept` asks a person about edits of what judges the run,
    and `emit` takes the report of each check (GoalChecked). `re_entries_max` bounds how
    often a goal that is not met sends the run back.

    Example::

        policy = StopPolicy(verifier.verify, accept, event_log.emit, re_entries_max=12)
        verdict = await policy.decide(event_log.state, summary, may_go_on=True)
        if isinstance(verdict, Continue):
            ...  # the model reads verdict.text
        else:
            ...  # the run ends with this Outcome
    """

    def __init__(self, verify: Verify, accept: Accept, emit: Emit, re_entries_max: int) -> None:
        self._verify = verify
        self._accept = accept
        self._emit = emit
        self._re_entries_max = re_entries_max
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
            return _without_goal(state, summary)
        gap_before = state.goal.gap
        report = await self._report(goal, StopAttempt(state.work.changes, summary))
        if report.met:
            return await self._accept_met(report, summary)
        return self._decide_unmet(
            report, state, summary, stuck=report.gap == gap_before, may_go_on=may_go_on
        )

    async def _report(self, goal: Goal, attempt: StopAttempt) -> GoalReport:
        """Checks the goal until no file changes under the checks, STALE_CHECKS_MAX times at most."""
        verified = await self._verify(goal, attempt)
        for _ in range(STALE_CHECKS_MAX - 1):
            if not any(item.verdict == "stale" for item in verified.report.conditions):
                break
            again = await self._verify(goal, attempt)
            verified = Verified(
                again.report, verified.billed + again.billed, verified.cost_usd + again.cost_usd
            )
        self._emit(GoalChecked(verified.report, verified.billed, verified.cost_usd))
        return verified.report

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
        if stuck:
            return Blocked(
                f"The goal is not met and nothing changed since the last check. {_list_missing(report)}\n"
                "How should it go on?",
                report,
            )
        if not may_go_on or state.goal.re_entries >= self._re_entries_max:
            return Unmet(summary, report)
        text = f"You are not done. {_list_missing(report)}\nGo on until it holds, then finish."
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


def _without_goal(state: State, summary: str) -> Outcome:
    """The outcome of a run that nothing checks: what nobody allowed cannot have been done."""
    denied = state.grants.unanswered
    if not denied or state.work.changes:
        return Achieved(summary)
    listed = "".join(f"\n- {one}" for one in dict.fromkeys(denied[-UNANSWERED_MAX:]))
    return Blocked(
        f"Nothing was changed, as nobody could be asked for permission to:{listed}\n"
        f"Should it be done? The agent says: {summary}"
    )


def _list_missing(report: GoalReport) -> str:
    lines = []
    for item in report.conditions:
        if item.verdict in ("met", "waived"):
            continue
        lines.append(f"- {item.condition.text}: {item.verdict}: {item.missing}")
        lines += [
            code_block(shown.output_tail)
            for shown in item.evidence
            if not shown.passed and shown.output_tail
        ]
    if report.judges_edited:
        lines.append(
            f"(You edited what judges you: {', '.join(report.judges_edited)}. A person will be "
            "asked about it; take it back unless the task asks for it.)"
        )
    return "Missing:\n" + "\n".join(lines)
