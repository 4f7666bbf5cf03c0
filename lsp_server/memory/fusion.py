"""This module makes one ranking of several: what full text found and what vectors found.

Code is fused by scores: how much better the best chunk fits than the next is worth
knowing, and `benchmarks/memory_quality.py` finds more with it. What was done is
fused by ranks, which lie close together, so that age and outcome decide among actions
that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from lsp_server.text.tokenizer import is_symbol

FUSION_K = 45
"""The constant of reciprocal rank fusion. It is smaller than the usual 60 (Cormack et al., 2009),
so the first ranks of either list count for more."""

WORDS_WEIGHT = 0.6
"""The weight of full text; vectors have the rest of 1. At 0.5 single functions are found less often
first, and files no more often."""
SYMBOL_WORDS_WEIGHT = 0.7
"""The same when the question is a name."""

Scores: TypeAlias = Mapping[str, float]
"""Scores by id, best first."""
Fusion: TypeAlias = Callable[[Scores, Scores, float], dict[str, float]]
"""Makes scores of those by words, the cosines of vectors, and the weight of words."""


def fuse_by_scores(words: Scores, cosines: Scores, words_weight: float) -> dict[str, float]:
    """Returns the weighted sums of both scores, each brought to 0 to 1.

    Scores by words begin at 0, where no word is shared. Cosines begin at the smallest
    one, as any two texts are somewhat alike.

    >>> fuse_by_scores({"a": 8.0, "b": 4.0}, {"b": 0.7, "c": 0.3}, 0.5)
    {'a': 0.5, 'b': 0.75, 'c': 0.0}
    """
    scores = {key: words_weight * share for key, share in _shares(words, 0.0).items()}
    for key, share in _shares(cosines, min(cosines.values(), default=0.0)).items():
        scores[key] = scores.get(key, 0.0) + (1.0 - words_weight) * share
    return scores


def fuse_by_ranks(words: Scores, cosines: Scores, words_weight: float) -> dict[str, float]:
    """Returns the scores of `fuse_rankings`: the ranks count, not how far they are apart."""
    return fuse_rankings([(words_weight, list(words)), (1.0 - words_weight, list(cosines))])


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


def words_weight_of(question: str) -> float:
    """Returns the weight of the ranking by words; that by vectors has the rest of 1."""
    return SYMBOL_WORDS_WEIGHT if is_symbol(question) else WORDS_WEIGHT


def _shares(scores: Scores, least: float) -> dict[str, float]:
    """Returns where each score lies between the least and the best one, from 0 to 1."""
    best = max(scores.values(), default=0.0)
    if best <= least:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - least) / (best - least) for key, score in scores.items()}
