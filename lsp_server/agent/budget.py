"""This module checks what a run has used of its steps, tokens, money and seconds, and shares the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Budget

N = TypeVar("N", int, float)


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
            reached = f"the limit run.{name} = {limit:g} {unit} is reached"
            if budget.is_share:
                reached = f"its share of the limit run.{name}, {limit:g} {unit}, is used up"
            raise BudgetExceeded(f"{reached}; raise it and resume the run to go on", limit=name)


def share(
    budget: Budget,
    *,
    steps: int,
    billed: Usage,
    cost_usd: float,
    seconds: float,
    held: Sequence[Budget],
    parts: int,
) -> Budget:
    """Returns one of `parts` equal shares of what is left; of the time all that is left.

    `held` are shares that were given away and are not among what was spent yet. The
    others are as in `check`. Raises BudgetExceeded where a share would have no room for a step.

    >>> share(
    ...     Budget(steps_max=100, tokens_max=9_000), steps=20, billed=Usage(1_000), cost_usd=0.0,
    ...     seconds=5.0, held=(Budget(20, 2_000),), parts=3,
    ... )
    Budget(steps_max=20, tokens_max=2000, cost_usd_max=None, wall_seconds_max=None, is_share=True)
    """
    check(budget, steps=steps, billed=billed, cost_usd=cost_usd, seconds=seconds)
    given = Budget(
        int((budget.steps_max - steps - sum(one.steps_max for one in held)) / parts),
        _part(budget.tokens_max, billed.total_tokens, [one.tokens_max for one in held], parts),
        _part(budget.cost_usd_max, cost_usd, [one.cost_usd_max for one in held], parts),
        None if budget.wall_seconds_max is None else budget.wall_seconds_max - seconds,
        is_share=True,
    )
    check(
        replace(given, is_share=budget.is_share), steps=0, billed=Usage(), cost_usd=0.0, seconds=0.0
    )
    return given


def _part(limit: N | None, spent: N, held: Sequence[N | None], parts: int) -> N | None:
    if limit is None:
        return None
    left = limit - spent - sum(one or 0 for one in held)
    return type(limit)(max(0, left / parts))
