"""This module searches the files where ripgrep is missing, as a program that can be killed.

`python -m lsp_server.tools.scan (text|regex)[-caseless] QUERY ROOT PLACE [FILE]…`
writes ripgrep's JSON for matches in PLACE, a file or folder below ROOT, and in
the FILEs; ignored files are left out. An expression that cannot be read is
named as ripgrep names it, indented, so that no line of it looks like JSON.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from typing import TextIO

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.disk import read_text
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace


def main(arguments: Sequence[str], out: TextIO) -> int:
    """Writes the matches to `out`; returns 0, or 2 for an expression that cannot be read."""
    options, query, root, place, *copies = arguments
    flags = re.IGNORECASE if options.endswith("-caseless") else re.NOFLAG
    try:
        pattern = re.compile(query if options.startswith("regex") else re.escape(query), flags)
    except re.error as error:
        out.write(f"regex parse error:\n{indent(query, ' ' * 4)}\nerror: {error}\n")
        return 2
    for file in [*_files(Workspace(Path(root)), Path(place)), *map(Path, copies)]:
        with suppress(ToolError):
            for number, line in enumerate(re.split(r"\r\n|\r|\n", read_text(file).text), 1):
                if pattern.search(line):
                    out.write(_json_line(file, number, line))
    return 0


def _files(workspace: Workspace, place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    for path in Ignore(workspace).walk(place):
        yield workspace.root / path


def _json_line(file: Path, number: int, line: str) -> str:
    data = {"path": {"text": str(file)}, "line_number": number, "lines": {"text": line}}
    return json.dumps({"type": "match", "data": data}) + "\n"


if __name__ == "__main__":
    # Told to stop reading by `head`, it ends like any other program in a pipe.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with open(1, "w", encoding="utf-8", errors="replace") as output:
        sys.exit(main(sys.argv[1:], output))
