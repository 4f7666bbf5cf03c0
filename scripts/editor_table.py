"""This script writes what works in which editor into the pages of `editor-client/editors`.

    python scripts/editor_table.py [--check]

An ability that a test shows of an editor, by its marker `shows`, is tested;
`abilities.toml` has the words for the others. Each page ends with what is written here,
below a line that says so. With `--check` nothing is written: exit status 1 says that a page is stale.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
EDITORS = ROOT / "editor-client" / "editors"
BELOW = "<!-- Below: written by scripts/editor_table.py -->"
TESTED, NOTHING = "tested", "-"

Cells = Mapping[tuple[str, str], str]
"""The word for each editor and ability."""


class AbilityCollector:
    """A plug-in of pytest collects the abilities that tests show, without running them."""

    def __init__(self) -> None:
        self.pairs: set[tuple[str, str]] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for marker in item.iter_markers("shows"):
                editor, *abilities = marker.args
                self.pairs |= {(editor, ability) for ability in abilities}


def tested_abilities() -> set[tuple[str, str]]:
    """Returns the editors and abilities that a test shows."""
    collector = AbilityCollector()
    quietly = ["--collect-only", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        status = pytest.main([*quietly, str(ROOT / "tests" / "end_to_end")], [collector])
    if status != pytest.ExitCode.OK:
        sys.exit(output.getvalue())
    return collector.pairs


def cells(data: Mapping[str, Any], tested: set[tuple[str, str]]) -> Cells:
    """Returns a word for each ability; ends on unknown names, and on words beside a test."""
    known = {(editor, ability) for editor in data["editors"] for ability in data["abilities"]}
    if unknown := tested - known:
        sys.exit(f"abilities.toml has no {sorted(unknown)}")
    said = {
        (editor, key): word
        for editor, words in data["editors"].items()
        for key, word in words.items()
        if key not in ("title", "folder")
    }
    if needless := (said.keys() & tested) | (said.keys() - known):
        sys.exit(f"abilities.toml need not have {sorted(needless)}")
    return {pair: TESTED if pair in tested else said.get(pair, NOTHING) for pair in known}


def table(data: Mapping[str, Any], words: Cells) -> str:
    editors = data["editors"]
    rows = [["", *(editor["title"] for editor in editors.values())], ["---"] * (len(editors) + 1)]
    for ability, title in data["abilities"].items():
        rows.append([title, *(words[editor, ability] for editor in editors)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def line(data: Mapping[str, Any], words: Cells, editor: str) -> str:
    """Lists what works in one editor, tested first, as a paragraph."""
    kinds: dict[str, list[str]] = {TESTED: []}
    for ability, title in data["abilities"].items():
        kinds.setdefault(words[editor, ability], []).append(title)
    kinds["not there"] = kinds.pop(NOTHING, [])
    parts = [f"*{kind}*: {'; '.join(titles)}" for kind, titles in kinds.items() if titles]
    return f"{data['editors'][editor]['title']}, {'. '.join(parts)}."


def pages(data: Mapping[str, Any], words: Cells) -> dict[Path, str]:
    """Returns the end of each page."""
    ends = {EDITORS / "README.md": table(data, words)}
    for name, editor in data["editors"].items():
        if "folder" in editor:
            path = EDITORS / editor["folder"] / "README.md"
            lines = [ends[path]] if path in ends else []
            ends[path] = "\n\n".join([*lines, line(data, words, name)])
    return ends


def main() -> int:
    data = tomllib.loads((EDITORS / "abilities.toml").read_text("utf-8"))
    stale = 0
    for path, end in pages(data, cells(data, tested_abilities())).items():
        text = path.read_text("utf-8")
        fresh = f"{text.partition(BELOW)[0].rstrip()}\n\n{BELOW}\n\n{end}\n"
        stale |= fresh != text
        if "--check" not in sys.argv[1:]:
            path.write_text(fresh, "utf-8")
    return stale if "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
