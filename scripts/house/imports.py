"""An import cycle is a set of modules that all reach each other by their imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from scripts.house.sources import FUNCTIONS, Module, Package

Graph: TypeAlias = Mapping[str, AbstractSet[str]]
"""The modules that each module imports, by dotted names."""


def import_graph(package: Package, *, everywhere: bool) -> Graph:
    """Returns who imports whom within the package.

    `everywhere` counts imports inside functions and below `if TYPE_CHECKING` too. An import
    of a module does not count as one of the packages around it.
    """
    known = {module.name for module in package.modules}
    graph: dict[str, set[str]] = {}
    for module in package.modules:
        nodes = module.nodes if everywhere else tuple(_at_import_time(module.tree))
        graph[module.name] = _imported(module, nodes, known)
    return graph


def _at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.orelse:
                yield statement
                yield from _at_import_time(statement)
            continue
        yield child
        yield from _at_import_time(child)


def _imported(module: Module, nodes: tuple[ast.AST, ...], known: AbstractSet[str]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            whole = {f"{base}.{alias.name}" for alias in node.names}
            found |= whole & known or {base}
    return (found & known) - {module.name}


def _base(module: Module, node: ast.ImportFrom) -> str:
    """Returns the dotted name after `from`, with leading dots resolved."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    dropped = node.level - (module.path.name == "__init__.py")
    parts = parts[: len(parts) - dropped]
    return ".".join([*parts, node.module] if node.module else parts)


def cycles(graph: Graph) -> list[list[str]]:
    """Returns the sets of modules that reach each other, the largest first, sorted by name."""
    found = [sorted(each) for each in _components(graph) if len(each) > 1]
    return sorted(found, key=lambda each: (-len(each), each))


def _components(graph: Graph) -> list[list[str]]:
    """Finds the strongly connected components, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            components.append(stack[at:])
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    return components
