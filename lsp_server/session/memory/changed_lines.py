"""`ChangedLines` know which files runs changed, and which lines they wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from lsp_server.domain.memories import COMMIT, ActionRecord

LINE_CHARS_MIN = 4
"""A shorter line is in any file by chance."""
LINES_MAX = 5_000
"""Lines that are known of one file."""
LINES_ASKED_MAX = 50


class ChangedLines:
    """`ChangedLines` knows the lines that runs wrote, by file; it grows with every action.

    >>> changed = ChangedLines()
    >>> text = '{"path": "a.py", "text": "import os"}'
    >>> changed.add(ActionRecord("1", "run", 1, "", "write", "a.py", text, files=("a.py",)))
    >>> "a.py" in changed, changed.wrote("a.py", ["import os  # new"])
    (True, True)
    """

    def __init__(self) -> None:
        self._lines: dict[str, set[str]] = {}

    def add(self, action: ActionRecord) -> None:
        """Takes an action in; commits do not count, as no run made them."""
        if action.tool == COMMIT:
            return
        stripped = [line.strip() for line in written_text(action).split("\n")]
        for path in action.files:
            # A path counts even when nobody knows which lines a command wrote.
            lines = self._lines.setdefault(path, set())
            if len(lines) < LINES_MAX:
                lines.update(line for line in stripped if len(line) >= LINE_CHARS_MIN)

    def __contains__(self, path: str) -> bool:
        return path in self._lines

    def wrote(self, path: str, lines: Iterable[str]) -> bool:
        """Says whether a run wrote one of the first LINES_ASKED_MAX lines, or a part of it."""
        known = self._lines.get(path, set())
        return any(part in line for line in islice(lines, LINES_ASKED_MAX) for part in known)


def written_text(action: ActionRecord) -> str:
    """Returns the text that an edit put into a file, or that of the whole file; else empty."""
    with suppress(ValueError):
        match json.loads(action.arguments):
            case {"new_text": str(text)} | {"text": str(text)}:
                return text
            case _:
                pass
    return ""
