"""This module reads a unified diff, finds what is quoted from it, and says in which line that is now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

QUOTE_CHARS_MIN = 3
"""A shorter quote would be found anywhere."""

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_PATH = re.compile(r'(?:---|\+\+\+) "?[ab]/(.*?)"?\t?')


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A `DiffLine` is a line of a diff without its sign: `+`, `-` or a blank.

    `number` counts from 1 in the new file; of a line that is gone it is where it was. `hunk`
    counts the stretches of the diff from 1.
    """

    sign: str
    text: str
    number: int
    hunk: int


def diff_lines(diff: str) -> Mapping[str, tuple[DiffLine, ...]]:
    """Returns the lines of a unified diff by path, that of the old file where there is no new one."""
    found: dict[str, list[DiffLine]] = {}
    for path, line in _lines(diff):
        found.setdefault(path, []).append(line)
    return {path: tuple(lines) for path, lines in found.items()}


def find_quote(lines: tuple[DiffLine, ...], quote: str) -> int | None:
    r"""Returns the number of the line at which a quote begins; None where it is nowhere.

    Lines that were added come first. White space at the ends of lines does not count.

    >>> diff = "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    >>> find_quote(diff_lines(diff)["a"], "+ three"), find_quote(diff_lines(diff)["a"], "four")
    (2, None)
    """
    wanted = [each for line in quote.splitlines() if (each := line.strip())]
    if sum(map(len, wanted)) < QUOTE_CHARS_MIN:
        return None
    bare = [re.sub(r"^[+-]\s*", "", each) for each in wanted]
    for signs in ("+", "+ ", "+ -"):
        shown = [line for line in lines if line.sign in signs and line.text.strip()]
        for parts in (wanted, bare):
            if (at := _index(shown, parts)) is not None:
                return shown[at].number
    return None


def _index(lines: list[DiffLine], parts: list[str]) -> int | None:
    for at in range(len(lines) - len(parts) + 1):
        here = lines[at : at + len(parts)]
        if len(parts) == 1 and parts[0] in here[0].text:
            return at
        if all(line.text.strip() == part for line, part in zip(here, parts, strict=True)):
            return at
    return None


def _lines(diff: str) -> Iterator[tuple[str, DiffLine]]:
    path = ""
    old = new = number = count = 0
    for line in diff.split("\n"):
        if old or new:
            sign, text = line[:1] or " ", line[1:]
            if sign == "\\":
                continue
            yield path, DiffLine(sign, text, number, count)
            old -= sign in "- "
            new -= sign in "+ "
            number += sign in "+ "
        elif hunk := _HUNK.match(line):
            old, new = int(hunk[1] or 1), int(hunk[3] or 1)
            number, count = int(hunk[2]), count + 1
        elif named := _PATH.fullmatch(line):
            path = named[1]
