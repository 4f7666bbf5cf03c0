"""This module keeps exact strings that a later step may need: ports, paths, ids, flags.

A literal is kept with the words around it, since `48123` alone says nothing.
Texts of files are not searched for them: a file can be read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

AROUND_CHARS = 60
LITERALS_MAX = 300
PER_TEXT_MAX = 12
CHARS_MAX = 120
TEXT_CHARS_MAX = 16_000
LINE_CHARS_MAX = 500

_LITERAL = re.compile(
    r"""
      \bhttps?://[^\s'"<>)\]]+                          # an address
    | (?<![\w-])--?[A-Za-z][\w-]+(?:=[^\s'",;)]+)?      # a flag
    | \b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:=[^\s'",;)]+)?  # a variable
    | (?<![\w./])[\w.@~+-]*(?:/[\w.@+-]+)+              # a path
    | \b[\w.-]+\.[a-z]{2,}:\d{2,5}\b                    # a host and a port
    | \b[A-Za-z]+[-_][\w-]*\d[\w-]*\b                   # an id with a name in it
    | \b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,64}\b        # a hash
    | \bv?\d+(?:\.\d+){2,}\b                            # a version, an address
    | \b\d{4,}\b                                        # a number that is no count
    """,
    re.VERBOSE,
)
_TELLING = re.compile(
    r"[=:]|\b(?:port|id|key|host|path|url|version|flag|listening|created|started|using|set to)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A `Literal` is an exact string with the words around it.

    `around` is the stretch of text in which it was found, the literal included.
    """

    text: str
    around: str
    step: int
    weight: int
    """How much it is wanted: a higher one is kept longer."""


@dataclass(slots=True)
class Literals:
    """A `Literals` keeps the literals of a run, the most wanted ones.

    >>> literals = Literals()
    >>> literals.learn("The server listens on port 48123.", step=2, weight=4)
    >>> literals.mark_used('{"command": "curl localhost:48123"}')
    >>> [(literal.text, literal.weight) for literal in literals.best()]
    [('48123', 6)]
    """

    _kept: dict[str, Literal] = field(default_factory=dict)

    def learn(self, text: str, step: int, weight: int) -> None:
        """Keeps the literals of a text, PER_TEXT_MAX at most, those of telling lines first.

        One more is added to `weight` on a line that says what a value is, such as `port =`.
        """
        found: dict[str, Literal] = {}
        for literal in _find_literals(text[:TEXT_CHARS_MAX], step, weight):
            known = found.get(literal.text)
            if known is None or known.weight < literal.weight:
                found[literal.text] = literal
        for literal in sorted(found.values(), key=lambda one: -one.weight)[:PER_TEXT_MAX]:
            known = self._kept.get(literal.text)
            if known is None or known.weight < literal.weight:
                self._kept[literal.text] = literal
        self._shrink()

    def mark_used(self, text: str) -> None:
        """Raises the weight of each literal that occurs in the arguments of a call."""
        for key, literal in self._kept.items():
            if key in text:
                self._kept[key] = replace(literal, weight=literal.weight + 1)

    def best(self) -> list[Literal]:
        """Returns the literals, the most wanted first; of equals the latest."""
        return sorted(self._kept.values(), key=lambda one: (-one.weight, -one.step))

    def _shrink(self) -> None:
        # A quarter goes at once, so that they are not sorted with every new one.
        if len(self._kept) > LITERALS_MAX:
            self._kept = {one.text: one for one in self.best()[: LITERALS_MAX * 3 // 4]}


def _find_literals(text: str, step: int, weight: int) -> Iterator[Literal]:
    for whole in text.splitlines():
        line = whole[:LINE_CHARS_MAX]
        telling = bool(_TELLING.search(line))
        for match in _LITERAL.finditer(line):
            # A sentence's own punctuation is no part of a value.
            literal = match.group().rstrip(".,:;")
            if 3 < len(literal) <= CHARS_MAX:
                start = max(0, match.start() - AROUND_CHARS)
                around = " ".join(line[start : match.end() + AROUND_CHARS].split())
                yield Literal(literal, around, step, weight + telling)
