"""This module guesses whether a value was made by a program or written by a person."""

from __future__ import annotations

import math
import re
from collections import Counter

from lsp_server.text.legible import OPENS

VALUE_ENTROPY_BITS_MIN = 3.0
"""Of each character; words have about 2.5, random base64 of 20 characters above 4."""
VALUE_CHARS_MIN = 8
LONE_VALUE_ENTROPY_BITS_MIN = 3.2

_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|changeme|change_me|your|insert|redacted|xxxx|\*\*\*|\.\.\.|"
    r"1234567|abcdef|test|[<>{}()\[\]]|%[sd(]|\$\{?\w|://|\\[dws]",
    re.IGNORECASE,
)
_WORD = r"(?:[A-Z]?[a-z]{1,14}|[A-Z]{1,15})"
_WORDS = re.compile(rf"{_WORD}(?:[-_.]{_WORD}){{0,5}}")


def looks_random(
    value: str,
    entropy_bits_min: float = LONE_VALUE_ENTROPY_BITS_MIN,
    chars_min: int = VALUE_CHARS_MIN,
) -> bool:
    """Says whether a value was more likely made by a program than written by a person."""
    if len(value) < chars_min or value.startswith(OPENS) or _PLACEHOLDER.search(value):
        return False
    kinds = (str.isdigit, str.islower, str.isupper)
    mixed = sum(any(test(char) for char in value) for test in kinds)
    has_digit = any(char.isdigit() for char in value)
    named = value.replace(".", "_").isidentifier()
    if not has_digit and (mixed < 2 or len(value) < 2 * VALUE_CHARS_MIN or named):
        return False
    return mixed >= 2 and entropy_bits(value) >= entropy_bits_min


def is_plain(value: str) -> bool:
    """Says whether a value is a few words joined, as in `lm-studio` or `NOT_NEEDED`."""
    return _WORDS.fullmatch(value) is not None


def entropy_bits(text: str) -> float:
    """Returns the Shannon entropy of a value, in bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
