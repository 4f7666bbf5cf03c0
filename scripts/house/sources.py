"""A package is read once and parsed once; all that is measured is measured on that."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Documented: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Offender:
    """An offender is one place that breaks a rule; `path` is relative to the package's parent folder."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Module:
    """A module is one Python file; its `path` is relative to the package's parent folder."""

    path: PurePosixPath
    text: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @functools.cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @property
    def name(self) -> str:
        """Returns the dotted name by which it is imported."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def functions(self) -> Iterator[Function]:
        """Yields all of them: methods and nested functions are functions too."""
        return (node for node in self.nodes if isinstance(node, FUNCTIONS))

    @property
    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in self.nodes if isinstance(node, ast.ClassDef))

    def offender(self, node: ast.AST | int, what: str) -> Offender:
        """Names a place in this file, by a node or by a line counted from 1."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return Offender(str(self.path), line, what)


@dataclass(frozen=True)
class Package:
    """A package is the Python files below one folder, sorted by path."""

    modules: tuple[Module, ...]

    @functools.cached_property
    def lines(self) -> int:
        return sum(module.lines for module in self.modules)

    @functools.cached_property
    def functions(self) -> tuple[tuple[Module, Function], ...]:
        return tuple((module, one) for module in self.modules for one in module.functions)

    @functools.cached_property
    def classes(self) -> tuple[tuple[Module, ast.ClassDef], ...]:
        return tuple((module, one) for module in self.modules for one in module.classes)

    def per_thousand_lines(self, count: int) -> float:
        return 1_000 * count / self.lines if self.lines else 0.0


def read_package(folder: Path, leave_out: Sequence[str] = ()) -> Package:
    """Reads every `*.py` below a folder but those below `leave_out`, which is relative to it.

    Raises FileNotFoundError when there is none, SyntaxError later when one cannot be parsed.
    """
    left_out = [folder / each for each in leave_out]
    paths = [
        path
        for path in sorted(folder.rglob("*.py"))
        if not any(path.is_relative_to(each) for each in left_out)
    ]
    if not paths:
        raise FileNotFoundError(f"{folder} holds no Python files; name a folder with --package")
    return package_of(
        {path.relative_to(folder.parent).as_posix(): path.read_text("utf-8") for path in paths}
    )


def package_of(texts: Mapping[str, str]) -> Package:
    """Makes a package of texts by path, such as `{"shop/till.py": "TOTAL = 1"}`."""
    return Package(tuple(Module(PurePosixPath(path), texts[path]) for path in sorted(texts)))


def line_count(function: Function) -> int:
    """Counts from `def` to the last line; decorators are left out, the docstring is not."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def last_word(node: ast.AST | None) -> str:
    """Returns the last identifier of an expression: `text` of `event.result.text`, else "".

    A subscript gives its key when that is text, so `row["tool"]` is `tool`.
    """
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Call(func=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
            return last_word(inner)
        case _:
            return ""


def parameters(function: Function) -> list[ast.arg]:
    """Returns the named parameters in order, without `self`, `cls`, `*args` and `**kwargs`."""
    every = function.args
    named = [*every.posonlyargs, *every.args, *every.kwonlyargs]
    return [one for one in named if one.arg not in ("self", "cls")]


def module_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    """Yields each name that is assigned at module level, with its statement."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from ((one.id, node) for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node


def bare_strings(module: Module) -> set[int]:
    """Returns the ids of the constants that stand alone as statements: docstrings, mostly."""
    return {
        id(node.value)
        for node in module.nodes
        if isinstance(node, ast.Expr) and is_bare_string(node)
    }


def is_bare_string(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False
