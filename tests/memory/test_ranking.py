from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.memories import ActionOutcome, CodeChunk
from lsp_server.memory.ranking import (
    PER_FILE_MAX,
    RankingCandidate,
    action_weight,
    fuse_rankings,
    rank_chunks,
)


def candidate(
    path: str, symbol: str = "", line: int = 1, *, is_test: bool = False
) -> RankingCandidate:
    language = "markdown" if path.endswith(".md") else "python"
    defines = (symbol,) if symbol else ()
    chunk = CodeChunk(
        f"{path}:{line}", path, language, "function", symbol, line, line + 9, "", defines
    )
    return RankingCandidate(chunk, is_test)


def check(question: str, *candidates: RankingCandidate) -> list[str]:
    """Paths in the order of the rules, from candidates in the order of their fused scores."""
    scores = fuse_rankings([(1.0, [one.chunk.id for one in candidates])])
    return [chunk.path for _, chunk in rank_chunks(question, candidates, scores, 10)]


@pytest.mark.parametrize(
    ("question", "candidates", "first"),
    [
        ("load_rows", [candidate("b.py"), candidate("a.py", "load_rows")], "a.py"),
        ("where is Store made", [candidate("b.py"), candidate("a.py", "Store")], "a.py"),
        ("load the rows", [candidate("b.py", "save"), candidate("a.py", "load_rows")], "a.py"),
        ("load rows", [candidate("b.py"), candidate("rows/load.py")], "rows/load.py"),
        ("load", [candidate("test_a.py", is_test=True), candidate("a.py")], "a.py"),
        ("tests of a", [candidate("test_a.py", is_test=True), candidate("b.py")], "test_a.py"),
        ("load", [candidate("__init__.py"), candidate("a.py")], "a.py"),
        ("load", [candidate("guide.md"), candidate("a.py")], "a.py"),
        ("docs of it", [candidate("guide.md"), candidate("a.py")], "guide.md"),
    ],
)
def test_the_rules_put_first(question: str, candidates: list[RankingCandidate], first: str) -> None:
    assert check(question, *candidates)[0] == first


def test_one_file_does_not_fill_the_answer() -> None:
    many = [candidate("a.py", line=i) for i in range(1, 90, 10)]
    order = check("load", *many, candidate("b.py"))
    assert order.count("a.py") == PER_FILE_MAX
    assert "b.py" in order


def test_nothing_found_is_nothing_ranked() -> None:
    assert check("load") == []


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=3))
def test_being_first_everywhere_is_best(rankings: list[list[str]]) -> None:
    scores = fuse_rankings([(1.0, ["z", *ids]) for ids in rankings])
    assert not scores or max(scores, key=lambda one: scores[one]) == "z"


def test_what_worked_lately_and_nearby_counts_most() -> None:
    def weight(
        outcome: ActionOutcome, days: float, near: float = 0.0, *, errors: bool = False
    ) -> float:
        return action_weight(outcome, days, near=near, about_errors=errors, pinned=False)

    assert weight("ok", 0) > weight("failed", 0) > weight("reverted", 0)
    assert weight("failed", 0, errors=True) > weight("ok", 0, errors=True)
    assert weight("ok", 0) > weight("ok", 14) == pytest.approx(weight("ok", 0) / 2)
    assert weight("failed", 60) > weight("ok", 60)
    assert weight("ok", 0, near=1.0) == pytest.approx(1.5)
    assert action_weight("ok", 900, near=0, about_errors=False, pinned=True) == 1.0
