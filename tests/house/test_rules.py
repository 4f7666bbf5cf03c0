"""The rules of the house, held; `python -m scripts.measure_house --names` lists each place."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.house.glossary import forbidden_words
from scripts.house.rules import RULES, Rule, glossary_rules
from scripts.house.sources import Package, read_package
from scripts.measure_house import PACKAGE_LEAVES_OUT

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"


@pytest.fixture(scope="module")
def house() -> Package:
    return read_package(ROOT / "lsp_server", PACKAGE_LEAVES_OUT)


@pytest.mark.parametrize("rule", [*RULES, *glossary_rules(forbidden_words(GLOSSARY))], ids=str)
def test_the_house_keeps_its_rule(rule: Rule, house: Package) -> None:
    assert not rule.offenders(house)
