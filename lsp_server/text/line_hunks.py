"""This module divides the difference of two texts into hunks, each of which can be left out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lsp_server.text.diff import line_opcodes

ID_DIGITS = 8

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")


@dataclass(frozen=True, slots=True)
class LineRange:
    """A `LineRange` has the lines from `start` on and before `end`, both counted from 0."""

    start: int
    end: int

    @property
    def count(self) -> int:
        """Returns how many lines there are."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class LineHunk:
    """A `LineHunk` is one stretch of lines that differs: where it was `before`, and is `after`.

    `id` follows from the lines, so that it stays when other hunks come and go.
    """

    id: str
    before: LineRange
    after: LineRange


def keep_lines(text: str) -> list[str]:
    r"""Returns the lines with their endings, split as editors do.

    >>> keep_lines("a\r\nb\fc\nd")
    ['a\r\n', 'b\x0cc\n', 'd']
    """
    return _LINE.findall(text)


def line_hunks(before: str, after: str) -> tuple[LineHunk, ...]:
    r"""Returns the hunks that lead from one text to the other, from the top down.

    >>> [(hunk.before, hunk.after) for hunk in line_hunks("1\n2\n3\n", "1\n3\n4\n")]
    [(LineRange(start=1, end=2), LineRange(start=1, end=1)), (LineRange(start=3, end=3), LineRange(start=2, end=3))]
    """
    old, new = keep_lines(before), keep_lines(after)
    seen: Counter[str] = Counter()
    found: list[LineHunk] = []
    for kind, a1, a2, b1, b2 in line_opcodes(old, new):
        if kind == "equal":
            continue
        digest = _digest(old[a1:a2], new[b1:b2])
        seen[digest] += 1
        # Of hunks with the same lines the further ones are told apart by their number.
        name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        found.append(LineHunk(name, LineRange(a1, a2), LineRange(b1, b2)))
    return tuple(found)


def without_hunks(
    before: str, after: str, hunks: Sequence[LineHunk], left_out: Collection[str]
) -> str:
    r"""Returns the text `after` as it is without some hunks, which are named by their ids.

    >>> hunks = line_hunks("1\n2\n3\n", "one\n2\nthree\n")
    >>> without_hunks("1\n2\n3\n", "one\n2\nthree\n", hunks, {hunks[0].id})
    '1\n2\nthree\n'
    """
    old, new = keep_lines(before), keep_lines(after)
    lines: list[str] = []
    done = 0
    for hunk in hunks:
        lines += new[done : hunk.after.start]
        if hunk.id in left_out:
            lines += old[hunk.before.start : hunk.before.end]
        else:
            lines += new[hunk.after.start : hunk.after.end]
        done = hunk.after.end
    return "".join(lines + new[done:])


def places_without(hunks: Sequence[LineHunk], left_out: Collection[str]) -> dict[str, LineRange]:
    """Returns where each hunk is in the text that `without_hunks` returns, by its id."""
    shift = 0
    places: dict[str, LineRange] = {}
    for hunk in hunks:
        start = hunk.after.start + shift
        count = hunk.before.count if hunk.id in left_out else hunk.after.count
        places[hunk.id] = LineRange(start, start + count)
        shift += count - hunk.after.count
    return places


def moved(place: LineRange, old: str, new: str) -> tuple[LineRange, bool]:
    r"""Returns where lines of an old text are in a new one, and whether they are unchanged there.

    >>> moved(LineRange(1, 2), "1\n2\n3\n", "0\n1\n2\n3\n")
    (LineRange(start=2, end=3), True)
    >>> moved(LineRange(1, 2), "1\n2\n3\n", "1\ntwo\n3\n")
    (LineRange(start=1, end=2), False)
    """
    if old == new:
        return place, True
    start = end = None
    is_same = True
    for kind, a1, a2, b1, b2 in line_opcodes(keep_lines(old), keep_lines(new)):
        if kind == "equal":
            if start is None and (place.start < a2 or (place.start == a2 and not place.count)):
                start = b1 + max(0, place.start - a1)
            if place.end <= a2 and end is None:
                end = b1 + max(0, place.end - a1)
        elif a1 < place.end and a2 > place.start:
            is_same = False
            start = b1 if start is None else start
            end = b2 if a2 >= place.end else end
    last = len(keep_lines(new))
    start = last if start is None else start
    return LineRange(start, max(start, last if end is None else end)), is_same


def _digest(old: Sequence[str], new: Sequence[str]) -> str:
    text = "".join(old) + "\0" + "".join(new)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_DIGITS]
