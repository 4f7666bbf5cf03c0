"""This module says in a line what a run does at this moment: its last words, or what takes how long."""

from __future__ import annotations

from typing import Literal

from lsp_server.text.truncate import ELLIPSIS

SECONDS_MIN = 2
"""What takes less is not counted."""
SECONDS_MAX = 24 * 3600
WORDS_CHARS_MAX = 400
"""So much of an answer's end is kept."""

Doing = Literal["thinks", "writes", "works", "waits"]


class CurrentWork:
    """A `CurrentWork` is what a run does now, since a time in seconds on any one clock.

    >>> work = CurrentWork()
    >>> work.begin("thinks", "thinking", at=10.0)
    >>> work.text(at=10.5, chars_max=40), work.text(at=22.3, chars_max=40)
    ('thinking', 'thinks 12 s')
    >>> work.write("I see.\\nThe parser drops the last line of a file.", at=23.0)
    >>> work.text(at=23.0, chars_max=25)
    '…the last line of a file.'
    """

    def __init__(self) -> None:
        self._doing: Doing = "waits"
        self._label = ""
        self._words = ""
        self._since = 0.0

    def is_counted(self, *, at: float) -> bool:
        """Says whether its seconds are counted; those of a person are not, and none for ever."""
        return self._doing in ("thinks", "works") and at - self._since < SECONDS_MAX

    def begin(self, doing: Doing, label: str, *, at: float) -> None:
        """Something else is done from here on."""
        self._doing, self._label, self._words, self._since = doing, label, "", at

    def write(self, words: str, *, at: float) -> None:
        """The model wrote some more words."""
        if self._doing == "thinks":
            self.begin("writes", self._label, at=at)
        if self._doing == "writes":
            self._words = (self._words + words)[-WORDS_CHARS_MAX:]

    def text(self, *, at: float, chars_max: int) -> str:
        """Returns the line; of words the end, of all else the beginning and the seconds."""
        if line := " ".join(self._words.rstrip().rpartition("\n")[2].split()):
            return line if len(line) <= chars_max else ELLIPSIS + line[1 - chars_max :].lstrip()
        seconds = int(at - self._since)
        if not self.is_counted(at=at) or seconds < SECONDS_MIN:
            return self._label
        return f"thinks {seconds} s" if self._doing == "thinks" else f"{seconds} s · {self._label}"
