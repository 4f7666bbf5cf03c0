"""This script writes down what may stand in a journal: `tests/data/journal_words.txt`.

    python scripts/journal_words.py [--check]

A line for each thing with its fields, and with the values of those that have a few fixed ones.
With `--check` nothing is written: exit status 1 says that the file is stale. Where the format in
its first line was released, raise `FORMAT` in `agent/journal_format.py` before it is written anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lsp_server.agent.journal_format import FORMAT, journal_schema

FILE = Path(__file__).parents[1] / "tests" / "data" / "journal_words.txt"


def text() -> str:
    """Returns what the file has to say."""
    things = journal_schema()["$defs"]
    lines = [f"{name}: {' '.join(_words(things[name]))}" for name in sorted(things)]
    return "\n".join([f"format {FORMAT}", *lines, ""])


def _words(thing: Mapping[str, Any]) -> Iterator[str]:
    for name, field in sorted(thing["properties"].items()):
        values = sorted(set(_values(field)))
        yield f"{name}={'|'.join(values)}" if values else name


def _values(field: Any) -> Iterator[str]:
    """The fixed values in the schema of a field, however deep it names them."""
    match field:
        case {"const": value}:
            yield str(value)
        case {"enum": list(values)}:
            yield from map(str, values)
        case {"anyOf": list(parts)}:
            for part in parts:
                yield from _values(part)
        case {"items": part}:
            yield from _values(part)
        case _:
            pass


def main() -> int:
    """Writes the file, or compares it. Returns the exit status."""
    wanted = text()
    if "--check" in sys.argv[1:]:
        return int(FILE.read_text("utf-8") != wanted)
    FILE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
