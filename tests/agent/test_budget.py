"""Shares of a budget: what children and their parent may spend is never more than is left."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from lsp_server.agent.budget import check, share
from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Budget


def given(budget: Budget, *held: Budget, steps: int = 0, parts: int = 2) -> Budget:
    """A share after 1,000 tokens, half a dollar and ten seconds."""
    return share(
        budget,
        steps=steps,
        billed=Usage(900, 0, 100),
        cost_usd=0.5,
        seconds=10.0,
        held=held,
        parts=parts,
    )


@pytest.mark.parametrize(
    ("budget", "held", "expected"),
    [
        (Budget(100), (), Budget(50)),
        (Budget(100, 5_000), (), Budget(50, 2_000)),
        (Budget(100, cost_usd_max=2.5), (), Budget(50, cost_usd_max=1.0)),
        (Budget(100, wall_seconds_max=60.0), (), Budget(50, wall_seconds_max=50.0)),
        (Budget(100, 5_000), (Budget(40, 2_000),), Budget(30, 1_000)),
        (Budget(100), (Budget(40, None),), Budget(30)),
    ],
)
def test_what_is_left_is_shared(budget: Budget, held: tuple[Budget, ...], expected: Budget) -> None:
    assert given(budget, *held) == replace(expected, is_share=True)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(2), "the limit run.steps_max = 2 steps is reached; raise it"),
        (Budget(2, is_share=True), "its share of the limit run.steps_max, 2 steps, is used up"),
    ],
)
def test_a_share_is_not_called_the_setting(budget: Budget, said: str) -> None:
    with pytest.raises(BudgetExceeded, match=re.escape(said)):
        check(budget, steps=2, billed=Usage(), cost_usd=0.0, seconds=0.0)


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(1), "steps_max"),
        (Budget(100, 1_001), "tokens_max"),
        (Budget(100, 900), "tokens_max"),
        (Budget(100, cost_usd_max=0.5), "cost_usd_max"),
        (Budget(100, wall_seconds_max=10.0), "wall_seconds_max"),
    ],
)
def test_where_a_share_has_no_room_for_a_step_there_is_none(budget: Budget, limit: str) -> None:
    with pytest.raises(BudgetExceeded, match=limit):
        given(budget)


def test_shares_that_are_given_away_together_leave_one_to_the_parent() -> None:
    chance = random.Random(4)
    for _ in range(300):
        places = chance.randint(1, 8)
        budget = Budget(chance.randint(60, 5_000), chance.randint(2_000, 10**7))
        held: list[Budget] = []
        for free in range(places, 0, -1):
            held.append(given(budget, *held, steps=7, parts=free + 1))
        assert budget.tokens_max is not None
        left = budget.steps_max - 7, budget.tokens_max - 1_000
        for place, limit in enumerate(left):
            shares = [(one.steps_max, one.tokens_max or 0)[place] for one in held]
            assert sum(shares) + min(shares) <= limit
            assert max(shares) - min(shares) <= places, "they are as good as equal"
