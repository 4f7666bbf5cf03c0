"""A glossary has one word for one thing; the words that it forbids are found in the source.

It is a Markdown table, of which the first column has the word to use and the second the words
not to use, divided by commas:

    | word     | not              |
    |----------|------------------|
    | `Client` | `Peer`, customer |
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from scripts.house.docstrings import definitions
from scripts.house.sources import Module, Offender, Package

Words: TypeAlias = tuple[str, ...]
"""A name in its words, in lower case: `CyclePacked` and `cycle_packed` are both two."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_RULER = re.compile(r"\|?[\s|:-]+")
_ASIDE = re.compile(r"\([^)]*\)")


def forbidden_words(path: Path) -> list[str]:
    """Reads the words that a glossary forbids: the second column of each of its tables.

    Backticks and what stands in parentheses are left out, cells without a letter too. Raises
    OSError when the file cannot be read.
    """
    lines = path.read_text("utf-8").splitlines()
    found: list[str] = []
    is_body = False
    for line in lines:
        if not line.lstrip().startswith("|"):
            is_body = False
        elif _RULER.fullmatch(line.strip()):
            is_body = True
        elif is_body:
            found.extend(_listed(line))
    return list(dict.fromkeys(found))


def _listed(line: str) -> Iterator[str]:
    cells = line.strip().strip("|").split("|")
    if len(cells) > 1:
        for part in _ASIDE.sub("", cells[1]).replace("`", "").split(","):
            if words_of(part):
                yield part.strip()


def words_of(text: str) -> Words:
    """Returns the words of a name or of prose: camel case and underscores divide them."""
    return tuple(word.lower() for word in _WORD.findall(text))


def words_in_names(package: Package, forbidden: Sequence[str]) -> list[Offender]:
    """Returns the files and definitions whose name holds a forbidden word.

    Definitions are classes, functions, parameters, variables, attributes of `self` and aliases
    of imports. Names of other libraries are not ours and do not count where they are used. A
    plural with `s` counts as its singular.
    """
    wanted = {word: words_of(word) for word in forbidden}
    return [
        module.offender(line, f"{name} holds “{word}”")
        for module in package.modules
        for line, name in sorted(set(_names(module)))
        for word, words in wanted.items()
        if _holds(words_of(name), words)
    ]


def words_in_docstrings(package: Package, forbidden: Sequence[str]) -> list[Offender]:
    """Returns the docstrings, private ones too, that hold a forbidden word."""
    wanted = {word: words_of(word) for word in forbidden}
    return [
        one.module.offender(one.node, f"the docstring of {one.name} holds “{word}”")
        for one in definitions(package)
        if one.docstring
        for word, words in wanted.items()
        if _holds(words_of(one.docstring), words)
    ]


def _holds(words: Words, wanted: Words) -> bool:
    size = len(wanted)
    return any(
        words[at : at + size] == wanted or words[at : at + size] == (*wanted[:-1], f"{wanted[-1]}s")
        for at in range(len(words) - size + 1)
    )


def _names(module: Module) -> Iterator[tuple[int, str]]:
    yield 1, module.path.stem
    for node in module.nodes:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield node.lineno, name
            case ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, value=ast.Name(id="self"), ctx=ast.Store()):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.alias(asname=str(name)):
                yield node.lineno, name
            case _:
                pass
