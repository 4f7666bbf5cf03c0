"""Numbered lines of a text, as the model is shown them: `12<tab>text`, counted from 1."""

from __future__ import annotations

import re

LINE_CHARS_MAX = 500


def split_lines(text: str) -> list[str]:
    """Lines without their endings, split as editors do; a final newline starts no line."""
    lines = re.split(r"\r\n|\r|\n", text)
    return lines[:-1] if lines[-1] == "" else lines


def numbered_lines(lines: list[str], start: int, end: int) -> str:
    """Lines `start` to `end`, both included, as far as there are so many."""
    first = max(1, start)
    return "\n".join(
        f"{number}\t{cut_line(line)}" for number, line in enumerate(lines[first - 1 : end], first)
    )


def cut_line(line: str) -> str:
    """A line that fits; it says how much is missing."""
    if len(line) <= LINE_CHARS_MAX:
        return line
    return f"{line[:LINE_CHARS_MAX]}… [{len(line) - LINE_CHARS_MAX} more characters]"
