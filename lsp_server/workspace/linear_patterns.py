"""This module makes patterns of ignore rules match in time proportional to the path.

A rule such as `*a*a*a*b` becomes a regular expression that tries each way to cut a
name into pieces. The first place where a piece stands is as good as any later one,
as what follows may begin anywhere behind it; so nothing is tried twice.
"""

from __future__ import annotations

import re

_STARS = re.compile(r"(?:\[\^/\]\*)+")
_FOLDERS = re.compile(r"(\(\?:\.\+/\)\?|\(\?:/\.\+\)\?)")
_LAZY = {"(?:.+/)?": "(?:.+?/)??", "(?:/.+)?": "(?:/.+?)??"}
"""How pathspec writes `**/` and `/**`, and the same with the shortest way first."""


def linear(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """Returns an equal expression that tries nothing twice, of the form that pathspec gives them."""
    start, *rest = _FOLDERS.split(pattern.pattern)
    parts = [_within(start)]
    for at in range(0, len(rest), 2):
        folders, names = rest[at], _within(rest[at + 1])
        is_last = at + 2 == len(rest)
        parts.append(folders + names if is_last else f"(?>{_LAZY[folders]}{names}(?=/))")
    text = "".join(parts)
    return pattern if text == pattern.pattern else re.compile(text, pattern.flags)


def _within(names: str) -> str:
    """Stars that stand for part of a name. The last one has to reach the end of the name."""
    first, *pieces = _STARS.split(names)
    if not pieces:
        return first
    *between, last = pieces
    return first + "".join(f"(?>[^/]*?{piece})" for piece in between) + f"[^/]*{last}"
