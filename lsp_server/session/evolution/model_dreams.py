"""`ModelDreams` ask a model what past runs show that code cannot see, within what a day may cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.errors import ConfigurationError, ModelError, ModelUnavailable
from lsp_server.domain.memories import Fact
from lsp_server.domain.messages import Delta, Request, TextDelta, Usage
from lsp_server.evolution.day_budget import BudgetSpent, DayBudget, Spending
from lsp_server.evolution.material import material
from lsp_server.evolution.model_lessons import RUNS_MIN, Judged, judged, question, read_answer
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.project import Project
from lsp_server.models.wrappers import PricedModel
from lsp_server.settings.sections import EvolutionSettings
from lsp_server.system.atomic_file import replace_file

CHARS_PER_TOKEN = 3
"""Of English and of code a token has more, so that no question takes more than was thought."""
ANSWER_TOKENS_MAX = 4_000
ANSWER_SECONDS_MAX = 120.0

FindModel: TypeAlias = Callable[[], Awaitable[PricedModel]]
"""Finds the model, and says what it costs. Raises ConfigurationError, ModelError."""


class AnswerTooLong(ModelError):
    """A model wrote more than an answer may have."""


@dataclass(frozen=True, slots=True)
class ModelLook:
    """A `ModelLook` is what came of asking a model, if it `was_asked`; `problem` says what went wrong."""

    was_asked: bool = False
    judged: Judged = field(default_factory=Judged)
    problem: str = ""


class ModelDreams:
    """`ModelDreams` ask the model that `find` gives, as long as `budget` has room.

    `folder` keeps up to which run one was asked.
    """

    def __init__(
        self,
        folder: Path,
        find: FindModel,
        budget: DayBudget,
        settings: Callable[[], EvolutionSettings],
    ) -> None:
        self._asked = folder / "asked-run"
        self._find = find
        self._budget = budget
        self._settings = settings

    async def look(
        self, runs: Sequence[PastRun], facts: Sequence[Fact], project: Project, *, wished: bool
    ) -> ModelLook:
        """Asks about past runs, oldest first, and the facts that are told; never raises for a model.

        Without a person's wish it asks only where the settings allow it and there are new runs.
        What comes back is what the runs bear out.
        """
        shown = material(runs, facts)
        settings = self._settings()
        newest = shown.runs[-1].id if shown.runs else ""
        is_due = settings.auto and settings.problem is None and newest > await self._asked_run()
        if not (wished or is_due):
            return ModelLook()
        if len(shown.runs) < RUNS_MIN:
            return ModelLook(True, problem=f"there are fewer than {RUNS_MIN} past runs")
        try:
            settings.require_usable()
            text = await self._answer(question(shown))
        except (BudgetSpent, ConfigurationError, ModelError, TimeoutError) as error:
            return ModelLook(True, problem=str(error) or "the model took too long")
        found = await asyncio.to_thread(judged, read_answer(text), shown, project)
        await asyncio.to_thread(replace_file, self._asked, f"{newest}\n".encode(), private=True)
        return ModelLook(True, found)

    async def _asked_run(self) -> str:
        def read() -> str:
            with suppress(OSError, UnicodeDecodeError):
                return self._asked.read_text("utf-8").strip()
            return ""

        return await asyncio.to_thread(read)

    async def _answer(self, request: Request) -> str:
        model = await self._find()
        settings = self._settings()
        most = Spending(
            "", settings.tokens_per_day, settings.cost_usd_per_day, settings.seconds_per_day
        )
        tokens = sum(len(message.text) for message in request.messages) // CHARS_PER_TOKEN
        cost = model.prices.cost_usd(Usage(tokens, 0, ANSWER_TOKENS_MAX))
        left = settings.seconds_per_day - (await asyncio.to_thread(self._budget.spent)).seconds
        if left <= 0:
            raise BudgetSpent(f"no model is asked any more today: {most.seconds:g} s are spent")
        seconds = min(ANSWER_SECONDS_MAX, left)
        taken = Spending("", tokens + ANSWER_TOKENS_MAX, cost, seconds)
        await asyncio.to_thread(self._budget.take, taken, most)
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


class _Bound:
    """Ends an answer that is longer than one may be."""

    def __init__(self) -> None:
        self._chars = 0

    def __call__(self, delta: Delta) -> None:
        self._chars += len(delta.text) if isinstance(delta, TextDelta) else 0
        if self._chars > ANSWER_TOKENS_MAX * CHARS_PER_TOKEN:
            raise AnswerTooLong("the model's answer is too long, and was not read")
