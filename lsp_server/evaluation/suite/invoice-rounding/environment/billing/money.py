"""Amounts of money."""

from __future__ import annotations


def parse(text: str) -> float:
    """An amount that somebody typed."""
    return float(text)


def percent_of(amount: float, percent: int) -> float:
    """So many percent of an amount."""
    return round(amount * percent / 100, 2)
