"""The goals file: what is read, where it stands, and that writing keeps a person's bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.edits import Lines, Position, apply_edits
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    ConditionReport,
    DiagnosticsCheck,
    Evidence,
    FileCheck,
    Goal,
    Verdict,
)
from lsp_server.goals.edits import append, render, waive, write_back
from lsp_server.goals.goals_document import CommentGoal, comment_goals, goal_of, parse_goals

FILE = """\
# Plan

Words of a person.

## Retry on 429 🙂
- [ ] The client retries with backoff and honours Retry-After
  - check: `pytest -q tests/test_retry.py`
  - file: `src/client.py` contains `Retry-After`
  - a note: keep it simple
- [x] The public API of `Client` is unchanged
  even in 漢字
  - evidence: judged from 2 pieces of evidence at 1f3c9a2 on 2026-01-01

```markdown
- [ ] not a condition
```

## No errors
* [ ] Clean
    - diagnostics: no warnings in `src/`
    - waived: on 2026-01-02
"""


def shapes(text: str) -> list[tuple[str, list[tuple[str, tuple[Check, ...]]]]]:
    return [(g.title, [(c.text, c.checks) for c in g.conditions]) for g in parse_goals(text).goals]


def test_headings_are_goals_and_items_are_conditions() -> None:
    assert shapes(FILE) == [
        (
            "Retry on 429 🙂",
            [
                (
                    "The client retries with backoff and honours Retry-After",
                    (
                        CommandCheck("pytest -q tests/test_retry.py"),
                        FileCheck("src/client.py", "Retry-After"),
                    ),
                ),
                ("The public API of `Client` is unchanged even in 漢字", ()),
            ],
        ),
        ("No errors", [("Clean", (DiagnosticsCheck("src/", "warning"),))]),
    ]
    contract = parse_goals(FILE)
    assert not contract.problems
    assert [goal.id for goal in contract.goals] == ["retry-on-429", "no-errors"]
    assert [entry.ticked for entry in contract.entries] == [False, True, False]
    assert [entry.condition.waived for entry in contract.entries] == [False, False, True]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "🙂🙂 漢字\n\n", "\ufeff", "a\u2028b\x0b\n"])
def test_places_are_exact_whatever_stands_before(before: str, newline: str) -> None:
    text = (before + FILE).replace("\n", newline)
    contract, lines = parse_goals(text), Lines(text)
    for entry in contract.entries:
        start, end = lines.offset(entry.range.start), lines.offset(entry.range.end)
        assert entry.condition.text.startswith(text[start:end])
        assert text[entry.box - 1 : entry.box + 2] in ("[ ]", "[x]")
    for section in contract.sections:
        assert lines.line(section.range.start.line)[section.range.start.column :] == (
            section.goal.title
        )


@pytest.mark.parametrize(
    ("written", "check"),
    [
        ("check: `a b`", CommandCheck("a b")),
        ("check: a b", CommandCheck("a b")),
        ("Check: ``echo `x` ``", CommandCheck("echo `x` ")),
        ("check: `` `x` ``", CommandCheck("`x`")),
        ("file: `a.py`", FileCheck("a.py")),
        ("file: `a.py` exists", FileCheck("a.py")),
        ("file: a.py", FileCheck("a.py")),
        ("file: `a b.py` contains `x  y`", FileCheck("a b.py", "x  y")),
        ("diagnostics: no errors", DiagnosticsCheck("", "error")),
        ("diagnostics: no errors in `src/`", DiagnosticsCheck("src/", "error")),
        ("diagnostics: no warnings in src", DiagnosticsCheck("src", "warning")),
    ],
)
def test_checks_are_read(written: str, check: Check) -> None:
    contract = parse_goals(f"## G\n- [ ] c\n  - {written}\n")
    assert not contract.problems
    assert contract.goals[0].conditions[0].checks == (check,)


@pytest.mark.parametrize(
    ("line", "column", "how"),
    [
        ("- [] text", 0, "write a condition as"),
        ("- [ ]text", 0, "write a condition as"),
        ("-[ ] text", 0, "write a condition as"),
        ("  - [y] text", 2, "write a condition as"),
        ("- [ ]", 0, "says nothing"),
        ("- check: `x`", 0, "belongs to no condition"),
        ("- [ ] c\n  - check:", 2, "the command is missing"),
        ("- [ ] c\n  - check: ``", 2, "the command is missing"),
        ("- [ ] c\n  - check: `x` and more", 2, "does not end"),
        ("- [ ] c\n  - check: `x", 2, "does not end"),
        ("- [ ] c\n  - file: `x` has `y`", 2, "means nothing"),
        ("- [ ] c\n  - file:", 2, "means nothing"),
        ("- [ ] c\n  - diagnostics: fine", 2, "no errors"),
        ("- [ ] c\n  - chek: `x`", 2, "did you mean `check:`"),
        ("- [ ] c\n  - files: `x`", 2, "did you mean `file:`"),
    ],
)
def test_what_means_nothing_is_told_with_how_to_write_it(line: str, column: int, how: str) -> None:
    contract = parse_goals(f"## 🙂\n{line}\n")
    (problem,) = contract.problems
    assert how in problem.message
    assert problem.range.start == Position(1 + line.count("\n"), column)


@pytest.mark.parametrize(
    "line",
    [
        "- a plain bullet",
        "- [link](http://x)",
        "- [ref]: x",
        "- [1]: x",
        "  - remark: this and that",
        "  - command: run it by hand",
        "prose [ ] here",
        "<!--\n- [] hidden\n-->",
        "~~~\n- [] hidden\n~~~",
    ],
)
def test_what_is_not_ours_is_left_alone(line: str) -> None:
    contract = parse_goals(f"## G\n- [ ] c\n{line}\n")
    assert not contract.problems
    assert len(list(contract.entries)) == 1


def test_ids_stay_when_lines_move_and_headings_change() -> None:
    before = parse_goals("## A\n- [ ] one\n  - check: `x`\n- [ ] two\n")
    after = parse_goals("words\n\n## B\n- [x] two\n- [ ] three\n\n- [ ] one\n  - check: `x`\n")
    ids = {e.condition.text: e.condition.id for e in before.entries}
    moved = {e.condition.text: e.condition.id for e in after.entries}
    assert ids["one"] == moved["one"]
    assert ids["two"] == moved["two"]
    changed = parse_goals("## A\n- [ ] one\n  - check: `y`\n")
    assert next(changed.entries).condition.id != ids["one"], "another check is another contract"


def test_equal_conditions_have_ids_of_their_own() -> None:
    ids = [entry.condition.id for entry in parse_goals("## A\n- [ ] x\n## A\n- [ ] x\n").entries]
    assert len(set(ids)) == 2
    assert len({goal.id for goal in parse_goals("## A\n- [ ] x\n## A\n- [ ] x\n").goals}) == 2


# Writing back


def report(
    text: str, verdict: Verdict, tree: str = "abc123", *, all_of: bool = True
) -> dict[str, ConditionReport]:
    shown = Evidence("e1", "x", True, "", 2.1, tree, "2026-03-01T00:00:00+00:00", 0)
    return {
        entry.condition.id: ConditionReport(entry.condition, verdict, "", (shown,))
        for entry in parse_goals(text).entries
    }


def written(text: str, verdict: Verdict, tree: str = "abc123") -> str:
    return apply_edits(text, write_back(parse_goals(text), report(text, verdict, tree)))


def test_a_met_condition_gets_its_tick_and_evidence_below_its_checks() -> None:
    assert written("## G\n- [ ] c\n  - check: `x`\n\nmore\n", "met") == (
        "## G\n- [x] c\n  - check: `x`\n"
        "  - evidence: exit 0 in 2.1 s at abc123 on 2026-03-01\n\nmore\n"
    )


def test_a_condition_that_no_longer_holds_loses_tick_and_evidence() -> None:
    before = "## G\n- [ ] c\n  - check: `x`\n"
    assert written(written(before, "met"), "unmet") == before


@pytest.mark.parametrize("verdict", ["unmet", "impossible"])
def test_a_persons_own_tick_is_taken_back_when_a_check_refutes_it(verdict: Verdict) -> None:
    text = "## G\r\n* [X]  c  \r\n  - check: `x`\r\n"
    assert written(text, verdict) == text.replace("X", " ")


@pytest.mark.parametrize("verdict", ["unverified", "blocked", "stale"])
def test_a_persons_own_tick_stays_while_nothing_refutes_it(verdict: Verdict) -> None:
    text = "## G\n- [x] c\n  - check: `x`\n"
    assert written(text, verdict) == text


def test_evidence_of_the_same_tree_is_not_written_again() -> None:
    once = written("## G\n- [ ] c\n  - check: `x`", "met")
    assert written(once, "met") == once
    assert "at def456" in written(once, "met", "def456")


def test_a_waiver_is_a_line_that_a_person_can_delete() -> None:
    text = "## G\n- [ ] c\n"
    edit = waive(parse_goals(text), next(parse_goals(text).entries).condition.id, "2026-03-01")
    assert edit is not None
    after = apply_edits(text, (edit,))
    assert after == "## G\n- [ ] c\n  - waived: on 2026-03-01\n"
    assert parse_goals(after).goals[0].conditions[0].waived


def test_a_check_of_several_lines_is_refused() -> None:
    with pytest.raises(HoldfastError, match="script"):
        render(goal_of("G", (("c", (CommandCheck("a\nb"),)),)))


LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=0, max_size=30
)
PIECE = st.one_of(
    LINE,
    st.sampled_from(
        [
            "## Goal", "# 漢字 🙂", "- [ ] one", "- [x] two", "  - check: `x`", "  - file: `a` exists",
            "  - evidence: exit 0 in 1.0 s at aaa on 2026-01-01", "\t- check: y", "```", "<!--",
            "-->", "  - diagnostics: no errors", "- [] broken", "  more text", "", "1. [ ] three",
        ]
    ),
)  # fmt: skip
TEXT = st.lists(st.tuples(PIECE, st.sampled_from(["\n", "\r\n", "\r"])), max_size=25).map(
    lambda pieces: "".join(line + end for line, end in pieces)
)
VERDICTS = st.sampled_from(["met", "unmet", "stale", "blocked", "impossible", "unverified"])


def persons_own(text: str) -> str:
    """The text without what we may write: boxes and lines of evidence."""
    contract, lines = parse_goals(text), Lines(text)
    ours = {number for entry in contract.entries for number in entry.evidence}
    boxes = {entry.box for entry in contract.entries}
    kept = "".join(
        "_" if offset in boxes else char
        for offset, char in enumerate(text)
        if lines.position(offset).line not in ours
    )
    return re.sub(r"[\r\n]+$", "", kept)


@given(TEXT, st.lists(VERDICTS, max_size=30))
def test_writing_back_keeps_every_byte_of_a_person(text: str, verdicts: list[Verdict]) -> None:
    contract = parse_goals(text)
    reports = {
        entry.condition.id: ConditionReport(
            entry.condition,
            verdict,
            "",
            (Evidence("e", "x", True, "", 1, "t1", "2026-03-01", 0),),
        )
        for entry, verdict in zip(contract.entries, verdicts, strict=False)
    }
    after = apply_edits(text, write_back(contract, reports))
    assert persons_own(after) == persons_own(text)
    assert [e.condition for e in parse_goals(after).entries] == [
        e.condition for e in contract.entries
    ]
    for entry in parse_goals(after).entries:
        known = reports.get(entry.condition.id)
        assert known is None or known.verdict != "met" or (entry.ticked and entry.evidence)
    assert apply_edits(after, write_back(parse_goals(after), reports)) == after, "once is enough"


WORD = st.text(st.characters(categories=("L", "N", "So")), min_size=1, max_size=12)
CODE = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip("` \t\u00a0") != "" and text == text.strip())
CHECK = st.one_of(
    st.builds(CommandCheck, CODE),
    st.builds(FileCheck, CODE, st.one_of(st.none(), CODE)),
    st.builds(
        DiagnosticsCheck, st.one_of(st.just(""), CODE), st.sampled_from(["error", "warning"])
    ),
)
GOAL = st.builds(
    goal_of,
    WORD,
    st.lists(st.tuples(WORD, st.lists(CHECK, max_size=3).map(tuple)), min_size=1, max_size=4).map(
        tuple
    ),
)


@given(TEXT, GOAL)
def test_a_goal_that_is_added_is_read_back_and_the_rest_stays(text: str, goal: Goal) -> None:
    edit = append(text, goal)
    after = apply_edits(text, (edit,))
    assert after.startswith(text)
    assert parse_goals(render(goal)).goals == (goal,)


# GOAL: comments


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("# GOAL: no retry is lost", "no retry is lost"),
        ("x = 1  # GOAL: 漢字 🙂", "漢字 🙂"),
        ("// GOAL: a", "a"),
        ("/// GOAL: a", "a"),
        ("/* GOAL: a */", "a"),
        (" * GOAL: a", "a"),
        ("<!-- GOAL: a -->", "a"),
        ("-- GOAL: a", "a"),
        (";; GOAL: a", "a"),
        ("% GOAL: a", "a"),
        ("(* GOAL: a *)", "a"),
        ("{- GOAL: a -}", "a"),
        ("' GOAL: a", "a"),
        ("REM GOAL: a", "a"),
        ("\tfoo(); //GOAL: a  ", "a"),
    ],
)
def test_goal_comments_are_found_in_any_language(line: str, text: str) -> None:
    source = f"🙂 first\r\n{line}\r\nlast"
    (found,) = comment_goals(source)
    assert found.condition.text == text
    assert found.range.start == Position(1, line.index("GOAL:"))
    assert line[: found.range.end.column].endswith(text)


@pytest.mark.parametrize(
    "line",
    ["GOAL: prose", 'print("# GOAL: x")', "# SUBGOAL: x", "# GOAL:", "# the GOAL: x", "GOAL = 1"],
)
def test_other_goals_are_not(line: str) -> None:
    assert comment_goals(line) == ()


def test_places_of_comments_are_their_own() -> None:
    found = comment_goals("# GOAL: a\n# GOAL: a\n")
    assert [place(goal) for goal in found] == [(0, 2), (1, 2)]
    assert len({goal.condition.id for goal in found}) == 2


def place(goal: CommentGoal) -> tuple[int, int]:
    return goal.range.start.line, goal.range.start.column
