"""This module says to Max Mode what it needs to know of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import takewhile

from lsp_server.agent import budget
from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Prices, Usage
from lsp_server.domain.plans import outline
from lsp_server.max_mode.candidate_judge import StepContext
from lsp_server.max_mode.max_mode import MaxModeContext
from lsp_server.session.run_context import RunContext


def max_mode_context(run: RunContext, prices: Prices) -> MaxModeContext:
    """Returns the context in which Max Mode works on the run.

    `prices` are those of the model that draws candidates.
    """
    return MaxModeContext(
        step_context=lambda: _step_context(run),
        has_room=lambda more, cost_usd: _has_room(run, more, cost_usd),
        emit=run.event_log.emit,
        prices=prices,
    )


async def refutes_done(run: RunContext, tree_hash: Callable[[], Awaitable[str]]) -> str:
    """Returns what the goal's last check found missing, if nothing changed since; else empty."""
    report = run.event_log.state.goal.report
    if report is None or report.met or report.tree != await tree_hash():
        return ""
    unmet = [item.condition.text for item in report.conditions if item.verdict == "unmet"]
    return f"a check of this very tree found unmet: {'; '.join(unmet)}" if unmet else ""


def _step_context(run: RunContext) -> StepContext:
    """Says where the run is. A failed step, or a message from outside, is not healthy."""
    state, messages = run.event_log.state, run.event_log.context.messages[2:]
    since = takewhile(lambda message: message.role != "assistant", reversed(messages))
    spoken_to = any(message.role == "user" for message in since)
    failed = any(mistake.step == state.progress.step - 1 for mistake in state.work.mistakes)
    plan = "\n".join(outline(state.progress.plan))
    return StepContext(plan, healthy=not failed and not spoken_to)


def _has_room(run: RunContext, more: Usage, cost_usd: float) -> bool:
    """Says whether the run's budget allows so much more."""
    spent = run.event_log.state.progress
    try:
        budget.check(
            run.budget,
            steps=0,
            billed=spent.billed + more,
            cost_usd=spent.cost_usd + cost_usd,
            seconds=0.0,
        )
    except BudgetExceeded:
        return False
    return True
