"""This module computes what the results of an evaluation say: of each arm, and of two compared."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from statistics import fmean, median

from lsp_server.evaluation.cells import CellResult
from lsp_server.evaluation.statistics import Interval, bootstrap, sign_test, wilson

DONE_OUTCOMES = ("achieved", "finished")
"""Outcomes of runs that say that they are done: the first is shown, the second is not verified."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An `Estimate` is a value with its interval; None where nothing can be said."""

    value: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """An `OutcomeCount` says how many runs ended so, and in how many of them the tests failed."""

    outcome: str
    count: int
    failing: int


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """An `ArmSummary` is what an arm reached and what it cost.

    Shares and costs are of the cells that were graded, and those in `errors` are not. A cost
    per solved task is the cost of all graded cells, divided by how many of them were solved.
    `false_done` is the share of runs that said they were done while the tests fail.
    """

    arm: str
    graded: int
    solved: int
    errors: int
    solved_share: Estimate
    cost_usd_per_solved: Estimate
    tokens_per_solved: Estimate
    cost_usd: float
    tokens: int
    cache_share: float
    steps_mean: float
    seconds_median: float
    false_done: Estimate
    outcomes: tuple[OutcomeCount, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A `Comparison` is of two arms on the tasks that both have: which one solved a task more often.

    `p` is of the exact test on the pairs that differ; with one repeat it is McNemar's.
    """

    first: str
    second: str
    first_better: int
    second_better: int
    tied: int
    p: float


def summarize_arm(arm: str, results: Sequence[CellResult], seed: int) -> ArmSummary:
    """Returns what the results of one arm say; the intervals of costs are resampled by `seed`."""
    graded = [one for one in results if one.status != "error"]
    solved = sum(one.status == "solved" for one in graded)
    said = [one for one in graded if one.outcome in DONE_OUTCOMES]
    wrong = sum(one.status != "solved" for one in said)
    prompt_tokens = sum(one.prompt_tokens for one in graded)
    return ArmSummary(
        arm,
        len(graded),
        solved,
        len(results) - len(graded),
        _share(solved, len(graded)),
        _per_solved(graded, lambda one: one.cost_usd, seed),
        _per_solved(graded, lambda one: one.tokens, seed),
        sum(one.cost_usd for one in graded),
        sum(one.tokens for one in graded),
        sum(one.cached_tokens for one in graded) / prompt_tokens if prompt_tokens else 0.0,
        fmean([one.steps for one in graded] or [0]),
        median([one.seconds for one in graded] or [0.0]),
        _share(wrong, len(said)),
        _outcomes(graded),
    )


def compare_arms(results: Mapping[str, Sequence[CellResult]]) -> tuple[Comparison, ...]:
    """Returns the comparison of each two arms."""
    return tuple(
        _comparison(first, second, results[first], results[second])
        for first, second in combinations(results, 2)
    )


def _comparison(
    first: str, second: str, ones: Sequence[CellResult], others: Sequence[CellResult]
) -> Comparison:
    by_cell = {(one.cell.task, one.cell.repeat): one for one in others}
    gains: Counter[str] = Counter()
    for one in ones:
        other = by_cell.get((one.cell.task, one.cell.repeat))
        if other is not None and "error" not in (one.status, other.status):
            gains[one.cell.task] += (one.status == "solved") - (other.status == "solved")
    better = sum(gain > 0 for gain in gains.values())
    worse = sum(gain < 0 for gain in gains.values())
    tied = len(gains) - better - worse
    return Comparison(first, second, better, worse, tied, sign_test(better, worse))


def _share(hits: int, count: int) -> Estimate:
    return Estimate(hits / count if count else None, wilson(hits, count))


def _per_solved(
    results: Sequence[CellResult], cost: Callable[[CellResult], float], seed: int
) -> Estimate:
    # Repeats of one task are alike, so that tasks are drawn and not cells.
    by_task: dict[str, list[CellResult]] = defaultdict(list)
    for one in results:
        by_task[one.cell.task].append(one)
    tasks = list(by_task.values())
    value = _ratio(cost, tasks)
    if not any(cost(one) for one in results) or not math.isfinite(value):
        return Estimate(None, Interval(None, None))
    return Estimate(value, bootstrap(tasks, partial(_ratio, cost), seed))


def _ratio(cost: Callable[[CellResult], float], tasks: Sequence[Sequence[CellResult]]) -> float:
    spent = sum(cost(one) for task in tasks for one in task)
    solved = sum(one.status == "solved" for task in tasks for one in task)
    return spent / solved if solved else math.inf


def _outcomes(results: Sequence[CellResult]) -> tuple[OutcomeCount, ...]:
    counts = Counter(one.outcome for one in results)
    failing = Counter(one.outcome for one in results if one.status != "solved")
    return tuple(
        OutcomeCount(outcome, count, failing[outcome])
        for outcome, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
