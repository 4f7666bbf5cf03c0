"""This module merges the changes of two sides into one text, line by line."""

from __future__ import annotations

from merge3 import Merge3

LINES_MAX = 20_000
"""Longer texts are not merged: comparing them could take minutes."""


def merge(base: str, mine: str, theirs: str) -> str | None:
    r"""Applies the changes from `base` to `theirs` to `mine`; None when both changed the same lines.

    Also None for texts of more than LINES_MAX lines.

    >>> merge("1\n2\n3\n", "one\n2\n3\n", "1\n2\nthree\n")
    'one\n2\nthree\n'
    >>> merge("1\n", "one\n", "eins\n") is None
    True
    """
    texts = [text.splitlines(keepends=True) for text in (base, mine, theirs)]
    if max(map(len, texts)) > LINES_MAX:
        return None
    base_lines, my_lines, their_lines = texts
    parts: list[str] = []
    for region in Merge3(base_lines, my_lines, their_lines).merge_regions():
        match region:
            case ("unchanged", int(start), int(end)):
                parts += base_lines[start:end]
            case ("a" | "same", int(start), int(end)):
                parts += my_lines[start:end]
            case ("b", int(start), int(end)):
                parts += their_lines[start:end]
            case _:
                return None
    return "".join(parts)
