"""This module finds sentences of the model that outlive the conversation: decisions, lessons, questions.

A line that begins with `Decision:`, `Lesson:` or `Question:` is one, as the system prompt
asks for; other sentences are recognised by their words, and given up first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

NoteKind: TypeAlias = Literal["decision", "lesson", "question"]
CHARS_MAX = 400

_MARKED = re.compile(
    r"^\W*(?:(?P<decision>decision)|(?P<lesson>lesson)|(?P<question>question))\W*:\s*(?P<text>.+)$",
    re.IGNORECASE,
)
_KINDS: tuple[NoteKind, ...] = ("decision", "lesson", "question")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_SIGNS: tuple[tuple[NoteKind, re.Pattern[str]], ...] = (
    (
        "lesson",
        re.compile(
            r"\b(?:fixed|the fix|was caused by|root cause|the cause|turns out|turned out|"
            r"works now|solved by|because of)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "decision",
        re.compile(
            r"\b(?:decided?|decision|chose|choose|going with|go with|settled on|prefer|"
            r"(?:will|['\u2019]ll|shall) (?:use|keep|take|put|name|call)|instead of|"
            r"must (?:not|never|always|stay|be))\b",
            re.IGNORECASE,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Note:
    """A `Note` is one sentence, verbatim; `marked` says that the model itself gave its kind."""

    kind: NoteKind
    text: str
    step: int
    marked: bool


def notes_in(text: str, step: int) -> Iterator[Note]:
    """Yields the notes in an answer, in its order; each is cut at CHARS_MAX.

    >>> [(note.kind, note.text) for note in notes_in("Decision: use port 4812. Done.", step=3)]
    [('decision', 'use port 4812. Done.')]
    """
    for line in text.splitlines():
        marked = _MARKED.match(line)
        if marked:
            kind = next(kind for kind in _KINDS if marked[kind])
            yield Note(kind, marked["text"].strip()[:CHARS_MAX], step, True)
            continue
        for part in _SENTENCE_END.split(line):
            # Without the marks of Markdown's lists, headings and quotes.
            sentence = part.strip(" -*#>\t")
            found = _kind(sentence)
            if found is not None:
                yield Note(found, sentence[:CHARS_MAX], step, False)


def _kind(sentence: str) -> NoteKind | None:
    if sentence.endswith("?"):
        return "question"
    return next((kind for kind, sign in _SIGNS if sign.search(sentence)), None)
