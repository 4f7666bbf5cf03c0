"""This module says how many there are of something."""

from __future__ import annotations


def count_of(number: int, noun: str) -> str:
    """Returns a number with its noun, which takes an `s` in the plural, or `es` after a hiss.

    >>> count_of(1, "file"), count_of(0, "file"), count_of(12_000, "token"), count_of(2, "match")
    ('1 file', '0 files', '12,000 tokens', '2 matches')
    """
    ending = "es" if noun.endswith(("ch", "sh", "s", "x")) else "s"
    return f"{number:,} {noun}{ending * (number != 1)}"
