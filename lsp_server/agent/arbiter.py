"""May the run stop? One place decides.

The order: open plan items (asked once), then the goal. The goal's verifier rests on evidence; the agent's own words do not count.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.agent.state import State
from lsp_server.domain.events import Emit, GoalChecked
from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.domain.tasks import Achieved, Blocked, Outcome, Unmet

Verify: TypeAlias = Callable[[Goal], Awaitable[GoalReport]]


@dataclass(frozen=True, slots=True)
class GoOn:
    """Not yet; `text` is the next message to the model."""

    text: str
    origin: Literal["fence", "goal"]


class Arbiter:
    """Decides on stop attempts. `re_entries_max` bounds how often a goal sends back."""

    def __init__(self, verify: Verify, emit: Emit, re_entries_max: int) -> None:
        self._verify = verify
        self._emit = emit
        self._re_entries_max = re_entries_max
        self._asked_about_plan = False
        self._gap: tuple[str, ...] = ()

    async def judge(self, state: State, summary: str) -> Outcome | GoOn:
        """The end of the run, or what keeps it going."""
        if open_items := self._open_items(state):
            return GoOn(open_items, "fence")
        goal = state.task.goal if state.task else None
        if goal is None:
            return Achieved(summary)
        report = await self._verify(goal)
        self._emit(GoalChecked(report))
        return self._verdict(report, state, summary)

    def _open_items(self, state: State) -> str:
        """Asked once: a plan is a help, not a contract."""
        items = [item.text for item in state.plan if item.open]
        if not items or self._asked_about_plan:
            return ""
        self._asked_about_plan = True
        listed = "\n".join(f"- {text}" for text in items)
        return (
            f"Your plan still has open items:\n{listed}\n"
            "Do them, or mark them done or dropped with the plan tool, then finish."
        )

    def _verdict(self, report: GoalReport, state: State, summary: str) -> Outcome | GoOn:
        if report.met:
            return Achieved(summary, report)
        if report.question is not None:
            return Blocked(report.question, report)
        gap = (report.tree, *(f"{r.condition.id}={r.verdict}" for r in report.conditions))
        stuck, self._gap = gap == self._gap, gap
        if stuck:
            return Blocked(
                f"The goal is not met and nothing changed since the last check. {_missing(report)} "
                "How should it go on?",
                report,
            )
        if state.re_entries >= self._re_entries_max:
            return Unmet(summary, report)
        text = f"You are not done. {_missing(report)}\nGo on until it holds, then finish."
        return GoOn(text, "goal")


def _missing(report: GoalReport) -> str:
    lines = []
    for item in report.conditions:
        if item.verdict in ("met", "waived"):
            continue
        lines.append(f"- {item.condition.text}: {item.verdict}: {item.missing}")
        lines += [f"```\n{shown.output_tail}\n```" for shown in item.evidence if not shown.passed]
    return "Missing:\n" + "\n".join(lines)
