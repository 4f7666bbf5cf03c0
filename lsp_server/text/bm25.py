"""This module scores texts by the words that they share with a question.

Words are compared without their endings, so that "parsed" finds "parses".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from lsp_server.text.tokenizer import STOP_WORDS, tokenize

SATURATION = 1.2
LENGTH_SHARE = 0.75
"""The usual constants of BM25 (Robertson and Zaragoza, 2009)."""

STEM_CHARS_MIN = 3
"""A shorter rest would no longer say which word it was."""
ENDINGS = (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""))
"""English endings and their replacements; the first that fits is taken."""
IGNORED_WORDS = STOP_WORDS | {"return"}
"""`return` is in nearly every function."""


def bm25_scores(asked: frozenset[str], documents: Sequence[str]) -> list[float]:
    """Returns the score of each document for the stems `asked`; 0 where none of them occurs.

    A document is a text of words divided by spaces, as `tokenize` makes it. A word
    that is rare among these documents counts for more than a frequent one.

    >>> scores = bm25_scores(stems("parsed headers"), ["it parses a header", "header", "socket"])
    >>> scores[0] > scores[1] > scores[2] == 0.0
    True
    """
    counts = [_stem_counts(text) for text in documents]
    lengths = [max(1, count.total()) for count in counts]
    mean = sum(lengths) / max(1, len(lengths))
    number = len(documents)
    having: dict[str, int] = {word: sum(word in count for count in counts) for word in asked}
    weight = {
        word: math.log(1 + (number - share + 0.5) / (share + 0.5)) for word, share in having.items()
    }
    return [
        sum(
            weight[word]
            * count[word]
            * (SATURATION + 1)
            / (count[word] + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / mean))
            for word in asked & count.keys()
        )
        for count, length in zip(counts, lengths, strict=True)
    ]


@lru_cache(maxsize=20_000)
def stems(text: str) -> frozenset[str]:
    """Returns the stems of the words of a text, stop words left out.

    >>> sorted(stems("where are the parsedHeaders"))
    ['header', 'pars']
    """
    found = tokenize(text, whole=False).split()
    return frozenset(stem(word) for word in found if word not in IGNORED_WORDS)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Returns a lower-case English word without its ending; words in `ss` and short words stay.

    >>> stem("queries"), stem("parsing"), stem("class"), stem("issue") == stem("issues")
    ('query', 'pars', 'class', True)
    """
    for ending, instead in ENDINGS:
        rest = len(word) - len(ending)
        if word.endswith(ending) and rest >= STEM_CHARS_MIN and not word.endswith("ss"):
            return word[:rest] + instead
    return word


@lru_cache(maxsize=4_096)
def _stem_counts(text: str) -> Counter[str]:
    return Counter(stem(word) for word in text.split())
