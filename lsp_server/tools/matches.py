r"""This module has the form in which a program that searches files reports its matches.

A match is a line: the path, a NUL, then line and column, counted from 1, and the
beginning of the line, as ripgrep writes them: `a.py\03:5:def needle():`. A column counts
bytes of UTF-8. Names with line feeds are left out of a search, as they could pass for
another match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINE_BYTES_MAX = 2_000
"""So much of a line is reported. The line itself may be a whole file."""

RIPGREP_OPTIONS = (
    "--no-heading",
    "--with-filename",
    "--line-number",
    "--column",
    "--null",
    "--color=never",
    "--no-messages",
    f"--max-columns={LINE_BYTES_MAX}",
    "--max-columns-preview",
    "--glob=!*\n*",
)

_PLACE = re.compile(r"(\d+):(\d+):")
_BINARY = re.compile(r"(?:WARNING: stopped searching )?binary file ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """A `Match` is a line of a file that matches; `column` is where in it, in bytes from 0."""

    path: Path
    line: int
    column: int
    text: str


def read_matches(output: str) -> Iterator[Match]:
    """Yields the matches of an output; other lines are skipped."""
    # A line of a file may hold marks at which `str.splitlines` splits.
    for reported in output.split("\n"):
        path, nul, rest = reported.partition("\0")
        if nul and (place := _PLACE.match(rest)):
            text = rest[place.end() :].rstrip("\r")
            yield Match(Path(path), int(place[1]), int(place[2]) - 1, text)


def errors_in(output: str) -> str:
    """Returns what a program says beside its matches, empty when that is nothing of interest."""
    lines = [line for line in output.split("\n") if "\0" not in line and not _BINARY.search(line)]
    return "\n".join(lines).strip()


def report(path: Path, line: int, column: int, text: str) -> str:
    """Returns a match as a program reports it; `column` is in code points from 0."""
    before = len(text[:column].encode("utf-8", "surrogatepass"))
    return f"{path}\0{line}:{before + 1}:{text[:LINE_BYTES_MAX]}\n"
