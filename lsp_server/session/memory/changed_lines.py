"""Where runs left something: the files that they changed, and the lines that they wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from lsp_server.domain.memories import ActionRecord

LINE_CHARS_MIN = 4
"""A shorter line stands anywhere."""
LINES_MAX = 5_000
"""Of one file."""
LINES_ASKED_MAX = 50


class ChangedLines:
    """Grows with every action; paths are workspace-relative."""

    def __init__(self) -> None:
        self._lines: dict[str, set[str]] = {}

    def add(self, record: ActionRecord) -> None:
        """Takes an action in; commits and what changed nothing do not count."""
        if record.tool == "commit":
            return
        for path in record.files:
            lines = self._lines.setdefault(path, set())
            if len(lines) < LINES_MAX:
                lines.update(_written(record))

    def __contains__(self, path: str) -> bool:
        return path in self._lines

    def wrote(self, path: str, lines: Iterable[str]) -> bool:
        """Whether a run wrote one of these lines of the file, or a part of it."""
        known = self._lines.get(path, set())
        return any(part in line for line in islice(lines, LINES_ASKED_MAX) for part in known)


def _written(record: ActionRecord) -> Iterator[str]:
    """The lines of an edit or of a whole file, without the space around them."""
    with suppress(ValueError):
        match json.loads(record.arguments):
            case {"new_text": str(text)} | {"text": str(text)}:
                stripped = (line.strip() for line in text.split("\n"))
                yield from (line for line in stripped if len(line) >= LINE_CHARS_MIN)
            case _:
                pass
