"""A tool's name belongs to the tool's own file; this finds it spelled out anywhere else.

A name is declared where a class below a folder `tools` sets `spec`: the first argument of the
call, or its `name`. Elsewhere its literal is found

- compared with a name or a tool: `call.name == "shell"`, `event.tool in ("plan", "finish")`,
- in a `case` over a name or a tool: `match call.name, arguments` with `case "read", _`,
- among names of tools alone: `("recall", "plan")`, or as the keys of a mapping,
- handed to a parameter whose name speaks of a tool: `decide("shell", …)` for `decide(tool, …)`,
- quoted in a condition of SQL on a column `tool`.

It does not see names that are put together at run time, a variable with another name
(`what == "shell"`), a lone name in a collection, keys of a tool's arguments (`"new_text"`), and
names inside of prose such as prompts. A literal that is compared with a `kind` or a `mode` is
another word and is let pass.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from scripts.house.sources import (
    FUNCTIONS,
    Module,
    Offender,
    Package,
    bare_strings,
    last_word,
    parameters,
)

Signatures: TypeAlias = Mapping[str, list[list[str]]]
"""For each name of a function or a class, the parameters of all that bear it."""

_SPEAKS = ("tool", "tools", "name", "names")
_OTHER_WORDS = ("kind", "mode", "tone")


def declared_tools(package: Package) -> dict[str, str]:
    """Returns the path of the file that declares each tool, by the tool's name."""
    return {
        name: str(module.path)
        for module in package.modules
        if "tools" in module.path.parts[:-1]
        for definition in module.classes
        for statement in definition.body
        if (name := _declared(statement))
    }


def _declared(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id="spec")], value=ast.Call() as call):
            pass
        case ast.AnnAssign(target=ast.Name(id="spec"), value=ast.Call() as call):
            pass
        case _:
            return ""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
    match [*named, *call.args]:
        case [ast.Constant(value=str(name)), *_]:
            return name
        case _:
            return ""


def tool_names_elsewhere(package: Package) -> list[Offender]:
    """Returns each place outside of a tool's own file that spells out its name.

    Where a folder `tools` declares no name at all, that is the one offender: else the rule
    would hold because it sees nothing.
    """
    tools = declared_tools(package)
    folders = [one for one in package.modules if "tools" in one.path.parts[:-1]]
    if folders and not tools:
        return [folders[0].offender(1, "no class declares the name of a tool in its `spec`")]
    signatures = _signatures(package)
    found: list[Offender] = []
    for module in package.modules:
        finder = _Finder(frozenset(tools), signatures, bare_strings(module))
        spelled = {id(node): (node, how) for node, how in finder.find(module)}
        found.extend(
            module.offender(node, f"{node.value!r} {how}")
            for node, how in spelled.values()
            if tools.get(str(node.value)) != str(module.path)
        )
    return sorted(found, key=lambda one: (one.path, one.line, one.what))


Spelled: TypeAlias = Iterator[tuple[ast.Constant, str]]
"""Literals of tools' names, each with how it is used."""


@dataclass
class _Finder:
    """Walks one file; a literal that is part of two constructions is found for each."""

    tools: AbstractSet[str]
    signatures: Signatures
    bare: AbstractSet[int]
    other: set[int] = field(default_factory=set)
    """The ids of literals that were seen to be words for something else."""

    def find(self, module: Module) -> Spelled:
        self.other.update(_words_for_something_else(module))
        for node in module.nodes:
            match node:
                case ast.Compare():
                    yield from self._compared(node)
                case ast.Match():
                    yield from self._matched(node)
                case ast.Call():
                    yield from self._handed_over(node)
                case ast.Tuple() | ast.List() | ast.Set():
                    yield from self._collected(node.elts)
                case ast.Dict():
                    yield from self._collected([one for one in node.keys if one is not None])
                case ast.Constant(value=str(text)) if id(node) not in self.bare:
                    if self._is_condition(text):
                        yield node, "is a condition"
                case _:
                    pass

    def _names_in(self, node: ast.AST) -> Iterator[ast.Constant]:
        """Yields the literals of an operand: itself, or the elements of a collection."""
        operands = [node]
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            operands = list(node.elts)
        elif isinstance(node, ast.Call) and last_word(node) in ("frozenset", "set", "tuple"):
            operands = [inner for one in node.args for inner in self._names_in(one)]
        for one in operands:
            if isinstance(one, ast.Constant) and one.value in self.tools:
                yield one

    def _compared(self, node: ast.Compare) -> Spelled:
        sides = [node.left, *node.comparators]
        if any(_speaks_of_tool(side) for side in sides):
            for side in sides:
                yield from ((one, "is compared") for one in self._names_in(side))

    def _matched(self, node: ast.Match) -> Spelled:
        for case in node.cases:
            for subject, part in _pairs(node.subject, case.pattern):
                if _speaks_of_tool(subject):
                    yield from self._values(part)
            yield from self._keywords(case.pattern)

    def _values(self, pattern: ast.pattern) -> Spelled:
        for one in _alternatives(pattern):
            match one:
                case ast.MatchValue(value=ast.Constant(value=value) as literal):
                    if value in self.tools:
                        yield literal, "is a case"
                case _:
                    pass

    def _keywords(self, pattern: ast.pattern) -> Spelled:
        """Finds `case ToolCall(name="shell")`, wherever it stands in a pattern."""
        for node in ast.walk(pattern):
            if isinstance(node, ast.MatchClass):
                for name, part in zip(node.kwd_attrs, node.kwd_patterns, strict=True):
                    if name in _SPEAKS:
                        yield from self._values(part)

    def _handed_over(self, node: ast.Call) -> Spelled:
        for keyword in node.keywords:
            if keyword.arg and _is_tool(keyword.arg):
                yield from ((one, "is handed over") for one in self._names_in(keyword.value))
        for names in self.signatures.get(last_word(node.func), []):
            for name, argument in zip(names, node.args, strict=False):
                if _is_tool(name):
                    yield from ((one, "is handed over") for one in self._names_in(argument))

    def _collected(self, elements: list[ast.expr]) -> Spelled:
        names = [one for one in elements if any(self._names_in(one)) and id(one) not in self.other]
        variables = [one for one in elements if _speaks_of_tool(one)]
        if len(elements) > 1 and names and len(names) + len(variables) == len(elements):
            for one in names:
                yield from ((name, "is collected") for name in self._names_in(one))

    def _is_condition(self, text: str) -> bool:
        quoted = re.findall(r"'(\w+)'", text)
        return bool(re.search(r"\btool\b", text)) and any(one in self.tools for one in quoted)


def _words_for_something_else(module: Module) -> Iterator[int]:
    """Yields the ids of the literals that stand beside a kind or a mode."""
    for node in module.nodes:
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                words = [last_word(side) for side in sides]
            case ast.Assign(targets=targets, value=value):
                sides, words = [value], [last_word(one) for one in targets]
            case ast.AnnAssign(target=target, annotation=annotation, value=ast.expr() as value):
                sides, words = [value], [last_word(target), ast.unparse(annotation)]
            case _:
                continue
        if any(part in word.lower() for word in words for part in _OTHER_WORDS):
            yield from (id(inner) for side in sides for inner in ast.walk(side))


def _speaks_of_tool(node: ast.expr) -> bool:
    word = last_word(node)
    return word in _SPEAKS or _is_tool(word)


def _is_tool(word: str) -> bool:
    lower = word.lower()
    return "tool" in lower and not any(part in lower for part in _OTHER_WORDS)


def _pairs(subject: ast.expr, pattern: ast.pattern) -> Iterator[tuple[ast.expr, ast.pattern]]:
    """Yields each part of what is matched with the pattern at its place."""
    for one in _alternatives(pattern):
        if isinstance(subject, ast.Tuple) and isinstance(one, ast.MatchSequence):
            yield from zip(subject.elts, one.patterns, strict=False)
        else:
            yield subject, one


def _alternatives(pattern: ast.pattern) -> Iterator[ast.pattern]:
    match pattern:
        case ast.MatchOr(patterns=patterns):
            for one in patterns:
                yield from _alternatives(one)
        case ast.MatchAs(pattern=ast.pattern() as inner):
            yield from _alternatives(inner)
        case _:
            yield pattern


def _signatures(package: Package) -> Signatures:
    found: dict[str, list[list[str]]] = defaultdict(list)
    for _, function in package.functions:
        found[function.name].append([one.arg for one in parameters(function)])
    for _, definition in package.classes:
        found[definition.name].append(_fields(definition))
    return found


def _fields(definition: ast.ClassDef) -> list[str]:
    """Returns the parameters of `__init__`, or the fields of a record, in their order."""
    for node in definition.body:
        if isinstance(node, FUNCTIONS) and node.name == "__init__":
            return [one.arg for one in parameters(node)]
    return [
        node.target.id
        for node in definition.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
