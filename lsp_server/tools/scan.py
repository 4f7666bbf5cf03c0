"""This module searches the files where ripgrep is missing, as a program that can be killed.

`python -m lsp_server.tools.scan (text|regex)[-caseless][-lines] QUERY` reports matches
in the files whose paths come as input, a NUL after each, as ripgrep does
(`matches.py`). With `lines` a match may go over several of them. An expression that
cannot be read is named as ripgrep names it.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from textwrap import indent
from typing import TextIO

from lsp_server.domain.errors import ToolError
from lsp_server.tools.matches import report
from lsp_server.workspace.files.disk import read_text
from lsp_server.workspace.files.path_list import read_path_list


def main(arguments: Sequence[str], paths: bytes, out: TextIO) -> int:
    """Writes the matches in the files at `paths` to `out`; returns 0, or 2 for an expression that cannot be read."""
    options, query = arguments
    kind, *wanted = options.split("-")
    flags = re.IGNORECASE if "caseless" in wanted else re.NOFLAG
    flags |= re.MULTILINE if "lines" in wanted else re.NOFLAG
    find = _in_text if "lines" in wanted else _in_lines
    try:
        pattern = re.compile(query if kind == "regex" else re.escape(query), flags)
    except re.error as error:
        out.write(f"regex parse error:\n{indent(query, ' ' * 4)}\nerror: {error}\n")
        return 2
    for file in read_path_list(paths):
        with suppress(ToolError):
            out.writelines(
                report(file, number, column, line)
                for number, column, line in find(pattern, read_text(file).text)
            )
    return 0


def _in_lines(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int, str]]:
    """Yields number, column and text of each line that has a match."""
    for number, line in enumerate(text.split("\n"), 1):
        start = 0
        # Where only \r ends a line, an expression is about what is between two of them.
        for part in line.split("\r"):
            if found := pattern.search(part):
                yield number, start + found.start(), line
                break
            start += len(part) + 1


def _in_text(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int, str]]:
    """Yields the lines in which a match begins."""
    number, start = 1, 0
    for found in pattern.finditer(text):
        number += text.count("\n", start, found.start())
        start = found.start()
        begin = text.rfind("\n", 0, start) + 1
        end = text.find("\n", start)
        yield number, start - begin, text[begin : end if end >= 0 else len(text)]


if __name__ == "__main__":
    # Told to stop reading by `head`, it ends like any other program in a pipe.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with open(1, "w", encoding="utf-8", errors="surrogateescape") as output:
        sys.exit(main(sys.argv[1:], sys.stdin.buffer.read(), output))
