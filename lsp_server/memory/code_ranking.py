"""This module decides which code comes first, by rules on top of the fused rankings.

The rules add more to plain fusion than a much larger embedder does:
`benchmarks/annotated_search.py` takes out one after another and says what is lost where
files are looked for, `benchmarks/memory_quality.py` how well single functions are found.
The weights are a compromise of both: names of files and repeats help the one and cost the other.
Two rules are not among them: lifting the best chunk of a file in which much else was found costs
single functions more than it gives files, and weighing the words of a file's name by how few of
the found files have them helps some repositories and harms others.
Nothing here reads or writes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from lsp_server.domain.memories import CodeChunk
from lsp_server.memory.languages import DATA, PROSE
from lsp_server.text.bm25 import stems
from lsp_server.text.tokenizer import is_symbol, symbols_in


@dataclass(frozen=True, slots=True)
class CodeRules:
    """`CodeRules` are the weights of the rules.

    What is added to a score is in units of the best fused score; what multiplies it
    is named a factor, and 1 leaves the rule out, as 0 does for what is added.
    """

    defines_symbol: float = 3.0
    """A chunk defines the name that is the whole question."""
    defines_named: float = 0.4
    """It defines a name that is in the question."""
    other_case_factor: float = 0.3
    """The name is written in other capitals: `request` is rarely what asks for `Request`."""
    own_file: float = 0.3
    """It defines the name in a file of that name; a share of the bonus for the definition."""
    defines_words: float = 0.8
    """The words of the question are those of a defined name."""
    file_words: float = 1.3
    """The words of the question are in the names of the file and its folder."""
    test_factor: float = 0.5
    example_factor: float = 0.5
    prose_factor: float = 0.7
    """Documents and data, which no definition lifts: a heading or a key is not one."""
    barrel_factor: float = 0.7
    repeat_factor: float = 0.7
    """Applied for each earlier hit in the same file."""


CODE_RULES = CodeRules()
PER_FILE_MAX = 4
QUESTION_WORDS_MAX = 6
"""A longer question counts as one of so many words when it is compared with a name."""
START_CHARS_MIN = 3
"""The word of a file's name and that of a question are alike if one begins with the other and
has so many characters: `auth` and `authenticate`."""

TEST_STEMS = stems("test spec fixture")
"""A question with one of these stems wants tests."""
PROSE_STEMS = stems("readme doc documentation changelog config configuration")
"""A question with one of these stems wants documents and settings."""
EXAMPLE_STEMS = stems("example sample demo bench benchmark")
"""Folders of these stems show code in use. A question with one of them wants it."""
BARRELS = frozenset({"__init__.py", "index.ts", "index.js", "index.tsx", "__init__.pyi"})
"""Files that mostly pass on the names of others."""


@dataclass(frozen=True, slots=True)
class RankingCandidate:
    """A `RankingCandidate` is a chunk that was found; `is_test` is whether it belongs to tests."""

    chunk: CodeChunk
    is_test: bool

    @property
    def is_prose(self) -> bool:
        """Says whether it is no code but a document, or data."""
        return self.chunk.language in PROSE or self.chunk.language in DATA

    @property
    def defines(self) -> tuple[str, ...]:
        """Returns the names that it defines, without what is before them; none for what is no code."""
        return () if self.is_prose else tuple(map(_last_part, self.chunk.defines))


@dataclass(frozen=True)
class QueryTerms:
    """`QueryTerms` are a question as the rules compare it.

    `names` are the names in it as they are written, `words` the stems of all its
    words; `is_symbol` is whether it is nothing but one name.
    """

    names: frozenset[str]
    words: frozenset[str]
    is_symbol: bool

    @classmethod
    def parse(cls, text: str) -> QueryTerms:
        """Returns the terms of a question."""
        single = is_symbol(text)
        named = (text.strip(),) if single else (*symbols_in(text), *_capitalized_words(text))
        return cls(frozenset(map(_last_part, named)), stems(text), single)

    @cached_property
    def lower_names(self) -> frozenset[str]:
        """Returns the names in lower case."""
        return frozenset(name.lower() for name in self.names)

    @property
    def wants_tests(self) -> bool:
        """Says whether the question is about tests; else they come behind other code."""
        return bool(self.words & TEST_STEMS)

    @property
    def wants_prose(self) -> bool:
        """Says whether it is about documents or settings; else they come behind code."""
        return bool(self.words & PROSE_STEMS)

    @property
    def wants_examples(self) -> bool:
        """Says whether it is about examples; else they come behind what they show."""
        return bool(self.words & EXAMPLE_STEMS)


def rank_chunks(
    question: str,
    candidates: Sequence[RankingCandidate],
    scores: Mapping[str, float],
    limit: int,
    rules: CodeRules = CODE_RULES,
) -> list[tuple[float, CodeChunk]]:
    """Returns the best `limit` chunks with their scores, best first, PER_FILE_MAX of a file.

    `scores` are the fused scores of the candidates by id, as `fuse_by_scores` gives
    them; scores of other ids are ignored.

    >>> store = CodeChunk("1", "a.py", "python", "class", "Store", 1, 9, "", ("Store",))
    >>> other = CodeChunk("2", "b.py", "python", "class", "Other", 1, 9, "", ("Other",))
    >>> candidates = [RankingCandidate(one, is_test=False) for one in (other, store)]
    >>> best, *_ = rank_chunks("Store", candidates, {"1": 0.01, "2": 0.02}, 10)
    >>> best[1].symbol
    'Store'
    """
    terms = QueryTerms.parse(question)
    best = max((scores[one.chunk.id] for one in candidates), default=0.0)
    scored: list[tuple[float, CodeChunk]] = []
    for one in candidates:
        score = scores[one.chunk.id] + best * _bonus(rules, terms, one)
        scored.append((score * _factor(rules, terms, one), one.chunk))
    scored.sort(key=lambda pair: (-pair[0], pair[1].path, pair[1].start_line))
    return list(_spread(scored, rules.repeat_factor))[:limit]


def _bonus(rules: CodeRules, terms: QueryTerms, one: RankingCandidate) -> float:
    """Returns what is added to a score, in units of the best fused one."""
    for_definition = rules.defines_symbol if terms.is_symbol else rules.defines_named
    return (
        for_definition * _definition_share(rules, terms, one)
        + rules.defines_words * _name_likeness(terms.words, one.defines)
        + rules.file_words * _file_share(terms.words, one.chunk.path)
    )


def _definition_share(rules: CodeRules, terms: QueryTerms, one: RankingCandidate) -> float:
    """Returns how well a chunk defines a name of the question, 0 if it does not."""
    if terms.names & set(one.defines):
        share = 1.0
    elif terms.lower_names & {name.lower() for name in one.defines}:
        share = rules.other_case_factor
    else:
        return 0.0
    file = PurePosixPath(one.chunk.path).stem.lower().replace("_", "").replace("-", "")
    own = any(file == name.replace("_", "") for name in terms.lower_names)
    return share * (1.0 + rules.own_file if own else 1.0)


def _factor(rules: CodeRules, terms: QueryTerms, one: RankingCandidate) -> float:
    """Returns what a score is multiplied with: a little for what is rarely wanted."""
    path = PurePosixPath(one.chunk.path)
    factor = 1.0
    if one.is_test and not terms.wants_tests:
        factor *= rules.test_factor
    if path.name in BARRELS and not one.chunk.defines:
        factor *= rules.barrel_factor
    if one.is_prose and not terms.wants_prose:
        factor *= rules.prose_factor
    if not terms.wants_examples and stems(str(path.parent)) & EXAMPLE_STEMS:
        factor *= rules.example_factor
    return factor


def _spread(
    scored: Iterable[tuple[float, CodeChunk]], repeat_factor: float
) -> Iterator[tuple[float, CodeChunk]]:
    """Returns the chunks, best first, with later ones of a file behind others that are nearly as good."""
    seen: Counter[str] = Counter()
    spread: list[tuple[float, CodeChunk]] = []
    for score, chunk in scored:
        if seen[chunk.path] < PER_FILE_MAX:
            spread.append((score * repeat_factor ** seen[chunk.path], chunk))
        seen[chunk.path] += 1
    return iter(sorted(spread, key=lambda pair: -pair[0]))


def _file_share(asked: frozenset[str], path: str) -> float:
    """Returns the share of the question's words that the names of a file and its folder have."""
    file = PurePosixPath(path)
    parts = stems(f"{file.parent.name} {file.stem}")
    return sum(_is_in(word, parts) for word in asked) / len(asked) if asked else 0.0


def _is_in(word: str, parts: frozenset[str]) -> bool:
    return word in parts or any(
        len(min(word, part, key=len)) >= START_CHARS_MIN
        and (word.startswith(part) or part.startswith(word))
        for part in parts
    )


def _name_likeness(asked: frozenset[str], names: Iterable[str]) -> float:
    """Returns the best F score between the words of the question and those of a name."""
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
