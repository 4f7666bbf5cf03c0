"""A sentence is for people; code that reads our own sentences back breaks when one is reworded.

A comparison is found when a literal with words in it meets

- a text that a person or a model reads: `.text`, `.title`, `.reason`, `.message`, `str(error)`,
  or a variable that was set from one of these in the same function; or
- any text at all, and the package itself writes that literal, or the start of it, elsewhere.

Comparisons are `==`, `in`, `startswith`, `removeprefix`, `partition`, `split` and their kin,
`re.match` and its kin with the pattern in place, and the cases of a `match`. A word of a
`Literal[...]` is a state and no sentence.

It does not see a compiled pattern, a first line cut off by its line break, a text that crosses
a function under another name, and a literal that is put together at run time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from scripts.house.sources import (
    Module,
    Offender,
    Package,
    bare_strings,
    last_word,
    module_assignments,
)

Literals: TypeAlias = Mapping[str, list[str]]
"""The texts in a module's constants, by the name of the constant."""

_TEXTS = ("text", "title", "reason", "message")
_ERRORS = re.compile(r"e|err|exc|error|exception|\w+_error")
_METHODS = (
    *("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition"),
    *("split", "rsplit", "find", "rfind", "index", "count"),
)
_SEARCHES = ("match", "search", "fullmatch")
_WORDED = re.compile(r"[A-Za-z]{3}|[^\s] | [^\s]")
"""Three letters, or a mark with its space as in `"$ "`."""
_SENTENCE = re.compile(r"[A-Za-z]{3}.* | .*[A-Za-z]{3}")
"""Three letters and a space: words, not a format of somebody else."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One place where a text meets literals."""

    node: ast.expr
    subject: ast.expr
    operand: ast.expr


@dataclass(frozen=True, slots=True)
class _File:
    module: Module
    comparisons: list[_Comparison]
    constants: Literals


def compared_sentences(package: Package) -> list[Offender]:
    """Returns each comparison of a text with a literal of our own words."""
    files = [_File(one, list(_comparisons(one)), _constants(one)) for one in package.modules]
    written = [text for file in files for text in _written(file) if _SENTENCE.search(text)]
    states = _states(package)
    found = [
        file.module.offender(node, f"{literal!r} is read back from {ast.unparse(subject)}")
        for file in files
        for node, subject, literal in _read_back(file, written)
        if literal not in states
    ]
    return list(dict.fromkeys(found))


def _read_back(file: _File, written: list[str]) -> Iterator[tuple[ast.expr, ast.expr, str]]:
    variables = _set_from_texts(file.module)
    for one in file.comparisons:
        subject = _peeled(one.subject)
        is_variable = isinstance(subject, ast.Name) and (id(one.node), subject.id) in variables
        is_text = is_variable or _is_text(subject)
        for literal in _literals(one.operand, file.constants):
            if (is_text and _WORDED.search(literal)) or _is_ours(literal, written):
                yield one.node, one.subject, literal


def _comparisons(module: Module) -> Iterator[_Comparison]:
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=attr), args=[a, b, *_]):
                if attr in _SEARCHES:
                    yield _Comparison(node, b, a)
            case ast.Call(func=ast.Attribute(value=subject, attr=attr), args=[operand, *_]):
                if attr in _METHODS:
                    yield _Comparison(node, subject, operand)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                if isinstance(operator, ast.Eq | ast.NotEq):
                    yield _Comparison(node, left, right)
                    yield _Comparison(node, right, left)
                elif isinstance(operator, ast.In | ast.NotIn):
                    yield _Comparison(node, right, left)
            case ast.Match(subject=subject, cases=cases):
                for pattern in (inner for case in cases for inner in ast.walk(case.pattern)):
                    if isinstance(pattern, ast.MatchValue):
                        yield _Comparison(pattern.value, subject, pattern.value)
            case _:
                pass


def _peeled(subject: ast.expr) -> ast.expr:
    """Returns what a method or a subscript is applied to: `a.text` of `a.text.strip()[1:]`."""
    match subject:
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner):
            return _peeled(inner)
        case _:
            return subject


def _is_text(subject: ast.expr) -> bool:
    """Says whether an expression is what a person or a model reads."""
    match subject:
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return bool(_ERRORS.fullmatch(name))
        case ast.Attribute(attr=attr):
            return attr in _TEXTS
        case _:
            return False


def _set_from_texts(module: Module) -> set[tuple[int, str]]:
    """Returns the variables that hold such a text, each with every node of its function."""
    found: set[tuple[int, str]] = set()
    for function in module.functions:
        nodes = list(ast.walk(function))
        names = {
            name.id
            for node in nodes
            if isinstance(node, ast.Assign) and _is_text(_peeled(node.value))
            for target in node.targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        }
        found |= {(id(node), name) for node in nodes for name in names}
    return found


def _constants(module: Module) -> Literals:
    return {
        name: _texts_in(node.value)
        for name, node in module_assignments(module.tree)
        if node.value is not None
    }


def _literals(operand: ast.expr, constants: Literals) -> list[str]:
    match operand:
        case ast.Name(id=name):
            return constants.get(name, [])
        case ast.Constant() | ast.JoinedStr() | ast.Tuple():
            return _texts_in(operand)
        case _:
            return []


def _texts_in(node: ast.AST) -> list[str]:
    return [
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def _written(file: _File) -> Iterator[str]:
    """Yields the texts of a file that are not there to be compared with."""
    operands = [one.operand for one in file.comparisons]
    names = {one.id for one in operands if isinstance(one, ast.Name)}
    values = [one.value for name, one in module_assignments(file.module.tree) if name in names]
    passed = bare_strings(file.module)
    passed |= {id(inner) for one in (*operands, *values) if one for inner in ast.walk(one)}
    for node in file.module.nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in passed:
                yield text
            case _:
                pass


def _states(package: Package) -> set[str]:
    """Returns the words of each `Literal[...]`: to compare with a state is no parsing."""
    return {
        text
        for module in package.modules
        for node in module.nodes
        if isinstance(node, ast.Subscript) and last_word(node.value) == "Literal"
        for text in _texts_in(node)
    }


def _is_ours(literal: str, written: list[str]) -> bool:
    words = literal.strip()
    return bool(_SENTENCE.search(literal)) and any(
        words in one or words.startswith(one.strip()) for one in written
    )
