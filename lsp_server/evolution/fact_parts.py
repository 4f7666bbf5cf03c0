"""This module takes facts apart: the paths, commands and symbols they name, and what they claim."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lsp_server.evolution.lesson import plain_command
from lsp_server.text.bm25 import stems

_SPAN = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?<![\w./:@-])(?:[\w.-]+/)+[\w-][\w.-]*\.\w{1,8}(?![\w/])")
_FILE = re.compile(r"(?:[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z]\w{0,7}|(?:[\w.-]+/)+")
_SYMBOL = re.compile(r"(?:\w+\.)*([A-Za-z_]\w*)(?:\(\))?")
_CLAIM = re.compile(r"^(?P<about>.+?)\s(?:is|are|lives? in|listens? on|=)\s(?P<value>.+?)\.?$")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_DENIAL = re.compile(r"\b(?:not|never|no|don't|cannot)\b|n't\b", re.IGNORECASE)

ABOUT_WORDS_MIN = 2
LIKE_MIN = 0.8


@dataclass(frozen=True, slots=True)
class FactParts:
    """A `FactParts` has what a fact names: `paths`, `commands` of several words, `symbols`.

    `words` are the stems of all its words, and `numbers` those in it.
    """

    paths: frozenset[str]
    commands: frozenset[str]
    symbols: frozenset[str]
    words: frozenset[str]
    numbers: frozenset[str]
    denies: bool

    @property
    def names(self) -> frozenset[str]:
        """Returns all that it names, in whatever words."""
        return self.paths | self.commands | self.symbols


def fact_parts(text: str) -> FactParts:
    """Takes a fact apart.

    >>> parts = fact_parts("`make docs` writes docs/index.md with `render_page()`.")
    >>> sorted(parts.commands), sorted(parts.paths), sorted(parts.symbols)
    (['make docs'], ['docs/index.md'], ['render_page'])
    """
    spans = {span.strip() for span in _SPAN.findall(text)}
    paths = {span for span in spans if _FILE.fullmatch(span)} | set(_PATH.findall(text))
    commands = {span for span in spans - paths if _is_command(span)}
    symbols = {name for span in spans - paths - commands if (name := _symbol(span))}
    return FactParts(
        frozenset(path.rstrip("/") for path in paths),
        frozenset(commands),
        frozenset(symbols),
        stems(text),
        frozenset(_NUMBER.findall(text)),
        _DENIAL.search(text) is not None,
    )


def say_the_same(one: FactParts, other: FactParts) -> bool:
    """Says whether two facts are one in other words."""
    if one.names != other.names or one.numbers != other.numbers or one.denies != other.denies:
        return False
    shared = len(one.words & other.words)
    return shared / max(1, len(one.words | other.words)) >= LIKE_MIN


def missing_file(text: str, root: Path) -> str:
    """Returns a file that a fact names with its folder and that is not there; empty without one.

    Blocking. A bare name, such as `parser.py`, may be that of a file in any folder.
    """
    for path in sorted(fact_parts(text).paths):
        if "/" in path and not (root / path).exists():
            return path
    return ""


def contradict(one: str, other: str) -> bool:
    """Says whether two facts give one thing different values.

    >>> contradict("The dev server port is 8000", "The dev server port is 9000.")
    True
    >>> contradict("The dev server port is 8000", "The test server port is 9000.")
    False
    """
    first, second = _CLAIM.match(one), _CLAIM.match(other)
    if first is None or second is None:
        return False
    about = stems(first["about"])
    if len(about) < ABOUT_WORDS_MIN or about != stems(second["about"]):
        return False
    return stems(first["value"]) != stems(second["value"])


def _is_command(span: str) -> bool:
    return " " in span and plain_command(span) is not None


def _symbol(span: str) -> str:
    """The last name of `Parser.read_line()`; empty for a word as any other."""
    found = _SYMBOL.fullmatch(span)
    if found is None:
        return ""
    name = found[1]
    is_name = "_" in name or span.endswith("()") or re.search(r"[a-z][A-Z]", name) is not None
    return name if is_name else ""
