"""A task of 22 steps as people give them every day, as a scripted model does it.

It looks around, finds a bug, mends it, adds a feature with its tests, and runs the tests
after each change. In the mode `ask` 14 of the steps ask: 7 edits, 6 runs of the tests and
the program itself.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.faults import FaultyTurn
from tests.harness.workshop import calls, finish

FILES = {
    "shop/__init__.py": "",
    "shop/money.py": "def total(prices):\n    return sum(prices[1:])\n",
    "shop/report.py": "from shop.money import total\n\nprint('total', total([1, 2]))\n",
    "tests/__init__.py": "",
    "tests/test_money.py": (
        "import unittest\n\nfrom shop.money import total\n\n\n"
        "class MoneyTest(unittest.TestCase):\n"
        "    def test_total(self):\n"
        "        self.assertEqual(total([1, 2, 3]), 6)\n"
    ),
    "README.md": "# Shop\n",
}

TESTS = "python -m unittest"


def _shell(command: str) -> tuple[str, dict[str, Any]]:
    return "shell", {"command": command}


def _edit(path: str, old: str, new: str) -> tuple[str, dict[str, Any]]:
    return "edit", {"path": path, "old_text": old, "new_text": new}


STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list", {}),
    ("read", {"path": "shop/money.py"}),
    ("read", {"path": "tests/test_money.py"}),
    ("search", {"query": "total"}),
    _shell(TESTS),
    _edit("shop/money.py", "prices[1:]", "prices"),
    _shell(f"{TESTS} -v"),
    _shell("cat shop/report.py"),
    ("write", {"path": "shop/tax.py", "text": "def with_tax(amount):\n    return amount * 119\n"}),
    _edit("tests/test_money.py", "import total\n", "import total\nfrom shop.tax import with_tax\n"),
    _shell(f"{TESTS} tests.test_money"),
    _edit(
        "tests/test_money.py",
        "6)\n",
        "6)\n\n    def test_tax(self):\n        self.assertEqual(with_tax(100), 119)\n",
    ),
    _shell(f"{TESTS} -f"),
    ("read", {"path": "shop/tax.py"}),
    _edit("shop/tax.py", "amount * 119", "amount * 119 // 100"),
    _shell(f"{TESTS} tests.test_money -v"),
    _edit("shop/report.py", "print('total', total([1, 2]))", "print('total', total([1, 2, 3]))"),
    _shell("python -m shop.report"),
    _edit("README.md", "# Shop\n", "# Shop\n\nPrices can be taxed.\n"),
    _shell("grep -rn tax shop"),
    _shell(f"{TESTS} tests"),
)
"""The calls, one a step; the last step finishes."""


def turns() -> list[FaultyTurn]:
    """The answers of the model, the last of which finishes."""
    return [*(calls(step) for step in STEPS), finish()]
