from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.memory.fusion import (
    Fusion,
    Scores,
    fuse_by_ranks,
    fuse_by_scores,
    fuse_rankings,
)

FOUND = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 0.9), max_size=6)
WEIGHTS = st.floats(0.1, 0.9)


def best_first(scores: Scores) -> Scores:
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=3))
def test_being_first_everywhere_is_best(rankings: list[list[str]]) -> None:
    scores = fuse_rankings([(1.0, ["z", *ids]) for ids in rankings])
    assert not scores or max(scores, key=lambda one: scores[one]) == "z"


@pytest.mark.parametrize("fuse", [fuse_by_ranks, fuse_by_scores])
@given(words=FOUND, cosines=FOUND, weight=WEIGHTS)
def test_what_both_find_best_is_best(
    fuse: Fusion, words: Scores, cosines: Scores, weight: float
) -> None:
    both = [best_first({**one, "z": 1.0}) for one in (words, cosines)]
    scores = fuse(both[0], both[1], weight)
    assert scores.keys() == {*words, *cosines, "z"}
    assert scores["z"] == max(scores.values())


@given(words=FOUND, cosines=FOUND, weight=WEIGHTS, factor=st.floats(0.1, 10.0))
def test_the_units_of_full_text_do_not_matter(
    words: Scores, cosines: Scores, weight: float, factor: float
) -> None:
    longer = {key: score * factor for key, score in words.items()}
    expected = fuse_by_scores(words, cosines, weight)
    assert fuse_by_scores(longer, cosines, weight) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "cosines", "expected"),
    [
        ({}, {}, {}),
        ({"a": 3.0}, {}, {"a": 0.6}),
        ({}, {"a": 0.3}, {"a": 0.4}),
        ({"a": 9.0, "b": 3.0}, {"b": 0.5, "a": 0.4}, {"a": 0.6, "b": 0.6}),
        ({"a": 9.0}, {"b": 0.5, "c": 0.5}, {"a": 0.6, "b": 0.4, "c": 0.4}),
    ],
    ids=["nothing", "words alone", "one vector", "both", "vectors that are alike"],
)
def test_scores_are_weighed_from_0_to_1(
    words: Scores, cosines: Scores, expected: dict[str, float]
) -> None:
    assert fuse_by_scores(words, cosines, 0.6) == pytest.approx(expected)
