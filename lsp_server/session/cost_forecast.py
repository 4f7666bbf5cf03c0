"""This module forecasts what more steps of a run will take, from the steps that it did.

Each prompt is the one before and what a step adds, until the limit at which a cycle begins
with a small one again. What is not in the endpoint's cache is as much as in the last steps,
and all but system prompt and tools where a cycle begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from lsp_server.agent.compaction import RECALL_SHARE, STATE_SHARE, TAIL_SHARE
from lsp_server.domain.messages import Prices, Usage
from lsp_server.session.prompt_makeup import AnsweredStep, PromptMakeup

RECENT_STEPS = 20
"""The steps that show how the next ones will be."""

BEGIN_SHARE = STATE_SHARE + RECALL_SHARE + TAIL_SHARE
"""The share of the limit with which a cycle begins, behind what is fixed: its parts at their most."""


@dataclass(frozen=True, slots=True)
class CostForecast:
    """A `CostForecast` is what so many more steps are likely to take, and how many cycles begin in them."""

    steps: int
    usage: Usage
    cost_usd: float
    cycles: int


def added_tokens(steps: Sequence[AnsweredStep]) -> int:
    """Returns by how much a step makes the prompt longer, 0 while there is nothing to tell it from."""
    grown = [b.usage.prompt_tokens - a.usage.prompt_tokens for a, b in _within_cycles(steps)]
    return max(0, round(median(grown))) if grown else 0


def forecast(makeup: PromptMakeup, steps: int, prices: Prices) -> CostForecast | None:
    """Returns what `steps` more steps will take; None for a run without an answered step.

    Rejected candidates and their judge count as in the last steps, goals' judges and subagents do not.
    """
    recent = makeup.steps[-RECENT_STEPS:]
    own = sum(step.usage.prompt_tokens for step in recent)
    if not own:
        return None
    per_prompt = sum(step.billed.prompt_tokens for step in recent) / own
    answer_tokens = fmean(step.billed.completion_tokens for step in recent)
    missed_tokens = _missed_tokens(recent)
    added, begin_tokens = added_tokens(makeup.steps), _begin_tokens(makeup)
    prompt, total, missed, cycles = makeup.tokens + added, 0.0, 0.0, 0
    for _ in range(steps):
        if prompt > makeup.limit_tokens > begin_tokens:
            prompt, cycles = begin_tokens, cycles + 1
            missed += begin_tokens - makeup.fixed_tokens
        total += per_prompt * prompt
        missed += missed_tokens
        prompt += added
    is_cached = any(step.billed.cached_tokens for step in recent)
    cached = max(0.0, total - missed) if is_cached else 0.0
    usage = Usage(round(total), round(cached), round(steps * answer_tokens))
    return CostForecast(steps, usage, prices.cost_usd(usage), cycles)


def _within_cycles(steps: Sequence[AnsweredStep]) -> list[tuple[AnsweredStep, AnsweredStep]]:
    """Returns the last steps in pairs that follow each other in one cycle."""
    return [(a, b) for a, b in pairwise(steps[-RECENT_STEPS:]) if a.cycle == b.cycle]


def _missed_tokens(recent: Sequence[AnsweredStep]) -> float:
    """Returns how much of a step's prompts the endpoint does not have in its cache, on average."""
    later = [b.billed for _, b in _within_cycles(recent)] or [recent[-1].billed]
    return fmean(billed.prompt_tokens - billed.cached_tokens for billed in later)


def _begin_tokens(makeup: PromptMakeup) -> int:
    """Returns the size of the prompt with which the next cycle will begin."""
    firsts = [b for a, b in pairwise(makeup.steps) if a.cycle != b.cycle]
    if firsts:
        return firsts[-1].usage.prompt_tokens
    return makeup.fixed_tokens + makeup.parts["task"] + round(BEGIN_SHARE * makeup.limit_tokens)
