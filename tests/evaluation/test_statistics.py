"""Intervals and tests of a report, against values from elsewhere and by what must hold of them."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.evaluation.statistics import Interval, bootstrap, sign_test, wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # Newcombe 1998, table I, without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_gives_the_published_intervals(
    hits: int, count: int, low: float, high: float
) -> None:
    found = wilson(hits, count)
    assert found.low == pytest.approx(low, abs=1e-4)
    assert found.high == pytest.approx(high, abs=1e-4)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_and_is_symmetric(hits: int, more: int) -> None:
    count = hits + more
    found, mirrored = wilson(hits, count), wilson(more, count)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= hits / count <= found.high <= 1
    assert mirrored.high == pytest.approx(1 - found.low)


def test_the_sign_test_is_the_share_of_coin_throws_that_are_as_uneven() -> None:
    for count in range(10):
        throws = [sum(throw) for throw in product((0, 1), repeat=count)]
        for wins in range(count + 1):
            uneven = abs(2 * wins - count)
            share = sum(abs(2 * one - count) >= uneven for one in throws) / len(throws)
            assert sign_test(wins, count - wins) == pytest.approx(min(1.0, share))


def test_a_bootstrap_follows_from_its_seed_and_covers_the_mean() -> None:
    def mean(drawn: object) -> float:
        assert isinstance(drawn, list)
        return float(sum(drawn) / len(drawn))

    values = [float(n % 7) for n in range(200)]
    found = bootstrap(values, mean, seed=3)
    assert found == bootstrap(values, mean, seed=3)
    assert found.low is not None
    assert found.high is not None
    deviation = math.sqrt(sum((one - mean(values)) ** 2 for one in values) / len(values))
    half = 1.96 * deviation / math.sqrt(len(values))
    assert found.low == pytest.approx(mean(values) - half, abs=0.1)
    assert found.high == pytest.approx(mean(values) + half, abs=0.1)


def test_a_bootstrap_without_an_end_says_so() -> None:
    found = bootstrap([0, 0, 1], lambda drawn: 1 / sum(drawn) if sum(drawn) else math.inf, seed=0)
    assert found.low == pytest.approx(1 / 3)
    assert found.high is None
    assert bootstrap([1], lambda drawn: 1.0, seed=0) == Interval(None, None)
