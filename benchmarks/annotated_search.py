"""How well memory answers annotated questions about repositories of many languages.

FOLDER is laid out as the public benchmark of semble is: `repos.json` (name, language,
benchmark_root), `annotations/NAME.json` (questions with the files that answer them)
and beside them the sources in `repos/NAME`, at the revision that `repos.json` names;
names without sources are left out. The measure is its own: NDCG@10, where a target is
found by the first of ten chunks that is in its file and, if it has lines, in these.

The second table takes the rules of `lsp_server/memory/code_ranking.py` out one by one, fuses
by ranks what `lsp_server/memory/fusion.py` fuses by scores, and ranks what words found alone,
so that one run says whether vectors help. The third does so for each kind of question.

    python -m benchmarks.annotated_search FOLDER [--words] [--embedder NAME]
        [--keep FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import mean
from typing import Any, TypeAlias

from benchmarks.code_vectors import CodeVectors
from benchmarks.embedders import embedder_named
from benchmarks.memory_quality import RANKS, WordsAlone, opened
from benchmarks.table import Row, arguments, show
from lsp_server.domain.memories import CodeChunk
from lsp_server.domain.ports import Embedder
from lsp_server.memory.code_ranking import CODE_RULES, CodeRules, rank_chunks
from lsp_server.memory.fusion import Fusion, Scores, fuse_by_ranks, fuse_by_scores


@dataclass(frozen=True, slots=True)
class Target:
    """A file that answers a question, or lines of it."""

    path: str
    first: int = 1
    last: int = 10**9

    @classmethod
    def parse(cls, written: str | Mapping[str, Any]) -> Target:
        if isinstance(written, str):
            return cls(written)
        if written.get("start_line") is None:
            return cls(written["path"])
        return cls(written["path"], int(written["start_line"]), int(written["end_line"]))

    def is_in(self, chunk: CodeChunk) -> bool:
        """Paths count from different folders, so they need only end alike."""
        longer, shorter = sorted((f"/{chunk.path}", f"/{self.path}"), key=len, reverse=True)
        overlaps = chunk.start_line <= self.last and chunk.end_line >= self.first
        return longer.endswith(shorter) and overlaps


@dataclass(frozen=True, slots=True)
class Annotated:
    """A question and what answers it."""

    question: str
    targets: tuple[Target, ...]
    kind: str
    """What the annotation calls it, as `symbol`."""

    def ndcg(self, found: Sequence[CodeChunk]) -> float:
        """Gain of the targets by the ranks at which they are found, against the best there is."""
        ranks = [
            next((n for n, hit in enumerate(found) if t.is_in(hit)), None) for t in self.targets
        ]
        gained = sum(1 / math.log2(rank + 2) for rank in {*ranks} - {None} if rank is not None)
        return gained / sum(1 / math.log2(n + 2) for n in range(min(RANKS, len(self.targets))))


def annotated(folder: Path, name: str) -> Iterator[Annotated]:
    for one in json.loads((folder / "annotations" / f"{name}.json").read_text("utf-8")):
        targets = [*one.get("relevant", ()), *one.get("secondary", ())]
        yield Annotated(one["query"], tuple(map(Target.parse, targets)), one.get("category", "any"))


def words_alone(words: Scores, _: Scores, words_weight: float) -> dict[str, float]:
    """Leaves out what vectors found: a `Fusion`."""
    return fuse_by_scores(words, {}, words_weight)


FUSIONS: Mapping[str, Fusion] = {"fused by ranks": fuse_by_ranks, "words alone": words_alone}
"""What is compared with the fusion that memory uses."""
BEST = "all rules"


def rule_sets() -> Iterator[tuple[str, CodeRules]]:
    """All rules, each of them left out, and none."""
    off = {one.name: 1.0 if one.name.endswith("factor") else 0.0 for one in fields(CodeRules)}
    yield BEST, CODE_RULES
    for name, value in off.items():
        yield f"without {name}", replace(CODE_RULES, **{name: value})
    yield "none, plain fusion", CodeRules(**off)


Gains: TypeAlias = dict[str, list[tuple[str, float]]]
"""By what was left out: the kind of each question, and its NDCG@10."""


async def gains_of(questions: Sequence[Annotated], vectors: CodeVectors) -> Gains:
    """Answers the questions with all rules, with some, and with other fusions."""
    gains: Gains = defaultdict(list)
    for one in questions:
        candidates, scores = await vectors.candidates(one.question)
        for label, rules in rule_sets():
            ranked = rank_chunks(one.question, candidates, scores, RANKS, rules)
            gains[label].append((one.kind, one.ndcg([chunk for _, chunk in ranked])))
        for label, fuse in FUSIONS.items():
            candidates, scores = await vectors.candidates(one.question, fuse)
            scored = [candidate for candidate in candidates if candidate.chunk.id in scores]
            ranked = rank_chunks(one.question, scored, scores, RANKS)
            gains[label].append((one.kind, one.ndcg([chunk for _, chunk in ranked])))
    return gains


async def measured(folder: Path, name: str, kept: Path, embedder: Embedder) -> tuple[Row, Gains]:
    """A row of the first table, and what the others are made of."""
    questions = list(annotated(folder, name))
    started = time.perf_counter()
    async with opened(kept / name, folder / "repos" / name, embedder) as memory:
        if not isinstance(embedder, WordsAlone):
            await memory.settle()
        seconds = time.perf_counter() - started
        vectors = await CodeVectors.open(kept / name, embedder)
        chunks = len((await memory.reader.contents()).chunks)
        gains = await gains_of(questions, vectors)
    row: Row = {
        "repository": name,
        "questions": len(questions),
        "chunks": chunks,
        "NDCG@10": f"{mean(gain for _, gain in gains[BEST]):.3f}",
        "seconds to index": seconds,
    }
    return row, gains


def rule_rows(repositories: Sequence[Gains]) -> list[Row]:
    """Means of repositories, against those of all rules."""
    figures = {
        label: mean(mean(gain for _, gain in one[label]) for one in repositories)
        for label in repositories[0]
    }
    return [
        {"rules": label, "NDCG@10": f"{one:.4f}", "against all": f"{one - figures[BEST]:+.4f}"}
        for label, one in figures.items()
    ]


def kind_rows(repositories: Sequence[Gains]) -> list[Row]:
    """Means of questions, for each kind of them."""
    gains: dict[str, Gains] = defaultdict(lambda: defaultdict(list))
    for repository in repositories:
        for label in (BEST, *FUSIONS):
            for kind, gain in repository[label]:
                gains[kind][label].append((kind, gain))
    return [
        {
            "questions": kind,
            "number": len(by_label[BEST]),
            **{label: f"{mean(gain for _, gain in one):.3f}" for label, one in by_label.items()},
        }
        for kind, by_label in sorted(gains.items())
    ]


async def run(options: argparse.Namespace, kept: Path) -> None:
    folder: Path = options.folder
    names = [one["name"] for one in json.loads((folder / "repos.json").read_text("utf-8"))]
    embedder = WordsAlone() if options.words else embedder_named(options.embedder)
    rows: list[Row] = []
    repositories: list[Gains] = []
    for name in names:
        if (folder / "repos" / name).is_dir():
            row, gains = await measured(folder, name, kept, embedder)
            rows.append(row)
            repositories.append(gains)
    average = mean(mean(gain for _, gain in one[BEST]) for one in repositories)
    rows.append({"repository": "mean", "NDCG@10": f"{average:.3f}"})
    show("From a question to its files", rows, options.json)
    show("Rules left out", rule_rows(repositories))
    show("By kind of question", kind_rows(repositories))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--words", action="store_true", help="without vectors")
    parser.add_argument("--embedder", default="minilm", help="a name, or the folder of a table")
    parser.add_argument("--keep", type=Path, help="index there, and find it again")
    options = parser.parse_args()
    place = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory()
    with place as kept:
        asyncio.run(run(options, Path(kept)))


if __name__ == "__main__":
    main()
