"""This module reads what a program printed as a terminal leaves it: the text alone."""

from __future__ import annotations

import re

_STRING = r"[^\x07\x18\x1a\x1b\x90\x98\x9b-\x9f]*+(?:\x07|\x1b\\|\x9c)"
"""What a terminal takes in without showing it, as the address of a link, to its end.

One that does not end is shown, so that nobody hides the rest of an output. No text is
looked at twice, as none of what begins a sequence is in it.
"""
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<parameters>[0-?]*+)[ -/]*+(?P<final>[@-~]?)"
    rf"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:{_STRING})?"
    r"|\x1b[ -/]*+[0-~]?"
    r"|[\x00-\x07\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
"""Escape sequences (ECMA-48, and what xterm takes), and control characters that show nothing."""
_ERASE_REST = "\x1b"
"""Stands for the one sequence that changes the line which it is in; no other is left."""
_MOVING = re.compile(f"[\b{_ERASE_REST}]|\r(?!\n|\\Z)")


def terminal_text(output: str) -> str:
    r"""Returns an output without escape sequences, and progress bars as they were at their end.

    >>> terminal_text("\x1b[1mbold\x1b[0m, 10 %\r20 %\n")
    '20 %\n'
    >>> terminal_text("\x1b]8;;https://example.com\x1b\\a link\x1b]8;;\x1b\\, B\bBo\bol\bld")
    'a link, Bold'
    """
    text = _SEQUENCE.sub(_kept, output)
    if _MOVING.search(text) is None:
        return text.replace("\r\n", "\n").removesuffix("\r")
    return "\n".join(map(_line, text.split("\n")))


def _kept(found: re.Match[str]) -> str:
    match found["final"], found["parameters"]:
        case "K", "" | "0":
            return _ERASE_REST
        case "G", "" | "0" | "1":
            return "\r"
        case _:
            return ""


def _line(line: str) -> str:
    """Returns a line as it is after its last character; what comes behind `\r` replaces it."""
    if not _MOVING.search(line):
        return line.rstrip("\r")
    shown: list[str] = []
    column, begins_anew = 0, False
    for char in line:
        if char == "\r":
            column, begins_anew = 0, True
        elif char == "\b":
            column = max(0, column - 1)
        elif char == _ERASE_REST:
            del shown[column:]
        else:
            if begins_anew:
                shown.clear()
            shown[column : column + 1] = char
            column, begins_anew = column + 1, False
    return "".join(shown)
