"""This module finds `GOAL:` comments in source files of any language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.domain.edits import Lines, Range
from lsp_server.domain.goals import Condition
from lsp_server.goals.goal_ids import GoalIds

_COMMENT = re.compile(
    r"(?:(?<![\"'`\w])(?:\#+|//+[/!]*|/\*+|--+|;+|%+|<!--|\(\*|\{-|\bREM\b)"
    r"|(?:\A|(?<=[\r\n]))[ \t]*(?:\*|'|!|\"\"\"|'''))"
    r"[ \t]*(?P<goal>GOAL:[ \t]*(?P<text>[^\s][^\r\n]*?))[ \t]*"
    r"(?:\*+/|-->|\*\)|-\}|\"\"\"|''')?[ \t]*(?=[\r\n]|\Z)"
)


@dataclass(frozen=True, slots=True)
class CommentGoal:
    """A `CommentGoal` is a `GOAL:` comment; `range` begins with the word and lies in `line`."""

    condition: Condition
    range: Range
    line: str


def find_comment_goals(text: str, path: str = "") -> tuple[CommentGoal, ...]:
    """The `GOAL:` comments of a source file; their ids are the file's own.

    >>> [found.condition.text for found in find_comment_goals("x = 1  # GOAL: x is 2")]
    ['x is 2']
    """
    # Nearly all files have none, and a substring is found faster than a pattern.
    if "GOAL:" not in text:
        return ()
    lines = Lines(text)
    ids = GoalIds()
    found: list[CommentGoal] = []
    for match in _COMMENT.finditer(text):
        place = Range(lines.position(match.start("goal")), lines.position(match.end("text")))
        wanted = " ".join(match["text"].split())
        condition = Condition(ids.condition_id(wanted, (), path), wanted)
        found.append(CommentGoal(condition, place, lines.line(place.start.line)))
    return tuple(found)
