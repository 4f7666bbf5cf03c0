"""Measures a Python package and its tests, and counts what breaks the rules of the house.

    python -m scripts.measure_house [--package lsp_server] [--tests tests] [--names]

With `--names` each row and each rule lists its offenders. A glossary, where there is one,
adds its rules. The exit status is 0 whatever the figures say: the tests hold the rules.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from scripts.house.glossary import forbidden_words
from scripts.house.rules import RULES, Rule, glossary_rules
from scripts.house.sources import Offender, read_package
from scripts.house.table import Row, as_text, measure

ROOT = Path(__file__).parents[1]
PACKAGE_LEAVES_OUT = ("cli/sample", "evaluation/suite")
"""The demo's sample project and the tasks that ship: for the agent to work on, not code of ours."""


def main() -> None:
    options = _options()
    package = read_package(options.package, PACKAGE_LEAVES_OUT)
    rows = measure(package, read_package(options.tests))
    broken = [(rule, rule.offenders(package)) for rule in _rules(options.glossary)]
    print(as_text(rows))
    print()
    print(as_text(Row(str(rule), _places(found)) for rule, found in broken))
    if options.names:
        _list((row.measure, row.offenders) for row in rows)
        _list((str(rule), found) for rule, found in broken)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--package", type=Path, default=ROOT / "lsp_server", help="its folder")
    parser.add_argument("--tests", type=Path, default=ROOT / "tests", help="the tests' folder")
    parser.add_argument("--glossary", type=Path, default=ROOT / "docs" / "glossary.md")
    parser.add_argument("--names", action="store_true", help="list the offenders of each row")
    return parser.parse_args()


def _rules(glossary: Path) -> tuple[Rule, ...]:
    if not glossary.exists():
        return RULES
    return (*RULES, *glossary_rules(forbidden_words(glossary)))


def _places(found: list[Offender]) -> str:
    files = len({one.path for one in found})
    return f"{len(found)} in {files} files" if found else "holds"


def _list(groups: Iterable[tuple[str, Iterable[Offender]]]) -> None:
    for name, offenders in groups:
        if lines := [f"  {one}" for one in offenders]:
            print(f"\n{name}", *lines, sep="\n")


if __name__ == "__main__":
    main()
