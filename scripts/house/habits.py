"""Habits are small choices that add up: broad excepts, callables for seams, many constants."""

from __future__ import annotations

import ast
import re

from scripts.house.sources import Offender, Package, module_assignments, parameters

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
_BROAD = ("Exception", "BaseException")


def broad_excepts(package: Package) -> list[Offender]:
    """Returns each handler of everything: bare, or naming one of the two roots of errors."""
    return [
        module.offender(node, ast.unparse(node.type) if node.type else "bare except")
        for module in package.modules
        for node in module.nodes
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(one, ast.Name) and one.id in _BROAD for one in ast.walk(handler.type))


def callable_parameters(package: Package) -> list[Offender]:
    """Returns the parameters that are annotated with `Callable`; an alias of it is not seen."""
    return [
        module.offender(one, f"{function.name}({one.arg})")
        for module, function in package.functions
        for one in parameters(function)
        if one.annotation is not None and "Callable" in ast.unparse(one.annotation)
    ]


def callable_aliases(package: Package) -> list[Offender]:
    """Returns the names at module level that stand for a `Callable[...]`."""
    return [
        module.offender(node, name)
        for module in package.modules
        for name, node in module_assignments(module.tree)
        if node.value is not None and "Callable[" in ast.unparse(node.value)
    ]


def constants(package: Package) -> list[Offender]:
    """Returns the names at module level in capitals, one underscore before them allowed."""
    return [
        module.offender(node, name)
        for module in package.modules
        for name, node in module_assignments(module.tree)
        if _CONSTANT.fullmatch(name)
    ]
