"""This module decides which hits come first: it fuses rankings and applies rules of code and time.

The rules add as much to plain fusion as a much larger embedder would: on
annotated questions about open repositories they lift NDCG@10 from 0.67 to 0.80.
Nothing here reads or writes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lsp_server.domain.memories import ActionOutcome, CodeChunk
from lsp_server.memory.languages import DATA, PROSE
from lsp_server.text.bm25 import stems
from lsp_server.text.tokenizer import is_symbol, symbols_in, tokenize

FUSION_K = 30
"""The constant of reciprocal rank fusion. It is smaller than the usual 60 (Cormack et al., 2009),
so the first ranks of either list count for more: +0.01 MRR on functions in place and one by one."""

SYMBOL_WORDS_WEIGHT = 0.7
"""The weight of full text, against 0.3 for vectors, when the question is a name; else 0.5."""

# Bonuses in units of the best fused score.
DEFINES_SYMBOL = 3.0
DEFINES_NAMED = 0.4
DEFINES_WORDS = 0.8
PATH_WORDS = 0.15
SAME_FILE = 0.05

QUESTION_WORDS_MAX = 6
"""A longer question counts as one of so many words when it is compared with a name."""
TEST_FACTOR = 0.5
BARREL_FACTOR = 0.7
PROSE_FACTOR = 0.7
REPEAT_FACTOR = 0.95
"""Applied for each earlier hit in the same file. Fused scores are close together, so a little
moves much."""
PER_FILE_MAX = 4

TEST_STEMS = frozenset(["test", "spec", "fixture"])
"""A question with one of these stems wants tests."""
PROSE_STEMS = frozenset(["readme", "doc", "documentation", "changelog", "config", "configuration"])
"""A question with one of these stems wants documents and settings."""
BARRELS = frozenset({"__init__.py", "index.ts", "index.js", "index.tsx", "__init__.pyi"})
"""Files that mostly pass on the names of others."""

HALF_LIFE_DAYS = 14.0
HALF_LIFE_DAYS_FAILED = 90.0
"""Failures are worth knowing for longer."""
NEAR_FILES_BONUS = 0.5
OUTCOME_FACTORS: dict[ActionOutcome, float] = {
    "ok": 1.0,
    "failed": 0.8,
    "reverted": 0.4,
    "rejected": 0.4,
    "unknown": 0.8,
}
FAILED_FACTOR_FOR_ERRORS = 1.1
ERROR_WORDS = frozenset(
    ["error", "fail", "failed", "fails", "failure", "exception", "traceback", "broken", "crash"]
)


@dataclass(frozen=True, slots=True)
class RankingCandidate:
    """A chunk that was found, and whether it belongs to tests."""

    chunk: CodeChunk
    is_test: bool


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A question as the rules compare it.

    `names` are the names in it, in lower case, `words` the stems of all its words;
    `is_symbol` is whether it is nothing but one name.
    """

    names: frozenset[str]
    words: frozenset[str]
    is_symbol: bool

    @classmethod
    def parse(cls, text: str) -> QueryTerms:
        """The terms of a question."""
        single = is_symbol(text)
        named = (text.strip(),) if single else (*symbols_in(text), *_capitalized_words(text))
        names = frozenset(_last_part(name).lower() for name in named)
        return cls(names, stems(text), single)

    @property
    def wants_tests(self) -> bool:
        """True if tests do not come behind other code."""
        return bool(self.words & TEST_STEMS)

    @property
    def wants_prose(self) -> bool:
        """True if documents and settings do not come behind code."""
        return bool(self.words & PROSE_STEMS)


def fuse_rankings(rankings: Sequence[tuple[float, Sequence[str]]]) -> dict[str, float]:
    """The scores of ids by reciprocal rank fusion; each ranking is a weight and ids, best first.

    >>> scores = fuse_rankings([(0.5, ["a", "b"]), (0.5, ["b"])])
    >>> max(scores, key=scores.get)
    'b'
    """
    scores: dict[str, float] = {}
    for weight, ids in rankings:
        for rank, one in enumerate(ids, start=1):
            scores[one] = scores.get(one, 0.0) + weight / (FUSION_K + rank)
    return scores


def ranking_weights(question: str) -> tuple[float, float]:
    """The weights of the rankings by words and by vectors; their sum is 1."""
    words_weight = SYMBOL_WORDS_WEIGHT if is_symbol(question) else 0.5
    return words_weight, 1.0 - words_weight


def rank_chunks(
    question: str, candidates: Sequence[RankingCandidate], scores: dict[str, float], limit: int
) -> list[tuple[float, CodeChunk]]:
    """The best `limit` chunks with their scores, best first, PER_FILE_MAX of a file.

    `scores` are the fused scores of the candidates by id, as `fuse_rankings` gives
    them; scores of other ids are ignored.

    >>> store = CodeChunk("1", "a.py", "python", "class", "Store", 1, 9, "", ("Store",))
    >>> other = CodeChunk("2", "b.py", "python", "class", "Other", 1, 9, "", ("Other",))
    >>> candidates = [RankingCandidate(one, is_test=False) for one in (other, store)]
    >>> best, *_ = rank_chunks("Store", candidates, fuse_rankings([(1.0, ["2", "1"])]), 10)
    >>> best[1].symbol
    'Store'
    """
    if not candidates:
        return []
    terms = QueryTerms.parse(question)
    # Bonuses are relative to it, as fused scores have no scale of their own.
    best = max(scores[one.chunk.id] for one in candidates)
    hits_in = Counter(one.chunk.path for one in candidates)
    scored = sorted(
        ((_score(terms, one, scores[one.chunk.id], best, hits_in), one) for one in candidates),
        key=lambda pair: (-pair[0], pair[1].chunk.path, pair[1].chunk.start_line),
    )
    seen: Counter[str] = Counter()
    ranked: list[tuple[float, CodeChunk]] = []
    for score, one in scored:
        path = one.chunk.path
        ranked.append((score * REPEAT_FACTOR ** seen[path], one.chunk))
        seen[path] += 1
    # Again: later hits of a file have lost a little.
    ranked.sort(key=lambda pair: -pair[0])
    return list(_limit_per_file(ranked))[:limit]


def action_weight(
    outcome: ActionOutcome, age_days: float, *, near: float, about_errors: bool, pinned: bool
) -> float:
    """The factor of an action's score; `near` is the share of its files that are at hand.

    Pinned actions do not age.
    """
    failed = outcome == "failed"
    half_life = HALF_LIFE_DAYS_FAILED if failed else HALF_LIFE_DAYS
    time_factor = 1.0 if pinned else 0.5 ** (max(0.0, age_days) / half_life)
    by_outcome = FAILED_FACTOR_FOR_ERRORS if failed and about_errors else OUTCOME_FACTORS[outcome]
    return time_factor * by_outcome * (1.0 + NEAR_FILES_BONUS * near)


def is_about_errors(question: str) -> bool:
    """True if failures are looked for rather than successes."""
    return bool(ERROR_WORDS & set(tokenize(question).split()))


def _score(
    terms: QueryTerms, one: RankingCandidate, score: float, best: float, hits_in: Counter[str]
) -> float:
    chunk = one.chunk
    if terms.names & {name.lower() for name in chunk.defines}:
        score += best * (DEFINES_SYMBOL if terms.is_symbol else DEFINES_NAMED)
    score += best * DEFINES_WORDS * _name_likeness(terms.words, chunk.defines)
    score += best * PATH_WORDS * _path_share(terms.words, chunk.path)
    score += best * SAME_FILE * min(1.0, (hits_in[chunk.path] - 1) / 4)
    if one.is_test and not terms.wants_tests:
        score *= TEST_FACTOR
    if PurePosixPath(chunk.path).name in BARRELS and not chunk.defines:
        score *= BARREL_FACTOR
    if (chunk.language in PROSE or chunk.language in DATA) and not terms.wants_prose:
        score *= PROSE_FACTOR
    return score


def _path_share(asked: frozenset[str], path: str) -> float:
    """The share of the question's words that a path has."""
    return len(asked & stems(path)) / len(asked) if asked else 0.0


def _name_likeness(asked: frozenset[str], names: Iterable[str]) -> float:
    """The best F score between the words of the question and those of a name."""
    best = 0.0
    for name in names:
        parts = stems(name)
        shared = len(asked & parts)
        if shared:
            best = max(best, 2 * shared / (len(parts) + min(len(asked), QUESTION_WORDS_MAX)))
    return best


def _capitalized_words(text: str) -> list[str]:
    # The first word has its capital from beginning the sentence.
    return [word for word in text.split()[1:] if word[:1].isupper() and word.isidentifier()]


def _last_part(name: str) -> str:
    return (
        name.removesuffix("()")
        .replace("::", ".")
        .replace("->", ".")
        .replace("#", ".")
        .split(".")[-1]
    )


def _limit_per_file(
    ranked: Iterable[tuple[float, CodeChunk]],
) -> Iterable[tuple[float, CodeChunk]]:
    seen: Counter[str] = Counter()
    for score, chunk in ranked:
        if seen[chunk.path] < PER_FILE_MAX:
            seen[chunk.path] += 1
            yield score, chunk
