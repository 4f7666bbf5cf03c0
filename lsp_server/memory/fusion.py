"""This module makes one ranking of several: what full text found and what vectors found."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.text.tokenizer import is_symbol

FUSION_K = 45
"""The constant of reciprocal rank fusion. It is smaller than the usual 60 (Cormack et al., 2009),
so the first ranks of either list count for more."""

SYMBOL_WORDS_WEIGHT = 0.7
"""The weight of full text, against 0.3 for vectors, when the question is a name; else 0.5."""


def fuse_rankings(rankings: Sequence[tuple[float, Sequence[str]]]) -> dict[str, float]:
    """Returns the scores of ids by reciprocal rank fusion.

    Each ranking is a weight and ids, best first.

    >>> scores = fuse_rankings([(0.5, ["a", "b"]), (0.5, ["b"])])
    >>> max(scores, key=scores.get)
    'b'
    """
    scores: dict[str, float] = {}
    for weight, ids in rankings:
        for rank, one in enumerate(ids, start=1):
            scores[one] = scores.get(one, 0.0) + weight / (FUSION_K + rank)
    return scores


def ranking_weights(question: str) -> tuple[float, float]:
    """Returns the weights of the rankings by words and by vectors; their sum is 1."""
    words_weight = SYMBOL_WORDS_WEIGHT if is_symbol(question) else 0.5
    return words_weight, 1.0 - words_weight
