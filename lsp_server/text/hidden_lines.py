"""This module knows which lines of a Markdown text are code blocks and comments."""

from __future__ import annotations

import re

_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})")


class HiddenLines:
    """A `HiddenLines` reads lines from the top down, and says of each whether it only shows something.

    >>> hidden = HiddenLines()
    >>> [hidden.hides(line) for line in ("text", "```", "# no heading", "```", "<!-- a note -->")]
    [False, True, True, True, True]
    """

    def __init__(self) -> None:
        self._fence = ""
        self._in_comment = False

    def hides(self, line: str) -> bool:
        """Says whether the next line belongs to a code block or an HTML comment."""
        if self._in_comment:
            self._in_comment = "-->" not in line
            return True
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence["fence"].startswith(self._fence) and not line[fence.end() :].strip():
                self._fence = ""
            return True
        if fence:
            self._fence = fence["fence"]
            return True
        if line.lstrip().startswith("<!--"):
            self._in_comment = "-->" not in line
            return True
        return False
