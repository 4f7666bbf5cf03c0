"""A test suite is measured by the size of its tests and by what it replaces with mocks."""

from __future__ import annotations

import ast

from scripts.house.size import Spread, spread
from scripts.house.sources import Function, Module, Offender, Package, last_word, line_count

_MOCKS = ("Mock", "MagicMock", "AsyncMock", "NonCallableMock", "PropertyMock", "create_autospec")
_REPLACING = ("setattr", "delattr", "setitem", "delitem")


def suite_functions(tests: Package) -> list[tuple[Module, Function]]:
    """Returns the functions whose name begins with `test`."""
    return [(module, one) for module, one in tests.functions if one.name.startswith("test")]


def suite_sizes(tests: Package) -> Spread:
    return spread(line_count(one) for _, one in suite_functions(tests))


def mocks(tests: Package) -> list[Offender]:
    """Returns each mock that is made and each thing of the code that is replaced.

    These are calls of `Mock` and its kin, of `patch` and `patch.object`, of the fixture
    `mocker`, and of `monkeypatch` where it replaces an attribute or an item. To set a
    variable of the environment replaces nothing.
    """
    return [
        module.offender(node, ast.unparse(node.func))
        for module in tests.modules
        for node in module.nodes
        if isinstance(node, ast.Call) and _replaces(node.func)
    ]


def _replaces(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _MOCKS or called.id == "patch"
    if not isinstance(called, ast.Attribute):
        return False
    owner = last_word(called.value)
    return (
        called.attr in _MOCKS
        or owner in ("patch", "mocker")
        or (called.attr == "patch" and owner == "mock")
        or (owner == "monkeypatch" and called.attr in _REPLACING)
    )
