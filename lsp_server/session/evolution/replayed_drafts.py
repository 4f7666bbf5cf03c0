"""`ReplayedDrafts` try drafts on their cases, and say by the figures what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import RunId
from lsp_server.evolution.day_budget import BudgetSpent, DayBudget, Spending
from lsp_server.evolution.draft_file import DraftFile
from lsp_server.evolution.replayed_case import Replay, ReplayedCase, ReplayVerdict, judge_replays
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.session.evolution.day_model import bounds_of_day
from lsp_server.session.evolution.past_case import CannotReplay, PastCase
from lsp_server.session.evolution.replays import Replays
from lsp_server.settings.sections import EvolutionSettings
from lsp_server.text.count import count_of


class ReplayedDrafts:
    """`ReplayedDrafts` have past tasks done again by `replays`, once without a draft and once with each of its texts.

    What that takes is a part of what evolution may take in a day: `budget`, by the `settings`.
    """

    def __init__(
        self, replays: Replays, budget: DayBudget, settings: Callable[[], EvolutionSettings]
    ) -> None:
        self._replays = replays
        self._budget = budget
        self._settings = settings

    @property
    def has_copies(self) -> bool:
        """Says whether there is any copy, in use or left."""
        return self._replays.has_copies

    async def sweep(self) -> None:
        """Removes what a kill left; called by whoever holds the lock."""
        await self._replays.sweep()

    def require_model(self) -> None:
        """Raises ConfigurationError where there is no model to ask."""
        self._replays.require_model()

    async def tried(
        self, one: Suggestion, cases: Iterable[Id], tokens: int | None = None
    ) -> Suggestion:
        """Returns a suggestion as it is after it was tried: verified, rejected, or still a draft.

        Of one that a model worded, the text before is tried if the words fall short. With
        `tokens` a person allows so many today. Raises BudgetSpent, and HoldfastError where no model works.
        """
        before, why = await self._without(cases, tokens)
        if not before:
            return replace(one, replay=f"no past task can be done again: {why}")
        verdict = ReplayVerdict(False, "")
        for text in filter(None, (one.text, one.fixed)):
            file = DraftFile(one.path, text)
            verdict = judge_replays([await self._with(file, *each, tokens) for each in before])
            if verdict.is_kept:
                fixed = one.fixed if text == one.text else ""
                kept = file.tried(verdict.text).text
                return replace(one, text=kept, fixed=fixed, shown=True, replay=verdict.text)
        return replace(one, state="rejected", replay=verdict.text)

    async def _without(
        self, cases: Iterable[Id], tokens: int | None
    ) -> tuple[Sequence[tuple[PastCase, Replay]], str]:
        """Does the tasks without a draft; also why one could not be done again."""
        done: list[tuple[PastCase, Replay]] = []
        why = ""
        for run_id in cases:
            try:
                case = await self._replays.case(RunId(run_id))
                # One replay without its other half shows nothing.
                await self._take(case.spent + case.spent, tokens)
                await asyncio.to_thread(self._budget.settle, case.spent, Spending())
                done.append((case, await self._replay(case, None)))
            except CannotReplay as error:
                why = str(error)
        return done, why

    async def _take(self, wanted: Spending, tokens: int | None) -> None:
        """Takes from the day what a replay may take. Raises BudgetSpent."""
        most = bounds_of_day(self._settings(), tokens)
        try:
            await asyncio.to_thread(self._budget.take, wanted, most)
        except BudgetSpent as error:
            needed = f"doing a past task again takes about {count_of(wanted.tokens, 'token')}"
            more = "raise it, or allow more now with --tokens"
            raise BudgetSpent(f"{needed}: {error}; {more}") from error

    async def _replay(self, case: PastCase, file: DraftFile | None) -> Replay:
        """Does a task again, for which the day has given what the past run took."""
        try:
            done = await self._replays.replay(case, file)
        except CannotReplay:
            await asyncio.to_thread(self._budget.settle, case.spent, Spending())
            raise
        spent = Spending("", done.tokens, done.cost_usd)
        await asyncio.to_thread(self._budget.settle, case.spent, spent)
        return done

    async def _with(
        self, file: DraftFile, case: PastCase, before: Replay, tokens: int | None
    ) -> ReplayedCase:
        await self._take(case.spent, tokens)
        after = await self._replay(case, file)
        return ReplayedCase(case.run_id, before, after, case.files)
