"""This module searches the journals of a run and of the runs before it.

Ids of entries of this run are given as they are, those of another run behind its id and a
slash. What is searched is kept in memory and grows with the journal, so a
search costs what is new and one look at each entry's words. Scores follow BM25: a rare
word counts for more than a frequent one, and a long entry for less than a short one.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsp_server.agent.recall.journal_index import JournalEntry, JournalIndex, JournalIndexes
from lsp_server.text.tokenizer import query_words
from lsp_server.tools.recall import RecallHit

EXCERPT_CHARS = 400
AROUND_CHARS = 160
MATCHES_MAX = 40
"""How many places of a word are looked at for the best excerpt of one text."""
OWN_WORTH = 1.15
"""The factor for entries of this run, beside those of other runs."""
PREFIX_WORTH = 0.6
"""The weight of a word that only begins as the one that was asked for."""
PREFIX_CHARS_MIN = 4
LENGTH_SHARE = 0.25
"""How much an entry's length counts against it, 0 to 1, as BM25's `b`."""
FLOOR = 0.2
"""Below this share of the best score, nothing is shown."""

_ENDING = re.compile(r"(?:ing|ed|es|s)$")


@dataclass(frozen=True, slots=True)
class _Found:
    score: float
    index: JournalIndex
    run: str
    entry: JournalEntry

    @property
    def id(self) -> str:
        return f"{self.run}/{self.entry.id}" if self.run else self.entry.id

    @property
    def title(self) -> str:
        of_run = f"run {self.run}, " if self.run else ""
        return f"{of_run}step {self.entry.step}: {self.entry.title}"


class JournalSearch:
    """A `JournalSearch` finds what a run, and the runs before it, recorded.

    `path` is the journal of the run; other runs are in folders beside its own.
    `journal_indexes` are shared with other runs of the workspace, so that each journal is
    read once. It is a `tools.recall.History`. Its methods read files in a thread.

    Example::

        search = JournalSearch(runs_folder / run_id / "journal.jsonl")
        for hit in await search.search("port of the server", kind=None, limit=8):
            print(hit.id, hit.title)
    """

    def __init__(self, path: Path, journal_indexes: JournalIndexes | None = None) -> None:
        self._path = path
        self._journal_indexes = journal_indexes or JournalIndexes()

    async def get(self, entry_id: str) -> str | None:
        """Returns the whole text of an entry, None if there is none.

        Of entries that share an id, the last one is meant.
        """
        return await asyncio.to_thread(self._get, entry_id)

    async def search(self, query: str, *, kind: str | None, limit: int) -> Sequence[RecallHit]:
        """Finds up to `limit` entries of a kind, or of any, the best first."""
        return await asyncio.to_thread(self._search, query, kind, limit)

    async def around(self, entry_id: str, steps: int) -> Sequence[RecallHit]:
        """Returns what happened up to so many steps from an entry, in order; () if unknown."""
        return await asyncio.to_thread(self._around, entry_id, steps)

    def _get(self, entry_id: str) -> str | None:
        found = self._find(entry_id)
        return found.index.result(found.entry) if found else None

    def _around(self, entry_id: str, steps: int) -> list[RecallHit]:
        found = self._find(entry_id)
        if found is None:
            return []
        near = [
            _Found(0.0, found.index, found.run, entry)
            for entry in found.index.entries
            if abs(entry.step - found.entry.step) <= steps
        ]
        return [RecallHit(one.id, one.title, _beginning(one)) for one in near]

    def _search(self, query: str, kind: str | None, limit: int) -> list[RecallHit]:
        wanted = query_words(query)
        entries = [
            (run, index, entry)
            for run, index in self._journal_indexes.of(self._path)
            for entry in index.entries
            if kind in (None, entry.kind)
        ]
        scores = _scores([entry for _, _, entry in entries], wanted)
        found = [
            _Found(score if run else score * OWN_WORTH, index, run, entry)
            for score, (run, index, entry) in zip(scores, entries, strict=True)
            if score > 0
        ]
        # Own entries come last in the list, so that of equals this run's newest wins.
        found.reverse()
        found.sort(key=lambda one: -one.score)
        best = [one for one in found[:limit] if one.score >= FLOOR * found[0].score]
        return [RecallHit(one.id, one.title, _excerpt(one, wanted)) for one in best]

    def _find(self, entry_id: str) -> _Found | None:
        run, _, within = entry_id.partition("/")
        for name, index in self._journal_indexes.of(self._path):
            wanted = within if name else entry_id
            if name in ("", run):
                for entry in reversed(index.entries):
                    if entry.id == wanted:
                        return _Found(0.0, index, name, entry)
        return None


def _scores(entries: Sequence[JournalEntry], wanted: Sequence[str]) -> list[float]:
    """Returns how well each entry answers: the sum of the weights of the words that it has."""
    scores = [0.0] * len(entries)
    for word in wanted:
        whole, begun = f" {word} ", f" {_ENDING.sub('', word)}"
        # The beginning of a short word is in too many others.
        if len(begun) <= PREFIX_CHARS_MIN:
            begun = whole
        hits = [
            1.0 if whole in entry.words else PREFIX_WORTH if begun in entry.words else 0.0
            for entry in entries
        ]
        count = sum(map(bool, hits))
        # BM25's weight of a rare word, which is never negative in this form.
        weight = math.log(1 + (len(entries) - count + 0.5) / (count + 0.5))
        for place, hit in enumerate(hits):
            scores[place] += weight * hit
    usual = sum(len(entry.words) for entry in entries) / (len(entries) or 1)
    return [
        score / (1 - LENGTH_SHARE + LENGTH_SHARE * len(entry.words) / usual)
        for score, entry in zip(scores, entries, strict=True)
    ]


def _excerpt(found: _Found, wanted: Sequence[str]) -> str:
    """Returns the stretch of the entry's text with the most of the words, around the rarest."""
    text = found.index.text(found.entry)
    lowered = text.lower()
    places: dict[str, list[int]] = {}
    for word in wanted:
        matches = re.finditer(re.escape(_ENDING.sub("", word)), lowered)
        places[word] = [match.start() for match in islice(matches, MATCHES_MAX)]
    # A word that occurs once says more about a place than one that is everywhere.
    weights = {word: 1 / len(at) for word, at in places.items() if at}
    centres = [(at, word) for word in weights for at in places[word]]

    def worth(centre: tuple[int, str]) -> tuple[float, float, int]:
        at, word = centre
        near = (w for w in weights if any(abs(at - p) < EXCERPT_CHARS // 2 for p in places[w]))
        return sum(weights[w] for w in near), weights[word], -at

    best = max(centres, key=worth, default=(0, ""))[0]
    start = max(0, best - EXCERPT_CHARS // 3)
    return _cut_out(text, start, start + EXCERPT_CHARS)


def _beginning(found: _Found) -> str:
    return _cut_out(found.index.text(found.entry), 0, AROUND_CHARS)


def _cut_out(text: str, start: int, end: int) -> str:
    """Returns a stretch of the text, with an ellipsis where it was cut."""
    return f"{'…' * (start > 0)}{text[start:end].strip()}{'…' * (end < len(text))}"
