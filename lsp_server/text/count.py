"""This module says how many there are of something."""

from __future__ import annotations


def count_of(number: int, noun: str) -> str:
    """Returns a number with its noun, which takes an `s` in the plural.

    >>> count_of(1, "file"), count_of(0, "file"), count_of(12_000, "token")
    ('1 file', '0 files', '12,000 tokens')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"
