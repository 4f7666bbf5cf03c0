"""Looking back over journals: this run's and those of the runs before it.

Ids of this run stand as they are, those of another run behind its name and a
slash. What is searched is kept in memory and grows with the journal, so a
search costs what is new and one look at each entry's words.
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
"""Places of a word that are looked at for the best stretch of one text."""
OWN_WORTH = 1.15
"""What an entry of this run counts for, beside one of another run."""
PREFIX_WORTH = 0.6
"""What a word counts that only begins as the one that was asked for."""
PREFIX_CHARS_MIN = 4
LENGTH_SHARE = 0.25
"""How much an entry's length counts against it."""
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
    """The archive of the run whose journal is `path`; other runs lie in folders beside its own."""

    def __init__(self, path: Path, journal_indexes: JournalIndexes | None = None) -> None:
        """`digests` shares what was read with the archives of other runs."""
        self._path = path
        self._journal_indexes = journal_indexes or JournalIndexes()

    async def get(self, entry_id: str) -> str | None:
        """The whole text; of entries that share an id, the last one's."""
        return await asyncio.to_thread(self._get, entry_id)

    async def search(self, query: str, *, kind: str | None, limit: int) -> Sequence[RecallHit]:
        """Best first; a rare word counts for more than a frequent one."""
        return await asyncio.to_thread(self._search, query, kind, limit)

    async def around(self, entry_id: str, steps: int) -> Sequence[RecallHit]:
        """What happened near an entry, in order; nothing for an unknown id."""
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
        return [RecallHit(one.id, one.title, _start(one)) for one in near]

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
    """How well each entry answers: the sum of the weights of the words that it has."""
    scores = [0.0] * len(entries)
    for word in wanted:
        whole, begun = f" {word} ", f" {_ENDING.sub('', word)}"
        if len(begun) <= PREFIX_CHARS_MIN:
            begun = whole
        hits = [
            1.0 if whole in entry.words else PREFIX_WORTH if begun in entry.words else 0.0
            for entry in entries
        ]
        count = sum(map(bool, hits))
        weight = math.log(1 + (len(entries) - count + 0.5) / (count + 0.5))
        for place, hit in enumerate(hits):
            scores[place] += weight * hit
    usual = sum(len(entry.words) for entry in entries) / (len(entries) or 1)
    return [
        score / (1 - LENGTH_SHARE + LENGTH_SHARE * len(entry.words) / usual)
        for score, entry in zip(scores, entries, strict=True)
    ]


def _excerpt(found: _Found, wanted: Sequence[str]) -> str:
    """The stretch of the entry's text with the most of the words, about the rarest of them."""
    text = found.index.text(found.entry)
    lowered = text.lower()
    places: dict[str, list[int]] = {}
    for word in wanted:
        matches = re.finditer(re.escape(_ENDING.sub("", word)), lowered)
        places[word] = [match.start() for match in islice(matches, MATCHES_MAX)]
    weights = {word: 1 / len(at) for word, at in places.items() if at}
    centres = [(at, word) for word in weights for at in places[word]]

    def worth(centre: tuple[int, str]) -> tuple[float, float, int]:
        at, word = centre
        near = (w for w in weights if any(abs(at - p) < EXCERPT_CHARS // 2 for p in places[w]))
        return sum(weights[w] for w in near), weights[word], -at

    best = max(centres, key=worth, default=(0, ""))[0]
    start = max(0, best - EXCERPT_CHARS // 3)
    return _marked(text, start, start + EXCERPT_CHARS)


def _start(found: _Found) -> str:
    return _marked(found.index.text(found.entry), 0, AROUND_CHARS)


def _marked(text: str, start: int, end: int) -> str:
    """A stretch of the text; where it was cut, it shows."""
    return f"{'…' * (start > 0)}{text[start:end].strip()}{'…' * (end < len(text))}"
