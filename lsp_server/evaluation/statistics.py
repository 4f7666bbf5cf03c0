"""This module has the statistics of a report: intervals, and a test of pairs. All of it is exact or seeded."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Z_95 = 1.959963984540054
RESAMPLES = 2000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Interval:
    """An `Interval` holds a value with 95 % confidence; None where it has no bound on that side."""

    low: float | None
    high: float | None


def wilson(hits: int, count: int) -> Interval:
    """Returns Wilson's interval of a share.

    >>> interval = wilson(8, 10)
    >>> f"{interval.low:.3f} {interval.high:.3f}"
    '0.490 0.943'
    >>> wilson(0, 0)
    Interval(low=0.0, high=1.0)
    """
    if count == 0:
        return Interval(0.0, 1.0)
    share, square = hits / count, Z_95 * Z_95
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z_95 * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    half /= 1 + square / count
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == count else middle + half
    return Interval(low, high)


def bootstrap(
    groups: Sequence[T],
    value: Callable[[Sequence[T]], float],
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """Returns the interval of a value by resampling whole groups, 2.5 % cut at each end.

    A value may be infinite, as a price of nothing solved; an end that is becomes None. Less
    than two groups have no interval.

    >>> bootstrap([1.0, 2.0, 3.0], lambda drawn: sum(drawn) / len(drawn), seed=1)
    Interval(low=1.0, high=3.0)
    """
    if len(groups) < 2:
        return Interval(None, None)
    chance = random.Random(seed)  # noqa: S311 - statistics, not secrets
    values = sorted(value(chance.choices(groups, k=len(groups))) for _ in range(resamples))
    at = round(0.025 * (resamples - 1))
    return Interval(*(end if math.isfinite(end) else None for end in (values[at], values[-1 - at])))


def sign_test(wins: int, losses: int) -> float:
    """Returns the two-sided p of so many wins and losses if both were equally likely.

    Of pairs that are solved or not, this is the exact test of McNemar.

    >>> sign_test(6, 0), sign_test(0, 0)
    (0.03125, 1.0)
    """
    count = wins + losses
    tail = sum(math.comb(count, k) for k in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / float(2**count))
