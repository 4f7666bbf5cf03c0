"""Which changes of a file of tests only add to it."""

from __future__ import annotations

import pytest

from lsp_server.goals.added_tests import only_adds

OLD = """\
import unittest
from calc import add

class TestAdd(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)
"""
NEW = "\n    def test_zero(self):\n        self.assertEqual(add(0, 0), 0)\n"
JS = 'test("adds", () => {\n  expect(add(2, 3)).toBe(5);\n});\n'


@pytest.mark.parametrize(
    ("before", "after", "only"),
    [
        (OLD, OLD, True),
        (OLD, OLD + NEW, True),
        (OLD, OLD.replace("\nclass", NEW + "\nclass"), True),
        (OLD, OLD.replace("import add", "import add, sub") + NEW, True),
        (OLD, OLD.replace("\n", "\r\n"), True),
        (JS, JS + 'test("zero", () => {\n  expect(add(0, 0)).toBe(0);\n});\n', True),
        # What was there is another, or gone.
        (OLD, "", False),
        (OLD, OLD.replace(", 5)", ", -1)"), False),
        (OLD, OLD.replace("        self.assertEqual(add(2, 3), 5)\n", "        pass\n"), False),
        (OLD, OLD.replace("    def", "    # def"), False),
        (OLD, OLD.replace("test_add", "xtest_add"), False),
        (OLD, OLD.replace("    def", "  if 0:\n    def").replace("        self", "          self"), False),
        # What was there is turned off.
        (OLD, OLD.replace("    def", "    @unittest.skip('later')\n    def"), False),
        (OLD, OLD.replace("    def", "    @unittest.expectedFailure\n    @pytest.mark.xfail\n    def"), False),
        (OLD, OLD.replace("        self", "        self.skipTest('')\n        self"), False),
        (OLD, OLD.replace("\nclass", '\n"""\nclass') + '"""\n', False),
        (OLD, "import sys\nsys.exit(0)\n" + OLD, False),
        (OLD, OLD + "\n    assertEqual = lambda *_: None\n", False),
        (OLD, OLD + "\nclass TestAdd:\n    pass\n", False),
        (OLD, OLD + "\n    def test_add(self):\n        pass\n", False),
        (OLD, OLD + "\n__test__ = False\n", False),
        (JS, "/*\n" + JS + "*/\n", False),
        (JS, JS + 'test.only("zero", () => {});\n', False),
        (JS, JS + 'test("adds", () => {});\n', False),
    ],
)  # fmt: skip
def test_tests_that_were_there_are_as_they_were(before: str, after: str, only: bool) -> None:
    assert only_adds(before, after) is only
