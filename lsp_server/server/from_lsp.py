"""This module turns the editor's places into ours.

Encodings of positions end here and in `to_lsp.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from lsprotocol import types

from lsp_server.domain.edits import Lines, Position
from lsp_server.domain.goals import Finding
from lsp_server.models.surrogates import joined

Encoding: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]

_SEVERITIES: Mapping[int, Literal["error", "warning", "information", "hint"]] = {
    1: "error",
    2: "warning",
    3: "information",
    4: "hint",
}


def path(uri: str) -> Path | None:
    """Returns the resolved path of a `file:` URI; None for every other document.

    A file has neither query nor fragment, so that `?` and `#` belong to its name.

    >>> path("untitled:Untitled-1") is None
    True
    """
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "file":
        return None
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        rest = slash + rest
        if host not in ("", "localhost"):
            return None
    try:
        # Names on a disk are bytes, which need not be UTF-8.
        text = os.fsdecode(unquote_to_bytes(rest))
        if not text.startswith("/") or "\0" in text:
            return None
        return Path(text).resolve()
    except (OSError, RuntimeError, UnicodeError):
        return None  # A loop of symbolic links has no path, and half a character no file.


def offset(lines: Lines, position: types.Position, encoding: Encoding) -> int:
    """Returns the code point offset of a position; beyond a line or text, that of its end."""
    if position.line >= len(lines):
        return len(lines.text)
    number = max(0, position.line)
    column = _code_points(lines.line(number), position.character, encoding)
    return lines.offset(Position(number, column))


def apply_change(
    text: str, change: types.TextDocumentContentChangeEvent, encoding: Encoding
) -> str:
    """Applies one change of a buffer and returns the new text."""
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return joined(change.text)
    lines = Lines(text)
    start = offset(lines, change.range.start, encoding)
    # A client may send the ends of an empty range in the wrong order.
    end = max(start, offset(lines, change.range.end, encoding))
    return f"{text[:start]}{joined(change.text)}{text[end:]}"


def finding(
    path: str, line: int, message: str, severity: int | None, source: str | None
) -> Finding:
    """Returns a diagnostic of a workspace-relative path; `line` counts from 0."""
    return Finding(message, path, line + 1, _SEVERITIES[severity or 1], source or "")


def code_units(text: str, encoding: Encoding) -> int:
    """Returns the length of a text as the client counts it."""
    # Nearly all lines are ASCII, and then every encoding counts alike.
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text) + sum(char > "\uffff" for char in text)
    return len(text.encode("utf-8", "surrogatepass"))


def _code_points(line: str, units: int, encoding: Encoding) -> int:
    """Counts the whole code points that fit into `units` code units."""
    if encoding == "utf-32" or line.isascii():
        return units
    used = 0
    for index, char in enumerate(line):
        used += code_units(char, encoding)
        if used > units:
            return index
    return len(line)
