from __future__ import annotations

import pytest

from lsp_server.text.bm25 import bm25_scores, stem, stems


def test_rare_and_repeated_words_count_for_more() -> None:
    documents = ["alpha beta gamma", "alpha alpha gamma", "delta gamma", "gamma", "gamma"]
    scores = bm25_scores(frozenset({"alpha", "gamma"}), documents)
    assert sorted(range(5), key=lambda i: -scores[i])[:2] == [1, 0]
    assert bm25_scores(frozenset(), documents) == [0.0] * 5
    assert bm25_scores(frozenset({"alpha"}), []) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [("parsed", "pars"), ("queries", "query"), ("class", "class"), ("is", "is"), ("boxes", "box")],
)
def test_a_word_loses_its_ending(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_words_that_say_nothing_have_no_stem() -> None:
    assert stems("return what the readers were given") == {"reader", "given"}
