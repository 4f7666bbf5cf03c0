"""This module shows the difference between two texts, to people and models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import TypeAlias

from lsp_server.text.excerpt import split_lines
from lsp_server.text.truncate import truncate_counting

LINES_MAX = 5000
"""Where more lines than that differ they are not compared one by one: it could take seconds."""
DIFF_CHARS_MAX = 20_000
CONTEXT_LINES = 3

Opcode: TypeAlias = tuple[str, int, int, int, int]
"""A step from the old lines to the new: its kind, and the range it is about in each."""


def unified_diff(path: str, before: str, after: str) -> str:
    r"""Returns a unified diff, cut at DIFF_CHARS_MAX; empty when no line differs.

    >>> print(unified_diff("a.txt", "1\n2\n", "1\n3\n"))
    --- a/a.txt
    +++ b/a.txt
    @@ -1,2 +1,2 @@
     1
    -2
    +3
    """
    old, new = split_lines(before), split_lines(after)
    if old == new:
        return ""
    text = "\n".join([f"--- a/{path}", f"+++ b/{path}", *hunks(old, new)])
    return truncate_counting(text, DIFF_CHARS_MAX)


def hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yields the lines of a unified diff of lines, behind its head."""
    for group in _groups(old, new):
        yield from _hunk(group, old, new)


def diff_stat(before: str, after: str) -> str:
    r"""Returns the number of lines added and removed.

    >>> diff_stat("1\n2\n", "1\n3\n4\n")
    '+2 -1 lines'
    """
    added = removed = 0
    for kind, a1, a2, b1, b2 in line_opcodes(split_lines(before), split_lines(after)):
        if kind != "equal":
            removed += a2 - a1
            added += b2 - b1
    return f"+{added} -{removed} lines"


def line_opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """Returns the steps from old to new. What is equal at both ends costs next to nothing."""
    pairs = zip(old, new, strict=False)
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    rest = min(len(old), len(new)) - start
    pairs = zip(reversed(old), reversed(new), strict=False)
    same = takewhile(lambda pair: pair[0] == pair[1], pairs)
    end = min(rest, sum(1 for _ in same))
    old_end, new_end = len(old) - end, len(new) - end
    opcodes: list[Opcode] = [("equal", 0, start, 0, start)] if start else []
    if max(old_end, new_end) - start > LINES_MAX:
        opcodes.append(("replace", start, old_end, start, new_end))
    else:
        matcher = SequenceMatcher(None, old[start:old_end], new[start:new_end])
        for kind, a1, a2, b1, b2 in matcher.get_opcodes():
            opcodes.append((kind, a1 + start, a2 + start, b1 + start, b2 + start))
    if end:
        opcodes.append(("equal", old_end, len(old), new_end, len(new)))
    return opcodes


def _groups(old: Sequence[str], new: Sequence[str]) -> Iterator[list[Opcode]]:
    matcher: SequenceMatcher[str] = SequenceMatcher(None, "", "")
    matcher.opcodes = line_opcodes(old, new)  # type: ignore[attr-defined]
    return (list(group) for group in matcher.get_grouped_opcodes(CONTEXT_LINES))


def _hunk(group: Sequence[Opcode], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    first, last = group[0], group[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
    for kind, a1, a2, b1, b2 in group:
        if kind == "equal":
            yield from (f" {line}" for line in old[a1:a2])
        else:
            yield from (f"-{line}" for line in old[a1:a2])
            yield from (f"+{line}" for line in new[b1:b2])


def _range(start: int, end: int) -> str:
    """A range as unified diffs write it: of no lines, it names the line before."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
