"""This module finds secrets by how they look: a keyword announces one, a pattern finds its ends.

A text is looked through once for all keywords, and the patterns of a keyword are tried
only where it stands. No pattern repeats anything without a bound, so the time that a
text takes grows with its length alone, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from lsp_server.redaction.randomness import VALUE_ENTROPY_BITS_MIN, entropy_bits, looks_random
from lsp_server.text.legible import CLOSES, OPENS

BEGINS = (
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"
    r"|(?<=[\[;0-9][0-9]m))"
)
"""Not inside of a word; an escape in a string, in an address or of a terminal is none."""
GIVEN = (
    r"[ \t\w.-]{0,20}+[\\\"'\]\s]{0,16}+"
    r"(?:=>|:{0,3}=|:\s{0,3}[\w.|\[\] ]{1,30}+=|\?=|\|\||[:>,])[\\\"'`\s=]{0,16}+"
)
"""What stands between a name and its value: the rest of the name, quotes, an operator."""
ENDS = r"(?=[\\\"'`\s;,<&|)\]}]|$)"
"""What may stand behind a value."""


@dataclass(frozen=True)
class Shape:
    """A `Shape` is one kind of secret.

    One of `keywords`, in lower case, begins `offset` characters after the beginning of
    `pattern`; a common keyword is also `followed_by` something. The last group that took
    part in the match is the secret, or all of the match where no group did. It must have at
    least `entropy_bits_min` per character, and look random where that is asked.
    """

    kind: str
    keywords: tuple[str, ...]
    pattern: str
    entropy_bits_min: float = 0.0
    offset: int = 0
    followed_by: str = ""
    random: bool = False

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        """Few of the shapes are ever met."""
        return re.compile(self.pattern, re.ASCII)

    def match_at(self, text: str, at: int) -> re.Match[str] | None:
        """Returns the match whose keyword begins at a character, or None."""
        return self._compiled.match(text, max(0, at - self.offset))

    def accepts(self, value: str) -> bool:
        """Says whether what matched is a secret, and not a word or the mark of a secret."""
        if OPENS in value or CLOSES in value:
            return False
        if self.random:
            return looks_random(value, self.entropy_bits_min)
        return not self.entropy_bits_min or entropy_bits(value) >= self.entropy_bits_min


def inside(
    kind: str,
    keywords: str,
    pattern: str,
    entropy_bits_min: float = 0.0,
    *,
    offset: int = 0,
    followed_by: str = "",
) -> Shape:
    """Makes the Shape of a secret that may begin anywhere."""
    return Shape(kind, tuple(keywords.split()), pattern, entropy_bits_min, offset, followed_by)


def token(
    kind: str,
    keywords: str,
    pattern: str,
    entropy_bits_min: float = 0.0,
    *,
    offset: int = 0,
    followed_by: str = "",
) -> Shape:
    """Makes the Shape of a secret that does not begin in the middle of a word."""
    pattern = f"{BEGINS}(?:{pattern})"
    return Shape(kind, tuple(keywords.split()), pattern, entropy_bits_min, offset, followed_by)


def named(kind: str, keywords: str, name: str, value: str, entropy_bits_min: float = 0.0) -> Shape:
    """Makes the Shape of a value that is given to a name and looks random."""
    pattern = f"(?i:{name}){GIVEN}({value}){ENDS}"
    entropy_bits_min = max(entropy_bits_min, VALUE_ENTROPY_BITS_MIN)
    return Shape(kind, tuple(keywords.split()), pattern, entropy_bits_min, random=True)


_Found: TypeAlias = tuple[int, int, int]
"""Where a secret begins and ends, and the place of its shape in the table."""


class Shapes:
    """`Shapes` is a table of shapes. Of two that overlap in a text, the earlier one names both."""

    def __init__(self, *shapes: Shape) -> None:
        self._shapes = shapes

    def found_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yields where a secret begins, where it ends, and its kind; in order, without overlaps."""
        for start, end, rank in _apart(sorted(self._all_in(text))):
            yield start, end, self._shapes[rank].kind

    def _all_in(self, text: str) -> Iterator[_Found]:
        lowered, search, at = lower(text), self._keyword.search, 0
        free_from = [0] * len(self._shapes)  # A shape's matches do not overlap.
        while keyword := search(lowered, at):
            at = keyword.start()
            for rank, shape in self._of_keyword[keyword.group()]:
                if at >= free_from[rank] and (match := shape.match_at(text, at)):
                    free_from[rank] = match.end()
                    start, end = match.span(match.lastindex or 0)
                    if shape.accepts(text[start:end]):
                        yield start, end, rank
            at += 1

    @cached_property
    def _keyword(self) -> re.Pattern[str]:
        """Finds the longest keyword at each place."""
        followed_by: dict[str, set[str]] = {}
        for shape in self._shapes:
            for keyword in shape.keywords:
                followed_by.setdefault(keyword, set()).add(shape.followed_by)
        return re.compile(_any_of(followed_by))

    @cached_property
    def _of_keyword(self) -> Mapping[str, Sequence[tuple[int, Shape]]]:
        """The shapes that a keyword announces, those of a shorter one within it too."""
        ranked = tuple(enumerate(self._shapes))
        return {
            keyword: [(rank, shape) for rank, shape in ranked if keyword.startswith(shape.keywords)]
            for _, one in ranked
            for keyword in one.keywords
        }


def lower(text: str) -> str:
    """Returns a text in lower case that is as long: outside of ASCII some become two."""
    if text.isascii():
        return text.lower()
    return re.sub("[A-Z]+", lambda match: match.group().lower(), text)


def _apart(found: Iterable[_Found]) -> Iterator[_Found]:
    """Those that overlap become one."""
    last: _Found | None = None
    for one in found:
        if last is None or one[0] >= last[1]:
            if last is not None:
                yield last
            last = one
        else:
            last = last[0], max(last[1], one[1]), min(last[2], one[2])
    if last is not None:
        yield last


def _any_of(followed_by: Mapping[str, set[str]]) -> str:
    """An expression for any of these words that shares what their beginnings share."""
    if list(followed_by) == [""]:
        return _behind(followed_by[""])
    by_first: dict[str, dict[str, set[str]]] = {}
    for word, behind in followed_by.items():
        if word:
            by_first.setdefault(word[0], {})[word[1:]] = behind
    branches = [re.escape(first) + _any_of(rest) for first, rest in sorted(by_first.items())]
    if "" in followed_by:
        branches.append(_behind(followed_by[""]))
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _behind(expressions: set[str]) -> str:
    return "" if "" in expressions else f"(?={'|'.join(sorted(expressions))})"
