"""This module checks what a run has used of its steps, tokens, money and seconds."""

from __future__ import annotations

from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Budget


def check(budget: Budget, *, steps: int, billed: Usage, cost_usd: float, seconds: float) -> None:
    """Raises BudgetExceeded when a limit is used up, so that there is no room for a step.

    `steps` and `seconds` count since the run began or was resumed, `billed` and `cost_usd`
    since it first began.

    >>> check(Budget(steps_max=2), steps=1, billed=Usage(), cost_usd=0.0, seconds=9.0)
    >>> check(Budget(steps_max=2), steps=2, billed=Usage(), cost_usd=0.0, seconds=9.0)
    Traceback (most recent call last):
        ...
    lsp_server.domain.errors.BudgetExceeded: the limit run.steps_max = 2 steps is reached; \
raise it and resume the run to go on
    """
    limits: tuple[tuple[str, float | None, float, str], ...] = (
        ("steps_max", budget.steps_max, steps, "steps"),
        ("tokens_max", budget.tokens_max, billed.total_tokens, "tokens"),
        ("cost_usd_max", budget.cost_usd_max, cost_usd, "US dollars"),
        ("wall_seconds_max", budget.wall_seconds_max, seconds, "seconds"),
    )
    for name, limit, spent, unit in limits:
        if limit is not None and spent >= limit:
            raise BudgetExceeded(
                f"the limit run.{name} = {limit:g} {unit} is reached; "
                f"raise it and resume the run to go on",
                limit=name,
            )
