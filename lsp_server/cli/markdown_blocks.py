"""This module cuts Markdown that streams into blocks that can be rendered on their own."""

from __future__ import annotations

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")


class MarkdownBlocks:
    r"""`MarkdownBlocks` take in pieces of a text and give the blocks that are whole.

    `rest` is what has not ended.

    >>> blocks = MarkdownBlocks()
    >>> blocks.feed("One\nline.\n\n```\na\n\nb\n"), blocks.feed("```\n\nThe")
    (['One\nline.\n\n'], ['```\na\n\nb\n```\n\n'])
    >>> blocks.rest
    'The'
    """

    def __init__(self) -> None:
        self.rest = ""
        self._block: list[str] = []
        self._fence = ""

    def feed(self, text: str) -> list[str]:
        """Takes in the next piece of the text and returns the blocks that it ends."""
        blocks: list[str] = []
        whole, newline, begun = (self._begun + text).rpartition("\n")
        for line in f"{whole}{newline}".splitlines(keepends=True) if newline else ():
            self._take(line, blocks)
        self._begun = begun
        # A line that has begun tells already that what is before it has ended.
        if begun and self._ends_before(begun):
            blocks.append(self._ended())
        self.rest = "".join(self._block) + begun
        return blocks

    def end(self) -> str:
        """Returns what is left at the end of the text."""
        left, self.rest, self._fence, self._begun = self.rest, "", "", ""
        self._block.clear()
        return left

    _begun = ""

    def _take(self, line: str, blocks: list[str]) -> None:
        if self._ends_before(line):
            blocks.append(self._ended())
        self._block.append(line)
        fence = _FENCE.match(line)
        if fence and not self._fence:
            self._fence = fence[1]
        elif fence and line.strip().startswith(self._fence) and not line.strip(f"{fence[1][0]} \n"):
            self._fence = ""

    def _ends_before(self, line: str) -> bool:
        """Says whether a line begins another block than the one that is open."""
        if self._fence or not self._block or self._block[-1].strip() or not line.strip():
            return False
        goes_on = line[0].isspace() or bool(_ITEM.match(line) and _ITEM.match(self._block[0]))
        return not goes_on

    def _ended(self) -> str:
        text = "".join(self._block)
        self._block.clear()
        return text
