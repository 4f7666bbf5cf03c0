from __future__ import annotations

from dataclasses import fields, replace

import pytest

from lsp_server.domain.memories import CodeChunk
from lsp_server.memory.code_ranking import (
    CODE_RULES,
    PER_FILE_MAX,
    CodeRules,
    RankingCandidate,
    rank_chunks,
)
from lsp_server.memory.fusion import fuse_rankings
from lsp_server.memory.languages import language_of


def candidate(
    path: str, symbol: str = "", line: int = 1, *, is_test: bool = False
) -> RankingCandidate:
    language = language_of(path)
    defines = (symbol,) if symbol else ()
    name = language.name if language else "text"
    chunk = CodeChunk(f"{path}:{line}", path, name, "function", symbol, line, line + 9, "", defines)
    return RankingCandidate(chunk, is_test)


def check(question: str, *candidates: RankingCandidate, rules: CodeRules = CODE_RULES) -> list[str]:
    """Paths in the order of the rules, from candidates in the order of their fused scores."""
    scores = fuse_rankings([(1.0, [one.chunk.id for one in candidates])])
    return [chunk.path for _, chunk in rank_chunks(question, candidates, scores, 10, rules)]


FILLER = [candidate("x.py", line=line) for line in (1, 11, 21)]
RULES = {
    "defines_symbol": [
        ("load_rows", [*FILLER, candidate("a.py", "load_rows")], "a.py"),
        ("Conn", [*FILLER, candidate("a.ex", "Plug.Conn")], "a.ex"),
        ("Table::open", [*FILLER, candidate("a.cpp", "Table::open")], "a.cpp"),
        ("MyApp", [*FILLER, candidate("a.kt", "MyApp")], "a.kt"),
    ],
    "defines_named": [("where is Store made", [*FILLER, candidate("a.py", "Store")], "a.py")],
    "other_case_factor": [
        ("Request", [candidate("b.py", "request"), candidate("a.py", "Request")], "a.py"),
        ("request", [candidate("b.py", "Request"), candidate("a.py", "request")], "a.py"),
    ],
    "own_file": [
        ("MyApp", [candidate("b.py", "MyApp"), candidate("myapp.py", "MyApp")], "myapp.py")
    ],
    "defines_words": [
        ("load the rows", [candidate("b.py", "save"), candidate("a.py", "load_rows")], "a.py")
    ],
    "file_words": [
        ("load rows", [*FILLER, candidate("rows/load.py")], "rows/load.py"),
        ("how does authentication work", [*FILLER, candidate("auth.py")], "auth.py"),
        ("JSON object with fields", [*FILLER, candidate("JsonObject.java")], "JsonObject.java"),
    ],
    "test_factor": [("load", [candidate("b.py", is_test=True), candidate("a.py")], "a.py")],
    "example_factor": [
        ("load", [candidate("examples/b.py"), candidate("a.py")], "a.py"),
        ("load", [candidate("docs/benchmarks/b.py"), candidate("a.py")], "a.py"),
    ],
    "prose_factor": [
        ("load", [candidate("guide.md"), candidate("a.py")], "a.py"),
        ("load", [candidate("some.json", "load"), candidate("a.py")], "a.py"),
    ],
    "barrel_factor": [("load", [candidate("__init__.py"), candidate("a.py")], "a.py")],
}


NAMES = [one.name for one in fields(CodeRules)]
NEEDS = {"own_file": ("defines_symbol",), "other_case_factor": ("defines_symbol",)}


@pytest.mark.parametrize(
    ("rule", "question", "candidates", "first"),
    [(rule, *row) for rule, rows in RULES.items() for row in rows],
)
def test_a_rule_puts_first_what_is_elsewhere_without_it(
    rule: str, question: str, candidates: list[RankingCandidate], first: str
) -> None:
    assert check(question, *candidates)[0] == first
    off = {name: 1.0 if name.endswith("factor") else 0.0 for name in NAMES}
    # Two rules weigh what another one adds, and are nothing without it.
    without = CodeRules(**{**off, **dict.fromkeys(NEEDS.get(rule, ()), 3.0)})
    assert check(question, *candidates, rules=without)[0] != first
    alone = replace(without, **{rule: getattr(CODE_RULES, rule)})
    assert check(question, *candidates, rules=alone)[0] == first


def test_each_rule_has_its_rows() -> None:
    assert {*NAMES} == {*RULES, "repeat_factor"}


@pytest.mark.parametrize(
    ("question", "candidates", "first"),
    [
        ("tests of a", [candidate("b.py", is_test=True), candidate("a.py")], "b.py"),
        ("the fixtures", [candidate("b.py", is_test=True), candidate("a.py")], "b.py"),
        ("the readme", [candidate("guide.md"), candidate("a.py")], "guide.md"),
        ("docs of it", [candidate("guide.md"), candidate("a.py")], "guide.md"),
        ("an example of it", [candidate("examples/a.py"), candidate("b.py")], "examples/a.py"),
        ("load", [candidate("__init__.py", "load"), candidate("a.py")], "__init__.py"),
    ],
)
def test_what_is_asked_for_is_not_put_behind(
    question: str, candidates: list[RankingCandidate], first: str
) -> None:
    assert check(question, *candidates)[0] == first


def test_one_file_does_not_fill_the_answer() -> None:
    many = [candidate("a.py", line=i) for i in range(1, 90, 10)]
    order = check("load", *many, candidate("b.py"), candidate("c.py"))
    assert order.count("a.py") == PER_FILE_MAX
    assert order[:3] == ["a.py", "b.py", "c.py"]


def test_nothing_found_is_nothing_ranked() -> None:
    assert check("load") == []
