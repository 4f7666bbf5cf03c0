"""Size is counted in lines of files and functions, levels of nesting, methods and parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scripts.house.sources import (
    FUNCTIONS,
    Function,
    Offender,
    Package,
    line_count,
    parameters,
)

_BLOCKS = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While),
    *(ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
)
_OWN_MEASURE = (*FUNCTIONS, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Spread:
    """A spread tells how a set of sizes lies; all of it is zero when there is none."""

    median: float
    p90: int
    longest: int


def spread(sizes: Iterable[int]) -> Spread:
    """Returns the median, the size at nine tenths of the sorted list, and the largest.

    For an even number of sizes the median is the mean of the two in the middle.
    """
    ordered = sorted(sizes)
    if not ordered:
        return Spread(0, 0, 0)
    count = len(ordered)
    median = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return Spread(median, ordered[int(count * 0.9)], ordered[-1])


def long_files(package: Package, lines_max: int = 400) -> list[Offender]:
    return [
        module.offender(1, f"{module.lines} lines")
        for module in package.modules
        if module.lines > lines_max
    ]


def short_files(package: Package, lines_min: int = 40) -> list[Offender]:
    return [
        module.offender(1, f"{module.lines} lines")
        for module in package.modules
        if module.lines < lines_min
    ]


def long_functions(package: Package, lines_max: int = 50) -> list[Offender]:
    return [
        module.offender(function, f"{function.name} has {line_count(function)} lines")
        for module, function in package.functions
        if line_count(function) > lines_max
    ]


def methods(definition: ast.ClassDef) -> list[Function]:
    """Returns all that is defined in the class itself: public, private, dunder and properties."""
    return [node for node in definition.body if isinstance(node, FUNCTIONS)]


def large_classes(package: Package, methods_max: int = 15) -> list[Offender]:
    return [
        module.offender(one, f"{one.name} has {len(methods(one))} methods")
        for module, one in package.classes
        if len(methods(one)) > methods_max
    ]


def many_parameters(package: Package, parameters_max: int = 7) -> list[Offender]:
    return [
        module.offender(function, f"{function.name} takes {len(parameters(function))}")
        for module, function in package.functions
        if len(parameters(function)) > parameters_max
    ]


def nesting(function: Function) -> int:
    """Counts the blocks around its deepest statement.

    `elif` is as deep as its `if`, and `case` as its `match`. A nested function, class or
    lambda is measured on its own.
    """
    return max((_depth(node, 0) for node in function.body), default=0)


def _depth(node: ast.AST, depth: int) -> int:
    if isinstance(node, _OWN_MEASURE):
        return depth
    depth += isinstance(node, _BLOCKS)
    return max((depth, *(_depth(child, level) for child, level in _inside(node, depth))))


def _inside(node: ast.AST, depth: int) -> Iterator[tuple[ast.AST, int]]:
    """Yields the children; an `elif` counts from the level of its `if`."""
    elifs = node.orelse if isinstance(node, ast.If) and len(node.orelse) == 1 else []
    for child in ast.iter_child_nodes(node):
        is_elif = isinstance(child, ast.If) and any(child is one for one in elifs)
        yield child, depth - 1 if is_elif else depth


def deep_functions(package: Package, depth_min: int = 4) -> list[Offender]:
    return [
        module.offender(function, f"{function.name} nests {nesting(function)} deep")
        for module, function in package.functions
        if nesting(function) >= depth_min
    ]
