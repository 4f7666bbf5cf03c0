"""This module joins surrogates, halves of UTF-16 pairs, which no file and no message can hold.

Some endpoints split an emoji over two pieces of a stream, and models write half of
one as an escape. Halves that belong together are joined; a lone one becomes U+FFFD.
"""

from __future__ import annotations

import re

_ANY = re.compile("[\ud800-\udfff]")
_FIRST_AT_END = re.compile("[\ud800-\udbff]\\Z")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class Joining:
    """Joins the halves of one text that comes in pieces."""

    def __init__(self) -> None:
        self._half = ""

    def take(self, piece: str) -> str:
        """Returns what is certain by now; the first half of a pair is kept until the next piece."""
        text = self._half + piece
        self._half = text[-1] if _FIRST_AT_END.search(text) else ""
        return joined(text[: len(text) - len(self._half)])

    def end(self) -> str:
        """Returns what was kept and never completed."""
        half, self._half = self._half, ""
        return joined(half)


def joined(text: str) -> str:
    """Returns the text with pairs joined and U+FFFD for each lone half."""
    if _ANY.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def without_lone_escapes(json: str) -> str:
    r"""Replaces lone halves that JSON escapes, as in `"\ud83d"`; all else stays as it was written."""
    return _ESCAPE.sub(lambda found: r"\ufffd" if found["lone"] else found.group(), json)
