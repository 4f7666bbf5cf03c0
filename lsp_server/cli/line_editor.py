"""This module makes lines of what is typed where the terminal itself does not show it."""

from __future__ import annotations

import re

CHARS_MAX = 20_000
"""More is not taken in before the line ends."""

_KEY = re.compile(
    r"(?P<paste>\x1b\[200~)|(?P<pasted>\x1b\[201~)"
    r"|(?P<other>\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[ -~])"
    r"|(?P<part>\x1b(?:\[[0-?]*[ -/]*|O)?\Z)"
    r"|(?P<end>\r\n?|\n)|(?P<back>[\b\x7f])|(?P<clear>\x15)|(?P<word>\x17)"
    r"|(?P<text>[^\x00-\x1f\x7f]+|\t)|(?P<none>.)",
    re.DOTALL,
)


class LineEditor:
    r"""A `LineEditor` takes keys in and gives whole lines; a paste may have several in one.

    `text` is what is written so far.

    >>> editor = LineEditor()
    >>> editor.feed("Use tbs\x7f\x7fa"), editor.text
    ([], 'Use ta')
    >>> editor.feed("bs.\r\x1b[200~one\ntwo\x1b[201~\r")
    ['Use tabs.', 'one\ntwo']
    """

    def __init__(self) -> None:
        self.text = ""
        self._rest = ""
        self._is_pasted = False

    def feed(self, keys: str) -> list[str]:
        """Takes in what was typed and returns the lines that it ends."""
        lines: list[str] = []
        keys, self._rest = self._rest + keys, ""
        for key in _KEY.finditer(keys):
            self._take(key.lastgroup or "", key[0], lines)
        return lines

    def _take(self, kind: str, key: str, lines: list[str]) -> None:
        match kind:
            case "end" if not self._is_pasted:
                lines.append(self.text)
                self.text = ""
            case "end" | "text":
                self.text = (self.text + ("\n" if kind == "end" else key))[:CHARS_MAX]
            case "back":
                self.text = self.text[:-1]
            case "word":
                self.text = self.text.rstrip().rpartition(" ")[0]
            case "clear":
                self.text = ""
            case "paste" | "pasted":
                self._is_pasted = kind == "paste"
            case "part":
                self._rest = key
            case _:
                pass  # Arrows and the like move nothing here.
