from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.memory.fusion import fuse_rankings


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=3))
def test_being_first_everywhere_is_best(rankings: list[list[str]]) -> None:
    scores = fuse_rankings([(1.0, ["z", *ids]) for ids in rankings])
    assert not scores or max(scores, key=lambda one: scores[one]) == "z"
