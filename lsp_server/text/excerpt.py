"""This module numbers the lines of a text as the model reads them: `12<tab>text`, from 1."""

from __future__ import annotations

import re

from lsp_server.text.count import count_of

LINE_CHARS_MAX = 500


def split_lines(text: str) -> list[str]:
    r"""Returns the lines without their endings, split as editors do; a final newline starts no line.

    >>> split_lines("a\r\nb\n")
    ['a', 'b']
    """
    # `str.splitlines` also splits at form feeds and other marks, which editors do not.
    lines = re.split(r"\r\n|\r|\n", text)
    return lines[:-1] if lines[-1] == "" else lines


def numbered_lines(lines: list[str], start: int, end: int) -> str:
    r"""Lines `start` to `end`, counted from 1 and both included, as far as there are so many.

    >>> numbered_lines(["a", "b", "c"], 2, 9)
    '2\tb\n3\tc'
    """
    first = max(1, start)
    return "\n".join(
        f"{number}\t{cut_line(line)}" for number, line in enumerate(lines[first - 1 : end], first)
    )


def cut_line(line: str) -> str:
    """Returns the line, or its first LINE_CHARS_MAX characters with a note of how many are missing."""
    if len(line) <= LINE_CHARS_MAX:
        return line
    return f"{line[:LINE_CHARS_MAX]}… [{count_of(len(line) - LINE_CHARS_MAX, 'more character')}]"
