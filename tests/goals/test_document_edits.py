"""Writing into the goals file keeps every byte of a person."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.edits import Lines, apply_edits
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import (
    CommandCheck,
    ConditionReport,
    DiagnosticsCheck,
    Evidence,
    FileCheck,
    Goal,
    Verdict,
)
from lsp_server.goals.document_edits import append_goal, render_goal, waive, write_back
from lsp_server.goals.goals_document import parse_goals
from lsp_server.goals.new_goal import make_goal


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
        render_goal(make_goal("G", (("c", (CommandCheck("a\nb"),)),)))


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
    document, lines = parse_goals(text), Lines(text)
    ours = {number for entry in document.entries for number in entry.evidence}
    boxes = {entry.box for entry in document.entries}
    kept = "".join(
        "_" if offset in boxes else char
        for offset, char in enumerate(text)
        if lines.position(offset).line not in ours
    )
    return re.sub(r"[\r\n]+$", "", kept)


@given(TEXT, st.lists(VERDICTS, max_size=30))
def test_writing_back_keeps_every_byte_of_a_person(text: str, verdicts: list[Verdict]) -> None:
    document = parse_goals(text)
    reports = {
        entry.condition.id: ConditionReport(
            entry.condition,
            verdict,
            "",
            (Evidence("e", "x", True, "", 1, "t1", "2026-03-01", 0),),
        )
        for entry, verdict in zip(document.entries, verdicts, strict=False)
    }
    after = apply_edits(text, write_back(document, reports))
    assert persons_own(after) == persons_own(text)
    assert [e.condition for e in parse_goals(after).entries] == [
        e.condition for e in document.entries
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
    make_goal,
    WORD,
    st.lists(st.tuples(WORD, st.lists(CHECK, max_size=3).map(tuple)), min_size=1, max_size=4).map(
        tuple
    ),
)


@given(TEXT, GOAL)
def test_a_goal_that_is_added_is_read_back_and_the_rest_stays(text: str, goal: Goal) -> None:
    edit = append_goal(text, goal)
    after = apply_edits(text, (edit,))
    assert after.startswith(text)
    assert parse_goals(render_goal(goal)).goals == (goal,)
