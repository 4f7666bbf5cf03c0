"""`GOAL:` comments are found in any language."""

from __future__ import annotations

import pytest

from lsp_server.domain.edits import Position
from lsp_server.goals.comment_goals import CommentGoal, find_comment_goals


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
    (found,) = find_comment_goals(source)
    assert found.condition.text == text
    assert found.range.start == Position(1, line.index("GOAL:"))
    assert line[: found.range.end.column].endswith(text)


@pytest.mark.parametrize(
    "line",
    ["GOAL: prose", 'print("# GOAL: x")', "# SUBGOAL: x", "# GOAL:", "# the GOAL: x", "GOAL = 1"],
)
def test_other_goals_are_not(line: str) -> None:
    assert find_comment_goals(line) == ()


def test_places_of_comments_are_their_own() -> None:
    found = find_comment_goals("# GOAL: a\n# GOAL: a\n")
    assert [place(goal) for goal in found] == [(0, 2), (1, 2)]
    assert len({goal.condition.id for goal in found}) == 2


def place(goal: CommentGoal) -> tuple[int, int]:
    return goal.range.start.line, goal.range.start.column
