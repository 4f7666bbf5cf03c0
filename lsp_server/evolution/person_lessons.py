"""This module learns what a person had to say more than once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import ActionRecord
from lsp_server.domain.permissions import visible
from lsp_server.evolution.lesson import Lesson, distinct
from lsp_server.evolution.past_run import PastRun
from lsp_server.text.bm25 import stems

RUNS_MIN = 2
SENTENCE_CHARS_MAX = 200
"""A longer one is about a case, or pasted."""
WORDS_MIN = 3
LIKE_MIN = 0.7
"""The share of words that two sentences have in common if they say the same."""
LIKE_WITHIN_MIN = 0.5
"""The same where one of them has all words of the other."""
CONTENT_WORDS_MIN = 2
"""Beside the words with which advice is given."""

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_ADVICE = re.compile(
    r"\b(?:always|never|don'?t|do not|must(?: not)?|should(?: not|n'?t)?|prefer|avoid|instead of"
    r"|remember (?:to|that)|make sure|stop (?:using|\w+ing)|from now on|every time|use|keep"
    r"|immer|nie|niemals|bitte nicht|nicht mehr|verwende|nutze)\b",
    re.IGNORECASE,
)
"""Words of a sentence that holds beyond the task at hand."""
_OF_THE_MOMENT = re.compile(
    r"\b(?:(?:this|that|these|those) (?!project|repo|code ?base|module|package|team|way\b)\w+"
    r"|the (?:new|old|other|same|first|second|third|last|next) one|keep (?:going|on|it up)|go on"
    r"|here|now|today|again|just|diesmal|jetzt|heute|hier)\b",
    re.IGNORECASE,
)
_GIVING_ADVICE = stems(
    "always never don do does not no must should please thanks make sure use keep prefer avoid stop "
    "remember immer nie niemals bitte nicht mehr"
)
"""They say how, not what about; what denies is looked at apart."""
_FOREIGN = re.compile(r"://|[<>{}`|$\\]|\bignore (?:all|any|previous)\b", re.IGNORECASE)
"""What a person who gives advice hardly types, and pasted text has."""


@dataclass(slots=True)
class _Advice:
    """A piece of advice, as it was said last, with all that said it."""

    text: str
    words: frozenset[str]
    said: dict[Id, Id]
    """The row in which it was said, by run."""


def person_lessons(runs: Sequence[PastRun]) -> Iterator[Lesson]:
    """Yields what a person said in several runs, in their words of the last time.

    What one run told another does not count, as that is a model's word.
    """
    advice: list[_Advice] = []
    for run in runs:
        for row in run.told if run.by_person else ():
            for sentence in filter(gives_advice, clean_sentences(row.title)):
                _count(advice, sentence, row)
    for one in advice:
        if len(one.said) >= RUNS_MIN:
            shown = distinct(reversed(one.said.values()))
            yield Lesson("person", one.text, shown, runs=len(one.said), held=len(one.said))


def clean_sentences(text: str) -> Iterator[str]:
    """Yields the sentences of what a person said that are short, and likely their own.

    >>> list(clean_sentences("Use tabs here. See https://a.example."))
    ['Use tabs here.']
    """
    for part in _SENTENCE_END.split(text):
        sentence = " ".join(part.split())
        if sentence and is_clean(sentence):
            yield sentence


def is_clean(sentence: str) -> bool:
    r"""Says whether a sentence is short and has nothing that pasted text has.

    >>> is_clean("Use tabs."), is_clean("Use \u202etabs."), is_clean("Use <tabs>.")
    (True, False, False)
    """
    is_foreign = _FOREIGN.search(sentence) or visible(sentence) != sentence
    return len(sentence) <= SENTENCE_CHARS_MAX and not is_foreign


def gives_advice(sentence: str) -> bool:
    """Says whether a sentence tells what to do, beyond the task at hand."""
    return bool(_ADVICE.search(sentence)) and not _OF_THE_MOMENT.search(sentence)


def _count(advice: list[_Advice], sentence: str, row: ActionRecord) -> None:
    words = stems(sentence) - _GIVING_ADVICE
    if len(stems(sentence)) < WORDS_MIN or len(words) < CONTENT_WORDS_MIN:
        return
    for one in advice:
        if _say_the_same(one.words, words):
            if denies(one.text) != denies(sentence):
                one.said.clear()  # Taken back: only what was said since counts.
            one.text, one.words = sentence, words
            one.said[row.run_id] = row.id
            return
    advice.append(_Advice(sentence, words, {row.run_id: row.id}))


def _say_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Compares by the share of all their words that two have in common (P. Jaccard, 1912)."""
    shared = one & other
    least = LIKE_WITHIN_MIN if shared in (one, other) else LIKE_MIN
    return len(shared) / len(one | other) >= least


def denies(sentence: str) -> bool:
    """Says whether a sentence is about what not to do, or what is not so."""
    return (
        re.search(r"\b(?:not|never|don'?t|no|avoid|nie|nicht)\b|n't\b", sentence, re.IGNORECASE)
        is not None
    )
