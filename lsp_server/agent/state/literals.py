"""This module keeps exact strings that a later step may need: ports, paths, ids, flags.

A literal is kept with the words around it, since `48123` alone says nothing.
What stands in a file is not looked for: it can be read again.
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
    """`around` is the stretch of text in which it stood, the literal in it."""

    text: str
    around: str
    step: int
    weight: int
    """Higher is kept longer: what was used, what was said, what a tool gave."""


@dataclass(slots=True)
class Literals:
    """The literals of a run, the most wanted ones kept."""

    _kept: dict[str, Literal] = field(default_factory=dict)

    def learn(self, text: str, step: int, weight: int) -> None:
        """Keeps what stands in a text, PER_TEXT_MAX at most, telling lines first."""
        found: dict[str, Literal] = {}
        for literal in _found(text[:TEXT_CHARS_MAX], step, weight):
            known = found.get(literal.text)
            if known is None or known.weight < literal.weight:
                found[literal.text] = literal
        for literal in sorted(found.values(), key=lambda one: -one.weight)[:PER_TEXT_MAX]:
            known = self._kept.get(literal.text)
            if known is None or known.weight < literal.weight:
                self._kept[literal.text] = literal
        self._shrink()

    def used(self, text: str) -> None:
        """What stands in the arguments of a call counts for more from now on."""
        for key, literal in self._kept.items():
            if key in text:
                self._kept[key] = replace(literal, weight=literal.weight + 1)

    def best(self) -> list[Literal]:
        """The most wanted first; of equals the latest."""
        return sorted(self._kept.values(), key=lambda one: (-one.weight, -one.step))

    def _shrink(self) -> None:
        if len(self._kept) > LITERALS_MAX:
            self._kept = {one.text: one for one in self.best()[: LITERALS_MAX * 3 // 4]}


def _found(text: str, step: int, weight: int) -> Iterator[Literal]:
    for whole in text.splitlines():
        line = whole[:LINE_CHARS_MAX]
        telling = bool(_TELLING.search(line))
        for match in _LITERAL.finditer(line):
            literal = match.group().rstrip(".,:;")
            if 3 < len(literal) <= CHARS_MAX:
                start = max(0, match.start() - AROUND_CHARS)
                around = " ".join(line[start : match.end() + AROUND_CHARS].split())
                yield Literal(literal, around, step, weight + telling)
