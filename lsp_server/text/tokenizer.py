"""This module splits code into the words that full text search compares.

`readFile`, `read_file` and "read file" share their words; the whole identifier
stays findable as one. A run of characters without spaces between words, as in
Chinese, gives its pairs. The index itself makes stems and leaves out stop words.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r"[^\W\d_]\w*|_\w+|\d+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
"""Scripts that are written without spaces, and Hangul, whose words carry endings."""

STOP_WORDS = frozenset(
    """
    a an and are as at be been but by can did do does for from had has have how i if in into
    is it its me my no not of on or our should so than that the their them then there these
    they this to us use used was we were what when where which who why will with would you
    your
    """.split()  # noqa: SIM905 - a list of a word a line hides what is in it
)

SYMBOL = re.compile(r"[A-Za-z_][\w]*(?:(?:\.|::|->|#)[A-Za-z_]\w*)*(?:\(\))?")


def tokenize(text: str, *, whole: bool = True) -> str:
    """Returns all words of a text in its order, divided by spaces; with `whole` identifiers too.

    >>> tokenize("readFile")
    'read file readfile'
    """
    return " ".join(map(_parts_and_whole if whole else _parts, _TOKEN.findall(text)))


def distinct_words(text: str) -> tuple[str, ...]:
    """Returns the different words of a text, identifiers too, in the order in which they first occur."""
    found = " ".join(map(_parts_and_whole, dict.fromkeys(_TOKEN.findall(text))))
    return tuple(dict.fromkeys(found.split()))


def query_words(text: str) -> tuple[str, ...]:
    """Returns the words of a query that are no stop words, each once; all of them if none is left.

    >>> query_words("where is the retry")
    ('retry',)
    """
    found = distinct_words(text)
    return tuple(word for word in found if word not in STOP_WORDS) or found


def symbols_in(text: str) -> tuple[str, ...]:
    """Returns the parts of a query that look like names in code, with a mark or a capital inside.

    >>> symbols_in("does parse_goals call Lines.offset?")
    ('parse_goals', 'Lines.offset')
    """
    return tuple(found for found in SYMBOL.findall(text) if _is_name(found))


def is_symbol(text: str) -> bool:
    """Returns True when a query is nothing but one name."""
    return SYMBOL.fullmatch(text.strip()) is not None


def _is_name(word: str) -> bool:
    inner = word.strip("_")
    return any(mark in word for mark in "_.:>#(") or (
        not inner.islower() and not inner.istitle() and not inner.isupper()
    )


@lru_cache(maxsize=20_000)
def _parts(token: str) -> str:
    if not token.isascii():
        return _of_other_scripts(token)
    return " ".join(_PART.findall(token)).lower()


@lru_cache(maxsize=20_000)
def _parts_and_whole(token: str) -> str:
    parts = _parts(token)
    # A word of one part is its own whole; pairs of letters are no identifier.
    if " " not in parts or not token.isascii():
        return parts
    return f"{parts} {parts.replace(' ', '')}"


def _of_other_scripts(token: str) -> str:
    parts: list[str] = []
    at = 0
    for run in _UNSPACED.finditer(token):
        parts += token[at : run.start()].lower().split("_")
        text = run.group()
        parts += [text[i : i + 2] for i in range(len(text) - 1)] or [text]
        at = run.end()
    parts += token[at:].lower().split("_")
    return " ".join(part for part in parts if part)
