"""A `DayModel` is asked for evolution, within what evolution may take in a day."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from lsp_server.domain.errors import ModelError, ModelUnavailable
from lsp_server.domain.messages import Delta, Request, TextDelta, Usage
from lsp_server.evolution.day_budget import BudgetSpent, DayBudget, Spending
from lsp_server.models.wrappers import PricedModel
from lsp_server.settings.sections import EvolutionSettings

CHARS_PER_TOKEN = 3
"""Of English and of code a token has more, so that no question takes more than was thought."""
ANSWER_TOKENS_MAX = 4_000
ANSWER_SECONDS_MAX = 120.0

FindModel: TypeAlias = Callable[[], Awaitable[PricedModel]]
"""Finds the model, and says what it costs. Raises ConfigurationError, ModelError."""


class AnswerTooLong(ModelError):
    """A model wrote more than an answer may have."""


class DayModel:
    """A `DayModel` is the model that `find` gives, asked as long as `budget` has room."""

    def __init__(
        self, find: FindModel, budget: DayBudget, settings: Callable[[], EvolutionSettings]
    ) -> None:
        self._find = find
        self._budget = budget
        self._settings = settings

    async def answer(self, request: Request) -> str:
        """Returns the model's answer.

        Raises BudgetSpent, ConfigurationError, ModelError, and TimeoutError where it took too long.
        """
        model = await self._find()
        settings = self._settings()
        tokens = sum(len(message.text) for message in request.messages) // CHARS_PER_TOKEN
        cost = model.prices.cost_usd(Usage(tokens, 0, ANSWER_TOKENS_MAX))
        spent = await asyncio.to_thread(self._budget.spent)
        left = settings.seconds_per_day - spent.seconds
        if left <= 0:
            most = f"{settings.seconds_per_day:g} s are spent"
            raise BudgetSpent(f"no model is asked any more today: {most}")
        seconds = min(ANSWER_SECONDS_MAX, left)
        taken = Spending("", tokens + ANSWER_TOKENS_MAX, cost, seconds)
        await asyncio.to_thread(self._budget.take, taken, bounds_of_day(settings))
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                response = await model.respond(request, _Bound())
        except ModelUnavailable:
            # After any other error what it took is not known, and all that was taken stays spent.
            await self._settle(taken, Usage(), 0.0, began)
            raise
        await self._settle(taken, response.billed, response.cost_usd, began)
        return response.message.text

    async def _settle(self, taken: Spending, billed: Usage, cost: float, began: float) -> None:
        spent = Spending("", billed.total_tokens, cost, time.monotonic() - began)
        await asyncio.to_thread(self._budget.settle, taken, spent)


def bounds_of_day(settings: EvolutionSettings, tokens: int | None = None) -> Spending:
    """Returns what may be spent in a day; a person who allows so many `tokens` sees what they do."""
    if tokens is not None:
        return Spending("", max(tokens, settings.tokens_per_day), math.inf, math.inf)
    return Spending(
        "", settings.tokens_per_day, settings.cost_usd_per_day, settings.seconds_per_day
    )


class _Bound:
    """Ends an answer that is longer than one may be."""

    def __init__(self) -> None:
        self._chars = 0

    def __call__(self, delta: Delta) -> None:
        self._chars += len(delta.text) if isinstance(delta, TextDelta) else 0
        if self._chars > ANSWER_TOKENS_MAX * CHARS_PER_TOKEN:
            raise AnswerTooLong("the model's answer is too long, and was not read")
