"""This module checks a goal as a run wants to stop, and says to the model what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.events import Emit, GoalChecked
from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import Verified
from lsp_server.text.markdown import code_block

Verify: TypeAlias = Callable[[Goal, StopAttempt], Awaitable[Verified]]
"""Checks the goal on the tree as it is now; `goals.verifier.Verifier.verify` does it."""

STALE_CHECKS_MAX = 3
"""How often the checks run at most, because files changed under them."""


@dataclass(frozen=True, slots=True)
class Continue:
    """The run may not stop yet; `text` is the next message to the model."""

    text: str
    origin: Literal["fence", "goal"]


async def check_goal(verify: Verify, goal: Goal, attempt: StopAttempt, emit: Emit) -> GoalReport:
    """Checks the goal until no file changes under the checks, STALE_CHECKS_MAX times at most.

    `emit` takes the report (GoalChecked).
    """
    verified = await verify(goal, attempt)
    for _ in range(STALE_CHECKS_MAX - 1):
        if not any(item.verdict == "stale" for item in verified.report.conditions):
            break
        again = await verify(goal, attempt)
        verified = Verified(
            again.report, verified.billed + again.billed, verified.cost_usd + again.cost_usd
        )
    emit(GoalChecked(verified.report, verified.billed, verified.cost_usd))
    return verified.report


def missing_text(report: GoalReport) -> str:
    """Lists what is missing, with the output of what failed, for the model to read."""
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
