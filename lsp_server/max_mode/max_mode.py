"""This module has `MaxMode`, a Model that asks its Model several times and answers once.

It samples candidates, looks at what each would do without doing it, and stops as soon
as enough agree; otherwise a judge chooses. A candidate that fails, repeats itself or
cannot work is one fewer, and never spoils the step. When none is left, the Model is asked
plainly, as without Max Mode, and its error is raised. The idea is best-of-n with a model
as judge; to stop at agreement, and to look at dry runs before a judge is asked, keeps its
price low.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import CandidatesJudged, Emit, Warned
from lsp_server.domain.messages import (
    FREE,
    Listener,
    Message,
    Prices,
    ReasoningDelta,
    Request,
    Response,
    TextDelta,
    ToolCallDelta,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Sampling
from lsp_server.max_mode.candidate_judge import (
    CandidateJudge,
    JudgeDecision,
    StepContext,
    fall_back,
)
from lsp_server.max_mode.draw_plan import DrawPlan
from lsp_server.max_mode.dry_runner import DryRun, DryRunGroup, DryRunner, group_candidates
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.sampler import Sampler
from lsp_server.settings.sections import MaxModeSettings

TEXT_CHARS_MAX = 2000
"""How much is kept of the text of a group, in the Event that lists them."""

NOTHING = Usage()
OUT_OF_BUDGET = "the rest of the run's budget is too small for more candidates or a judge"


@dataclass(frozen=True, slots=True)
class MaxModeContext:
    """A `MaxModeContext` is what Max Mode knows of the run.

    `step_context` describes the step to come. `has_room` says whether so many more tokens
    and so many more US dollars may be spent. `prices` are those of the model that is
    sampled.
    """

    step_context: Callable[[], StepContext]
    has_room: Callable[[Usage, float], bool]
    emit: Emit
    prices: Prices = FREE


def settings_for(wished: Sampling, settings: MaxModeSettings) -> MaxModeSettings:
    """Returns the settings with a person's wish; a proposal compares two candidates at least."""
    if wished.samples is not None:
        settings = settings.model_copy(update={"samples": wished.samples})
    if wished.propose:
        compared = {"strategy": "always", "samples": max(2, settings.samples)}
        settings = settings.model_copy(update=compared)
    return settings


class MaxMode:
    """A `MaxMode` is the Model of one run: it samples `model` and lets `judge` choose.

    A dry runner looks at each candidate first. `settings` have the number of samples, the
    strategy and the patience. `endpoint_stats` are what is known of the endpoint, and
    outlive the run.

    Example, as `assemble/model_chain.py` makes it::

        model = MaxMode(worker, judge, dry_runner, settings, endpoint_stats, context)
        response = await model.respond(request, listen)
    """

    def __init__(
        self,
        model: Model,
        judge: CandidateJudge,
        dry_runner: DryRunner,
        settings: MaxModeSettings,
        endpoint_stats: EndpointStats,
        max_mode_context: MaxModeContext,
    ) -> None:
        self._model = model
        self._judge = judge
        self._dry_runner = dry_runner
        self._settings = settings
        self._endpoint_stats = endpoint_stats
        self._context = max_mode_context
        self._agreed = True

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns the chosen candidate; `usage` is its own, `billed` all that led to it.

        `listen` gets the winner at the end, since losers are not for people to read. A
        request for JSON, or with one sample, is passed on. Raises ModelError.
        """
        if self._settings.samples == 1 or request.answer is not None:
            return await self._model.respond(request, listen)
        step_context = self._context.step_context()
        sampled = replace(request, temperature=self._settings.temperature)
        async with asyncio.TaskGroup() as tasks:
            sampler = Sampler(
                self._model,
                sampled,
                tasks,
                self._endpoint_stats,
                quorum=self._settings.quorum,
                grace_seconds=self._settings.grace_seconds,
            )
            plan = await self._plan(sampler)
            groups = await self._draw(sampler, plan, request, step_context)
            sampler.close()
        if sampler.samples.refused is not None:
            raise sampler.samples.refused
        if not groups:
            return await self._ask_plainly(request, listen, sampler)
        decision = await self._choose(request, groups, step_context, sampler, plan)
        winner = groups[decision.winner].candidates[0]
        billed = sampler.samples.billed + decision.billed
        cost_usd = self._cost_usd(sampler.samples.billed) + decision.cost_usd
        if len(sampler.samples.candidates) > 1 or sampler.samples.failures:
            self._context.emit(_report(groups, decision, sampler, billed, cost_usd))
        _replay(winner.choice.message, listen)
        return Response((winner.choice,), winner.usage, billed, cost_usd)

    async def _draw(
        self, sampler: Sampler, plan: DrawPlan, request: Request, step_context: StepContext
    ) -> tuple[DryRunGroup, ...]:
        """Wave after wave, until the candidates agree or enough are drawn."""
        groups: tuple[DryRunGroup, ...] = ()
        dry_runs: list[DryRun] = []
        for wanted in plan.waves(healthy=step_context.healthy, agreed=self._agreed):
            if wanted > 1 and not self._has_room_for(sampler, wanted):
                break
            await sampler.draw(wanted)
            dry_runs += [
                await self._dry_runner.try_out(candidate.choice, request.tools)
                for candidate in sampler.samples.candidates[len(dry_runs) :]
            ]
            groups = group_candidates(sampler.samples.candidates, dry_runs)
            if sampler.samples.refused is not None or plan.has_enough(groups, wanted):
                break
        if len(sampler.samples.candidates) > 1:
            self._agreed = len(groups) == 1
        return groups

    async def _plan(self, sampler: Sampler) -> DrawPlan:
        """Returns how the step is drawn; where that hangs on the endpoint, it is tried first."""
        settings, stats = self._settings, self._endpoint_stats
        first = min(settings.first_draw, settings.samples)
        strategy = stats.strategy(settings.strategy)
        if strategy is not None:
            shares_prompt = stats.honours_choices is not False
            return DrawPlan(strategy, settings.samples, first, shares_prompt)
        if first > 1 and self._has_room_for(sampler, first):
            await sampler.draw_at_once(first)
        # Until an endpoint gave several answers, it is taken for one that gives one.
        honours_choices = stats.honours_choices is True
        strategy = "adaptive" if honours_choices else "gated"
        return DrawPlan(strategy, settings.samples, first, honours_choices)

    async def _choose(
        self,
        request: Request,
        groups: Sequence[DryRunGroup],
        step_context: StepContext,
        sampler: Sampler,
        plan: DrawPlan,
    ) -> JudgeDecision:
        if len(groups) == 1:
            problem = groups[0].dry_run.problem
            reason = "all candidates would do the same" + (f": {problem}" if problem else "")
            return JudgeDecision(0, "agreement", reason)
        able = [place for place, group in enumerate(groups) if not group.dry_run.problem]
        if len(able) == 1:
            return JudgeDecision(able[0], "evidence", "nothing else can work")
        most = max(able, key=lambda place: len(groups[place].candidates), default=0)
        if able and plan.is_majority(groups[most], len(sampler.samples.candidates)):
            reason = "most of the candidates would do the same"
            return JudgeDecision(most, "agreement", reason)
        if not able:
            problem = "no candidate can work; the model is told what is wrong with this one"
            return fall_back(groups, problem, self._context.emit)
        chosen = [groups[place] for place in able]
        judging_usd = self._judge.prices.cost_usd(sampler.samples.prompt)
        if self._has_room(sampler.samples.billed, sampler.samples.prompt, judging_usd):
            decision = await self._judge.choose(request, chosen, step_context)
        else:
            decision = fall_back(chosen, OUT_OF_BUDGET, self._context.emit)
        scores = {able[place]: score for place, score in decision.scores.items()}
        return replace(decision, winner=able[decision.winner], scores=scores)

    async def _ask_plainly(self, request: Request, listen: Listener, sampler: Sampler) -> Response:
        why = (
            f"no candidate came ({sampler.samples.failures[0]})"
            if sampler.samples.failures
            else OUT_OF_BUDGET
        )
        self._context.emit(Warned(f"Max Mode asks once, plainly: {why}"))
        response = await self._model.respond(request, listen)
        return replace(
            response,
            billed=response.billed + sampler.samples.billed,
            cost_usd=response.cost_usd + self._cost_usd(sampler.samples.billed),
        )

    def _has_room_for(self, sampler: Sampler, wanted: int) -> bool:
        """Says whether there is room for as many candidates as are `wanted` in all."""
        missing = max(0, wanted - sampler.asked)
        return self._has_room(sampler.samples.billed + sampler.samples.expected(missing))

    def _has_room(self, drawn: Usage, judged: Usage = NOTHING, judged_usd: float = 0.0) -> bool:
        return self._context.has_room(drawn + judged, self._cost_usd(drawn) + judged_usd)

    def _cost_usd(self, drawn: Usage) -> float:
        return self._context.prices.cost_usd(drawn)


def _report(
    groups: Sequence[DryRunGroup],
    decision: JudgeDecision,
    sampler: Sampler,
    billed: Usage,
    cost_usd: float,
) -> CandidatesJudged:
    return CandidatesJudged(
        groups=tuple(
            CandidateGroup(
                title=group.dry_run.title,
                text=group.message.text[:TEXT_CHARS_MAX],
                calls=group.message.tool_calls,
                size=len(group.candidates),
                problem=group.dry_run.problem,
                notes=group.dry_run.notes,
                changes=group.dry_run.changes,
                scores=decision.scores.get(place),
                read_versions=group.dry_run.read_versions,
                diffed=group.dry_run.diffed,
            )
            for place, group in enumerate(groups)
        ),
        winner=decision.winner,
        by=decision.by,
        reason=decision.reason,
        drawn=len(sampler.samples.candidates),
        failures=tuple(sampler.samples.failures),
        billed=billed,
        cost_usd=cost_usd,
        judge_billed=decision.billed,
        judge_cost_usd=decision.cost_usd,
    )


def _replay(message: Message, listen: Listener) -> None:
    """Sends the winner as a stream, for listeners that show the answer as it comes."""
    if message.reasoning:
        listen(ReasoningDelta(message.reasoning))
    if message.text:
        listen(TextDelta(message.text))
    for call in message.tool_calls:
        listen(ToolCallDelta(call.name, ""))
        listen(ToolCallDelta("", call.arguments))
