"""How many examples a test draws: a quarter by default, all of them with `--thorough`."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

WHOLE = 100
"""Examples of a property that says nothing else."""

SAMPLE = 25


def draw(examples: int) -> None:
    """Chooses `SAMPLE` or `WHOLE`, before the tests are collected."""
    # No deadline: how long an example takes says how busy the machine is.
    settings.register_profile("drawn", deadline=None, max_examples=examples)
    settings.load_profile("drawn")


def sampled(whole: int) -> int:
    """So many of `whole` examples as are to be drawn; one at least."""
    return max(1, whole * settings().max_examples // WHOLE)


def mostly_slow(rows: Iterable[tuple[str, tuple[object, ...]]], every: int) -> list[ParameterSet]:
    """Rows by name, of which one in `every` runs without `--thorough`."""
    return [
        pytest.param(*row, id=name, marks=[pytest.mark.slow] * (number % every != 0))
        for number, (name, row) in enumerate(rows)
    ]
