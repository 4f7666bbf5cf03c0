"""This module finds `GOAL:` comments in source files of any language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.domain.edits import Lines, Range
from lsp_server.domain.goals import Condition
from lsp_server.goals.goal_ids import GoalIds

_COMMENT = re.compile(
    # A row of one mark is looked at once, from its first.
    r"(?:(?<![\"'`\w])(?:(?<!\#)\#++|(?<!/)//++!*+|/\*++|(?<!-)--++|(?<!;);++|(?<!%)%++|<!--|\(\*"
    r"|\{-|\bREM\b)"
    r"|(?:\A|(?<=[\r\n]))[ \t]*+(?:\*|'|!|\"\"\"|'''))"
    r"[ \t]*+(?P<goal>GOAL:[ \t]*+)(?P<text>[^\s][^\r\n]*+)"
)
_CLOSING = ("*/", "-->", "*)", "-}", '"""', "'''")


@dataclass(frozen=True, slots=True)
class CommentGoal:
    """A `CommentGoal` is a `GOAL:` comment; `range` begins with the word and lies in `line`."""

    condition: Condition
    range: Range
    line: str


def find_comment_goals(source: str, path: str = "") -> tuple[CommentGoal, ...]:
    """The `GOAL:` comments of a source file; their ids are the file's own.

    >>> [found.condition.text for found in find_comment_goals("x = 1  # GOAL: x is 2")]
    ['x is 2']
    """
    # Nearly all files have none, and a substring is found faster than a pattern.
    if "GOAL:" not in source:
        return ()
    lines = Lines(source)
    ids = GoalIds()
    found: list[CommentGoal] = []
    for match in _COMMENT.finditer(source):
        text = _without_closing(match["text"])
        end = match.start("text") + len(text)
        place = Range(lines.position(match.start("goal")), lines.position(end))
        wanted = " ".join(text.split())
        condition = Condition(ids.condition_id(wanted, (), path), wanted)
        found.append(CommentGoal(condition, place, lines.line(place.start.line)))
    return tuple(found)


def _without_closing(text: str) -> str:
    """Takes the mark away that ends the comment, and the blanks around it."""
    text = text.rstrip(" \t")
    closing = next((mark for mark in _CLOSING if text.endswith(mark)), "")
    cut = text.removesuffix(closing)
    if closing == "*/":
        cut = cut.rstrip("*")
    return cut.rstrip(" \t") or text
