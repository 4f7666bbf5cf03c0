"""Differences say what changed, however long the texts are."""

from __future__ import annotations

import difflib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.diff import DIFF_CHARS_MAX, LINES_MAX, diff_stat, unified_diff

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def apply(diff: str, old: list[str]) -> list[str]:
    """The old lines with a diff applied, each line that it names compared."""
    new, at = [], 0
    for line in diff.split("\n")[2:] if diff else []:
        if head := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(head[1]) - (head[2] != "0")
            new += old[at:start]
            at = start
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            at += 1
            if line.startswith(" "):
                new.append(line[1:])
    return new + old[at:]


@given(LINES, LINES)
def test_a_diff_leads_from_the_old_to_the_new(old: list[str], new: list[str]) -> None:
    assert apply(unified_diff("f", text(old), text(new)), old) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([], ["a"]),
        (["a"], []),
        ([str(n) for n in range(30)], [str(n) for n in range(30) if n not in (3, 20)]),
        (["a", "b"], ["a", "x", "b"]),
    ],
)
def test_it_is_written_as_everybody_writes_it(old: list[str], new: list[str]) -> None:
    usual = difflib.unified_diff(old, new, "a/f", "b/f", lineterm="")
    assert unified_diff("f", text(old), text(new)) == "\n".join(usual)


def test_a_small_change_of_a_long_text_is_a_small_diff() -> None:
    old = [str(n) for n in range(10 * LINES_MAX)]
    new = [*old[:40_000], "new", *old[40_001:]]
    diff = unified_diff("f", text(old), text(new))
    assert diff.split("\n")[2] == "@@ -39998,7 +39998,7 @@"
    assert apply(diff, old) == new
    assert diff_stat(text(old), text(new)) == "+1 -1 lines"


def test_where_very_much_differs_all_of_it_is_replaced() -> None:
    old, new = ([f"{side}{n}" for n in range(LINES_MAX + 1)] for side in "ab")
    assert diff_stat(text(old), text(new)) == f"+{LINES_MAX + 1} -{LINES_MAX + 1} lines"


def test_it_says_how_much_is_missing() -> None:
    diff = unified_diff("f", "", "x" * DIFF_CHARS_MAX)
    assert len(diff) < DIFF_CHARS_MAX + 50
    assert re.search(r"\n\[[\d,]+ more characters\]$", diff)


@pytest.mark.parametrize(("before", "after"), [("", ""), ("a\n", "a"), ("a\r\nb", "a\nb")])
def test_the_same_lines_are_no_difference(before: str, after: str) -> None:
    assert unified_diff("f", before, after) == ""
    assert diff_stat(before, after) == "+0 -0 lines"
