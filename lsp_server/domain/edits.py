"""Edits of text, with the version that they assume.

Offsets count code points of the text that was read; encodings of positions
belong to the editor protocol and end there.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from lsp_server.domain.errors import EditRejected, StaleEdit
from lsp_server.domain.tools import ToolResult


def fingerprint(text: str) -> str:
    """The version of a text: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Document:
    """A text file as it was read: unsaved buffer first, disk otherwise.

    `text` keeps its line endings and has no byte order mark.
    """

    path: Path
    text: str

    @property
    def version(self) -> str:
        return fingerprint(self.text)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text, both counted from 0; `column` in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open stretch of text."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """Replaces `text[start:end]` by `new_text`; `start == end` inserts."""

    start: int
    end: int
    new_text: str


@dataclass(frozen=True, slots=True)
class FileEdit:
    """Edits of one file against `base`, the version that was read.

    `base` None creates the file and is rejected when it exists. With `deletes`
    the file goes; `edits` is empty then.
    """

    path: Path
    base: str | None
    edits: tuple[TextEdit, ...]
    deletes: bool = False

    def result(self, text: str) -> str:
        """The text after this edit. Raises StaleEdit when `text` is not the base."""
        if self.base is not None and fingerprint(text) != self.base:
            raise StaleEdit(f"{self.path.name} changed since it was read; read it again")
        return apply_edits(text, self.edits)


@dataclass(frozen=True, slots=True)
class EditSet:
    """File edits that belong together, and why they are made, for the person who reviews."""

    files: tuple[FileEdit, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """A change that a tool computed and has not applied.

    `diff` shows it to a person, secrets redacted, and `result` is what the call
    gives once `edits` are applied. Without `edits` there is nothing to change.
    `arguments` are those of the call.
    """

    arguments: Mapping[str, object]
    edits: EditSet | None
    diff: str
    result: ToolResult


def apply_edits(text: str, edits: tuple[TextEdit, ...]) -> str:
    """All edits at once, each against the original. Raises EditRejected on overlap."""
    ordered = sorted(edits)
    if any(edit.end < edit.start for edit in ordered):
        raise EditRejected("an edit ends before it starts")
    for before, after in pairwise(ordered):
        if after.start < before.end or (after.start, after.end) == (before.start, before.end):
            raise EditRejected("the edits overlap; send them as one edit")
    if ordered and not 0 <= ordered[0].start <= ordered[-1].end <= len(text):
        raise EditRejected("an edit lies outside of the text")
    parts: list[str] = []
    at = 0
    for edit in ordered:
        parts += (text[at : edit.start], edit.new_text)
        at = edit.end
    parts.append(text[at:])
    return "".join(parts)


def invert(text: str, edits: tuple[TextEdit, ...]) -> tuple[TextEdit, ...]:
    """The edits that bring `apply_edits(text, edits)` back to `text`."""
    shift = 0
    inverse: list[TextEdit] = []
    for edit in sorted(edits):
        start = edit.start + shift
        inverse.append(TextEdit(start, start + len(edit.new_text), text[edit.start : edit.end]))
        shift += len(edit.new_text) - (edit.end - edit.start)
    return tuple(inverse)


def minimal_edit(before: str, after: str) -> tuple[TextEdit, ...]:
    """The one edit from `before` to `after` without their common prefix and suffix."""
    if before == after:
        return ()
    shortest = min(len(before), len(after))
    start = 0
    while start < shortest and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shortest - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return (TextEdit(start, len(before) - tail, after[start : len(after) - tail]),)


class Lines:
    """Line starts of a text, split as the Language Server Protocol does: \\n, \\r\\n, \\r."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Same lengths, one kind of line ending: then splitting is quick on large texts.
        plain = text.replace("\r\n", " \n").replace("\r", "\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in plain.split("\n")[:-1])]

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, number: int) -> str:
        """Line `number`, counted from 0, without its line ending."""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def position(self, offset: int) -> Position:
        """The position of a code point offset; past the end means the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset) - 1
        return Position(line, offset - self.starts[line])

    def offset(self, position: Position) -> int:
        """The code point offset of a position, clamped into its line."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[max(0, position.line)]
        return start + min(max(0, position.column), len(self.line(max(0, position.line))))
