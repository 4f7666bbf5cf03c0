"""This module finds a text that looks like another and is written with other characters.

A no-break space looks like a space, a curly quote like a straight one, a letter
with an accent is one code point or two. Texts are compared in a folded form in
which such characters are the same, and every place leads back to the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

CHARS_MAX = 2_000_000
"""Longer texts are not folded: it takes about a second."""
DIFFERENCES_MAX = 3
COMPARED_CHARS_MAX = 300
PIECE_CHARS_MAX = 4
"""Longer pieces are other words, not other ways to write the same."""

_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\uff07"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\uff02"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A `Lookalike` is a stretch `start` to `end` of a text, and how it differs from what was looked for."""

    start: int
    end: int
    differences: tuple[str, ...]


def lookalikes(text: str, wanted: str) -> list[Lookalike]:
    """Finds where `wanted` stands in `text` but for characters that look the same.

    Finds nothing in texts of more than CHARS_MAX characters.

    >>> [found] = lookalikes("x =\\u00a01", "x = 1")
    >>> found.start, found.end, found.differences[0]
    (0, 5, 'U+00A0 (NO-BREAK SPACE) instead of U+0020 (SPACE)')
    """
    if len(text) > CHARS_MAX:
        return []
    folded, starts = _folded(text)
    sought, _ = _folded(wanted)
    if not sought:
        return []
    found: list[Lookalike] = []
    at = folded.find(sought)
    while at >= 0:
        end = at + len(sought)
        if _is_cut(folded, starts, at) and _is_cut(folded, starts, end):
            # What is invisible behind the last character stays where it is.
            stretch = text[starts[at] : starts[end]].rstrip(_INVISIBLE)
            named = tuple(dict.fromkeys(_differences(stretch, wanted)))[:DIFFERENCES_MAX]
            found.append(Lookalike(starts[at], starts[at] + len(stretch), named))
        at = folded.find(sought, end)
    return found


def unfamiliar_differences(line: str, wanted: str) -> tuple[str, ...]:
    """Names where two lines differ, if only in characters that a reader may take for others.

    Letters of other scripts, ligatures and what is not shown at all are such, as are a
    tab and other marks that pass for a blank. Of long lines nothing is said.

    >>> unfamiliar_differences("n\u0430me", "name")
    ('U+0430 (CYRILLIC SMALL LETTER A) instead of U+0061 (LATIN SMALL LETTER A)',)
    >>> unfamiliar_differences("name", "game")
    ()
    """
    if max(len(line), len(wanted)) > COMPARED_CHARS_MAX:
        return ()
    codes = SequenceMatcher(None, line, wanted, autojunk=False).get_opcodes()
    pairs = [(line[a:b], wanted[c:d]) for tag, a, b, c, d in codes if tag != "equal"]
    if any(len(pair[0]) > PIECE_CHARS_MAX or _is_plain("".join(pair)) for pair in pairs):
        return ()
    named = (f"{name_of(one)} instead of {name_of(other)}" for one, other in pairs)
    return tuple(dict.fromkeys(named))[:DIFFERENCES_MAX]


def name_of(text: str) -> str:
    """Characters by their code points and names, as in `U+00A0 (NO-BREAK SPACE)`.

    >>> name_of("")
    'nothing'
    """
    named = [f"U+{ord(char):04X} ({unicodedata.name(char, 'without a name')})" for char in text]
    return " ".join(named) or "nothing"


def _is_plain(text: str) -> bool:
    """Whether all of it is seen as what it is."""
    return text.isascii() and text.isprintable()


def _differences(stretch: str, wanted: str) -> Iterator[str]:
    """Each run of characters that differs, as it is and as it was wanted."""
    (folded, starts), (_, wanted_starts) = _folded(stretch), _folded(wanted)
    at = 0
    for place in range(1, len(folded) + 1):
        if not (_begins(starts, place) and _begins(wanted_starts, place)):
            continue
        one = stretch[starts[at] : starts[place]]
        other = wanted[wanted_starts[at] : wanted_starts[place]]
        if one != other and one.replace("\r\n", "\n") != other:
            yield f"{name_of(one)} instead of {name_of(other)}"
        at = place


def _is_cut(folded: str, starts: list[int], place: int) -> bool:
    """Whether the text may be cut here: not within a character, nor before its accent."""
    return _begins(starts, place) and not unicodedata.combining(folded[place : place + 1] or " ")


def _begins(starts: list[int], place: int) -> bool:
    """Whether a character of the original begins at this place of the folded text."""
    return place == 0 or starts[place] != starts[place - 1]


def _folded(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters where it comes from; the end comes last."""
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for match in re.finditer(r"\r\n|(?s:.)", text):
        form = _fold(match.group())
        parts.append(form)
        starts += [at] * len(form)
        at = match.end()
    return "".join(parts), [*starts, len(text)]


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    if char in ("\r\n", "\r", "\u0085", "\u2028", "\u2029"):
        return "\n"
    if char < "\x7f":
        return char
    if char in _SINGLE_QUOTES:
        return "'"
    if char in _DOUBLE_QUOTES:
        return '"'
    if char in _DASHES:
        return "-"
    if char in _INVISIBLE:
        return ""
    if unicodedata.category(char) == "Zs":
        return " "
    return unicodedata.normalize("NFD", char)
