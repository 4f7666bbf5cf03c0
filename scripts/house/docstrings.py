"""Docstrings are counted by kind, and those that are fragments are found."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scripts.house.english import first_sentence, has_verb
from scripts.house.sources import (
    FUNCTIONS,
    Documented,
    Module,
    Offender,
    Package,
    is_bare_string,
)

Kind: TypeAlias = Literal["module", "class", "function"]

OPENINGS_OF_A_CLAUSE = (
    "what",
    "which",
    "where",
    "whether",
    "who",
    "whose",
    "how",
    "that",
    "from",
    "as",
)
"""First words that announce a clause without a head; their share is measured."""

OPENINGS_OF_A_FRAGMENT = (
    *("of", "that", "those", "what", "where", "which", "whether"),
    *("who", "whose", "how"),
)
"""First words with which no public docstring may begin; "The same" is refused too."""

_EXAMPLE = re.compile(
    r"^\s*(?:>>>|\$ |[-*•] |\d+[.)] |```)|::$|^ {4,}\S|^\s*(?:Args|Example|Examples):|:param ",
    re.MULTILINE,
)
_FIRST_WORD = re.compile(r"\W*([\w'\u2019]*)")


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition is a module, a class or a function, with its docstring as a reader sees it.

    A name is public when neither it nor a class around it begins with an underscore and it
    does not stand inside of a function. A module is always public.
    """

    module: Module
    node: Documented
    kind: Kind
    name: str
    is_public: bool
    docstring: str
    """Without the space around it; empty where there is none."""


def definitions(package: Package) -> list[Definition]:
    """Returns all of a package: each module, then what it defines, in the order of the file."""
    found: list[Definition] = []
    for module in package.modules:
        name = module.path.name
        found.append(Definition(module, module.tree, "module", name, True, _text(module.tree)))
        found.extend(_defined(module, module.tree, is_public=True))
    return found


def _defined(module: Module, parent: ast.AST, *, is_public: bool) -> Iterator[Definition]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            public = is_public and not node.name.startswith("_")
            is_function = isinstance(node, FUNCTIONS)
            kind: Kind = "function" if is_function else "class"
            yield Definition(module, node, kind, node.name, public, _text(node))
            yield from _defined(module, node, is_public=public and not is_function)
        else:
            yield from _defined(module, node, is_public=is_public)


def _text(node: Documented) -> str:
    return (ast.get_docstring(node) or "").strip()


def documented(found: Collection[Definition], kind: Kind) -> list[Definition]:
    return [one for one in found if one.kind == kind and one.docstring]


def undocumented(found: Collection[Definition]) -> list[Offender]:
    """Returns the public classes and functions that say nothing of themselves."""
    return [
        one.module.offender(one.node, one.name)
        for one in found
        if one.is_public and one.kind != "module" and not one.docstring
    ]


def is_one_line(docstring: str) -> bool:
    return "\n" not in docstring


def has_example(docstring: str) -> bool:
    """Says whether an example, a list or a section for parameters stands in it."""
    return bool(_EXAMPLE.search(docstring))


def first_word(docstring: str) -> str:
    found = _FIRST_WORD.match(docstring)
    return found.group(1).lower() if found else ""


def opens_a_clause(docstring: str) -> bool:
    return first_word(docstring) in OPENINGS_OF_A_CLAUSE


def headless(found: Collection[Definition]) -> list[Offender]:
    """Returns the public docstrings that begin as a clause does: "Of all", "The same"."""
    return _public_where(found, opens_a_fragment)


def verbless(found: Collection[Definition]) -> list[Offender]:
    """Returns the public docstrings whose first sentence has no verb, the headless ones not."""
    return _public_where(
        found, lambda text: not opens_a_fragment(text) and not has_verb(first_sentence(text))
    )


def opens_a_fragment(docstring: str) -> bool:
    is_same = docstring.lower().startswith("the same")
    return is_same or first_word(docstring) in OPENINGS_OF_A_FRAGMENT


def _public_where(found: Collection[Definition], test: Callable[[str], bool]) -> list[Offender]:
    return [
        one.module.offender(one.node, f"{one.name}: “{_start(one.docstring)}”")
        for one in found
        if one.is_public and one.docstring and test(one.docstring)
    ]


def _start(docstring: str, characters_max: int = 60) -> str:
    line = first_sentence(docstring)
    return line if len(line) <= characters_max else f"{line[: characters_max - 1]}…"


def docstring_lines(found: Collection[Definition]) -> int:
    """Counts the lines of all docstrings, the quotes on a line of their own left out."""
    return sum(len(one.docstring.splitlines()) for one in found)


def attribute_lines(package: Package) -> int:
    """Counts the lines of the strings that stand below an attribute or a constant."""
    return sum(
        (statement.end_lineno or statement.lineno) - statement.lineno + 1
        for module in package.modules
        for node in module.nodes
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS))
        for statement in node.body[1:]
        if is_bare_string(statement)
    )
