"""This module turns our places into the editor's.

Encodings of positions end here and in `from_lsp.py`.
"""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from lsp_server.domain.edits import Lines, TextEdit, apply_edits
from lsp_server.server.from_lsp import Encoding, code_units


def uri(path: Path) -> str:
    """Returns the `file:` URI of an absolute path."""
    return path.as_uri()


def position(lines: Lines, offset: int, encoding: Encoding) -> types.Position:
    """Returns the position of a code point offset."""
    place = lines.position(offset)
    before = lines.line(place.line)[: place.column]
    return types.Position(place.line, code_units(before, encoding))


def text_edits(text: str, edits: tuple[TextEdit, ...], encoding: Encoding) -> list[types.TextEdit]:
    """Converts edits of `text` that do not overlap."""
    # Between \r and \n there is no position: such edits grow until they begin and end at one.
    if any(_splits(text, edit.start) or _splits(text, edit.end) for edit in edits):
        edits = (_around_line_endings(text, edits),)
    lines = Lines(text)
    return [
        types.TextEdit(
            range=types.Range(
                position(lines, edit.start, encoding), position(lines, edit.end, encoding)
            ),
            new_text=edit.new_text,
        )
        for edit in edits
    ]


def range_in_line(number: int, line: str, start: int, end: int, encoding: Encoding) -> types.Range:
    """Returns a range within line `number`, whose text is `line`, from code points."""
    return types.Range(
        types.Position(number, code_units(line[:start], encoding)),
        types.Position(number, code_units(line[:end], encoding)),
    )


def whole_line(number: int) -> types.Range:
    """Returns all of line `number`, counted from 0."""
    return types.Range(types.Position(number, 0), types.Position(number + 1, 0))


def _splits(text: str, offset: int) -> bool:
    """Says whether an offset lies inside a line ending, where no position is."""
    return text[max(0, offset - 1) : offset + 1] == "\r\n"


def _around_line_endings(text: str, edits: tuple[TextEdit, ...]) -> TextEdit:
    """The edits as one that starts and ends where positions are."""
    start = min(edit.start for edit in edits)
    end = max(edit.end for edit in edits)
    start -= _splits(text, start)
    end += _splits(text, end)
    after = apply_edits(text, edits)
    return TextEdit(start, end, after[start : len(after) - (len(text) - end)])
