"""This module defines edits of text, each with the version of the text that it assumes.

An edit is made against a text that was read, and names that text's fingerprint. An Editor
compares before it applies one, so that no edit lands in a text that has changed meanwhile.
Offsets and columns count code points; the encodings of positions that an editor protocol
knows (UTF-8, UTF-16) are translated at its border. All functions are pure.
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
    """Returns the version of a text: the first 16 hexadecimal digits of its SHA-256.

    >>> fingerprint("")
    'e3b0c44298fc1c14'
    """
    # A text that came as JSON may hold half of a surrogate pair, which UTF-8 refuses.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Document:
    """A `Document` is a text file as it was read: from the unsaved buffer, else from disk.

    `path` is absolute. `text` keeps its line endings and has no byte order mark.
    """

    path: Path
    text: str

    @property
    def version(self) -> str:
        """Returns the fingerprint of the text, which an edit names as its base."""
        return fingerprint(self.text)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A `Position` is a place in a text: line and column count from 0, columns in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Range:
    """A `Range` is a stretch of text from `start` up to, and without, `end`."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """A `TextEdit` replaces `text[start:end]` by `new_text`; with `start == end` it inserts."""

    start: int
    end: int
    new_text: str


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A `FileEdit` holds the edits of one file against `base`, the version that was read.

    `path` is absolute. `base` None creates the file, and is rejected when it exists. With
    `deletes` the file is removed, and `edits` is empty.
    """

    path: Path
    base: str | None
    edits: tuple[TextEdit, ...]
    deletes: bool = False

    def result(self, text: str) -> str:
        """Returns the text after this edit.

        Raises StaleEdit when `text` is not the base, EditRejected when the edits overlap.
        """
        if self.base is not None and fingerprint(text) != self.base:
            raise StaleEdit(f"{self.path.name} changed since it was read; read it again")
        return apply_edits(text, self.edits)


@dataclass(frozen=True, slots=True)
class EditSet:
    """An `EditSet` holds file edits that are applied together or not at all.

    `reason` says in one line why, for the person who reviews them.
    """

    files: tuple[FileEdit, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """A `PlannedEdit` is a change that a tool has computed and not applied yet.

    `arguments` are those of the call. `edits` None means that there is nothing to
    change. `diff` shows the change to a person, secrets redacted, as do the whole texts
    `shown_before` and `shown_after`; `result` is what the call gives once the edits are applied.
    """

    arguments: Mapping[str, object]
    edits: EditSet | None
    diff: str
    result: ToolResult
    shown_before: str = ""
    shown_after: str = ""


def apply_edits(text: str, edits: tuple[TextEdit, ...]) -> str:
    """Returns the text with all edits made at once; their offsets are those of the original.

    The order of `edits` does not matter. Raises EditRejected when two of them overlap or
    insert at the same place, when one ends before it starts, and when one lies outside of
    the text.

    >>> apply_edits("one two", (TextEdit(4, 7, "2"), TextEdit(0, 3, "1")))
    '1 2'
    """
    ordered = sorted(edits)
    if any(edit.end < edit.start for edit in ordered):
        raise EditRejected("an edit ends before it starts")
    for before, after in pairwise(ordered):
        # Which of two insertions at one place comes first would be left to chance.
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
    """Returns the edits that bring `apply_edits(text, edits)` back to `text`.

    >>> edits = (TextEdit(0, 3, "1"),)
    >>> back = invert("one two", edits)
    >>> apply_edits(apply_edits("one two", edits), back)
    'one two'
    """
    shift = 0
    inverse: list[TextEdit] = []
    for edit in sorted(edits):
        start = edit.start + shift
        inverse.append(TextEdit(start, start + len(edit.new_text), text[edit.start : edit.end]))
        shift += len(edit.new_text) - (edit.end - edit.start)
    return tuple(inverse)


def minimal_edit(before: str, after: str) -> tuple[TextEdit, ...]:
    """Returns the one edit from `before` to `after`, without what they share at both ends.

    The result is empty when the texts are equal. A small edit keeps cursors, folds and
    marks of an editor where they are.

    >>> minimal_edit("size = 10", "size = 12")
    (TextEdit(start=8, end=9, new_text='2'),)
    """
    if before == after:
        return ()
    shortest = min(len(before), len(after))
    start = 0
    while start < shortest and before[start] == after[start]:
        start += 1
    tail = 0
    # The two ends may not overlap: "aa" to "a" has the same letter at both.
    while tail < shortest - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return (TextEdit(start, len(before) - tail, after[start : len(after) - tail]),)


class Lines:
    r"""`Lines` finds positions and offsets in a text, with the line endings \n, \r\n and \r.

    These are the three line endings of the Language Server Protocol; Python's
    `splitlines` knows more of them.

    >>> lines = Lines("a\r\nbc\rd")
    >>> len(lines), lines.line(1)
    (3, 'bc')
    >>> lines.position(4)
    Position(line=1, column=1)
    >>> lines.offset(Position(1, 1))
    4
    """

    def __init__(self, text: str) -> None:
        self.text = text
        # Same lengths, one kind of line ending: then splitting is quick on large texts.
        plain = text.replace("\r\n", " \n").replace("\r", "\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in plain.split("\n")[:-1])]

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, number: int) -> str:
        """Returns line `number`, counted from 0, without its line ending."""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def position(self, offset: int) -> Position:
        """Returns the position of a code point offset; one past the end means the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset) - 1
        return Position(line, offset - self.starts[line])

    def offset(self, position: Position) -> int:
        """Returns the code point offset of a position.

        A column past the end of its line means the end of the line, a line past the last
        one the end of the text, as the Language Server Protocol has it.
        """
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[max(0, position.line)]
        return start + min(max(0, position.column), len(self.line(max(0, position.line))))
