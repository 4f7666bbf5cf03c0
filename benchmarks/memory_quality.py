"""How well memory finds code: docstrings asked of functions that lost them.

The first sentence of a public function's docstring is the question; what counts is
the rank of the first hit that shows lines of the function. Functions are indexed
twice: as they stand in their files, where everything else competes with them, and
each in a file of its own, as the published figures for such questions are taken.
Beside memory's own rankings: how many of the question's words occur in a chunk
(what a substring search gives), and plain BM25 over the same chunks.
`--words` leaves vectors out, which takes a minute instead of twenty.

    python -m benchmarks.memory_quality [--queries 2000] [--words] [--embedder NAME]
        [--packages NAME==VERSION ...] [--keep FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import math
import random
import re
import tempfile
import textwrap
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from benchmarks.code_vectors import CodeVectors
from benchmarks.embedders import embedder_named
from benchmarks.sources import DOCUMENTED, files, python_package
from benchmarks.table import Row, arguments, show
from lsp_server.domain.errors import ModelUnavailable
from lsp_server.domain.memories import CodeChunk, Query
from lsp_server.domain.ports import Embedder
from lsp_server.memory.memory import Memory
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.text.tokenizer import STOP_WORDS
from lsp_server.workspace.files.paths import Workspace

RANKS = 10
NEAREST = 100
SKIPPED = ("test", "tests", "testing")
Ranking: TypeAlias = Callable[[str], Awaitable[Sequence[CodeChunk]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and where its answer stands after the docstrings are gone."""

    question: str
    path: str
    start_line: int
    end_line: int

    def answered_by(self, chunk: CodeChunk) -> bool:
        overlaps = chunk.start_line <= self.end_line and chunk.end_line >= self.start_line
        return chunk.path == self.path and overlaps


@dataclass(frozen=True, slots=True)
class Function:
    """A documented one; lines count from 1, with both ends."""

    name: str
    question: str
    first: int
    last: int
    docstring: range


def documented(source: str) -> Iterator[Function]:
    """All functions with a docstring and something besides it; `question` may be empty."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.end_lineno:
            continue
        docstring = ast.get_docstring(node)
        body = node.body[0]
        if not docstring or len(node.body) < 2 or not body.end_lineno:
            continue
        sentence = re.split(r"(?<=[.!?])\s|\n\n", docstring.strip())[0].replace("\n", " ").strip()
        asks = not node.name.startswith("_") and 4 <= len(sentence.split()) <= 40
        lines = range(body.lineno, body.end_lineno + 1)
        yield Function(node.name, sentence if asks else "", node.lineno, node.end_lineno, lines)


def in_place(root: Path, sources: Iterable[tuple[str, str]]) -> list[Asked]:
    """Files without the docstrings of their functions."""
    asked: list[Asked] = []
    for path, source in sources:
        lines = source.splitlines(keepends=True)
        found = list(documented(source))
        gone = {number for function in found for number in function.docstring}
        kept = [0]
        for number in range(1, len(lines) + 1):
            kept.append(kept[-1] + (number not in gone))
        write(root / path, "".join(x for n, x in enumerate(lines, 1) if n not in gone))
        asked += [Asked(f.question, path, kept[f.first], kept[f.last]) for f in found if f.question]
    return asked


def one_by_one(root: Path, sources: Iterable[tuple[str, str]]) -> list[Asked]:
    """Each documented function in a file of its own."""
    asked: list[Asked] = []
    seen: set[str] = set()
    for _, source in sources:
        lines = source.splitlines(keepends=True)
        for function in documented(source):
            numbers = range(function.first, function.last + 1)
            code = textwrap.dedent(
                "".join(lines[n - 1] for n in numbers if n not in function.docstring)
            )
            if code in seen:
                continue
            seen.add(code)
            path = f"{len(seen) // 100:03}/{len(seen):05}.py"
            write(root / path, code)
            if function.question:
                asked.append(Asked(function.question, path, 1, code.count("\n") + 1))
    return asked


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def sources(packages: Sequence[str] = DOCUMENTED) -> Iterator[tuple[str, str]]:
    """Paths and texts that parse, of all packages, without their tests."""
    for requirement in packages:
        folder = python_package(requirement)
        for file in files(folder, (".py",), SKIPPED):
            source = file.read_text("utf-8", "replace")
            try:
                ast.parse(source)
            except (SyntaxError, ValueError):
                continue
            yield file.relative_to(folder).as_posix(), source


class Bm25:
    """Okapi BM25 with the usual constants over words as they stand, in lower case."""

    def __init__(self, texts: Sequence[str]) -> None:
        import numpy as np

        counts = [Counter(plain_words(text)) for text in texts]
        lengths = [max(1, count.total()) for count in counts]
        mean = sum(lengths) / max(1, len(lengths))
        having: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (count, length) in enumerate(zip(counts, lengths, strict=True)):
            norm = 1.2 * (0.25 + 0.75 * length / mean)
            for word, times in count.items():
                having[word].append((number, times * 2.2 / (times + norm)))
        self._size = len(texts)
        self._having = {
            word: (
                np.array([number for number, _ in found]),
                np.array([weight for _, weight in found])
                * math.log(1 + (len(texts) - len(found) + 0.5) / (len(found) + 0.5)),
            )
            for word, found in having.items()
        }

    def best(self, question: str) -> list[int]:
        import numpy as np

        scores = np.zeros(self._size)
        for word in plain_words(question):
            if word in self._having:
                numbers, weights = self._having[word]
                scores[numbers] += weights
        return [int(one) for one in np.argsort(-scores, kind="stable")[:RANKS]]


def plain_words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", text)]


class Baselines:
    """What needs no memory, over the same chunks."""

    def __init__(self, chunks: Sequence[CodeChunk]) -> None:
        self._chunks = chunks
        self._lowered = [chunk.text.lower() for chunk in chunks]
        self._bm25 = Bm25([chunk.text for chunk in chunks])

    async def substrings(self, question: str) -> Sequence[CodeChunk]:
        """The chunks in which the most of the question's words occur, in the order of paths."""
        asked = set(plain_words(question)) - STOP_WORDS
        counts = [sum(word in text for word in asked) for text in self._lowered]
        best = sorted(range(len(counts)), key=lambda number: -counts[number])[:RANKS]
        return [self._chunks[number] for number in best]

    async def bm25(self, question: str) -> Sequence[CodeChunk]:
        return [self._chunks[number] for number in self._bm25.best(question)]


class Rankings:
    """Those of one memory, and of its vectors by themselves."""

    def __init__(self, memory: Memory, vectors: CodeVectors) -> None:
        self._memory = memory
        self._vectors = vectors

    async def best(self, question: str) -> Sequence[CodeChunk]:
        hits = await self._memory.reader.search(Query(question, kinds=("code",), limit=RANKS))
        return [hit.found for hit in hits if isinstance(hit.found, CodeChunk)]

    async def nearest(self, question: str) -> Sequence[CodeChunk]:
        """By vectors alone, without rules."""
        return (await self._vectors.nearest(question, NEAREST))[:RANKS]


async def all_chunks(memory: Memory) -> list[CodeChunk]:
    """In the order of their files."""
    chunks = (await memory.reader.contents()).chunks
    return sorted(chunks, key=lambda one: (one.path, one.start_line))


async def measured(method: str, ranking: Ranking, asked: Sequence[Asked]) -> Row:
    started = time.perf_counter()
    ranks: list[int | None] = []
    for one in asked:
        found = enumerate(await ranking(one.question), start=1)
        ranks.append(next((place for place, hit in found if one.answered_by(hit)), None))
    seconds = time.perf_counter() - started
    places = [place for place in ranks if place is not None]
    return {
        "method": method,
        "queries": len(asked),
        "MRR@10": f"{sum(1 / place for place in places) / len(asked):.3f}",
        "recall@1": f"{places.count(1) / len(asked):.3f}",
        "recall@10": f"{len(places) / len(asked):.3f}",
        "ms a query": seconds / len(asked) * 1e3,
    }


async def run(
    layout: str,
    make: Callable[[Path, Iterable[tuple[str, str]]], list[Asked]],
    scratch: Path,
    options: argparse.Namespace,
) -> list[Row]:
    root, folder = scratch / layout / "workspace", scratch / layout / "memory"
    asked = make(root, sources(options.packages))
    counts = Counter(one.question for one in asked)
    unique = [one for one in asked if counts[one.question] == 1]
    chosen = random.Random(1).sample(unique, min(options.queries, len(unique)))
    rows: list[Row] = []
    words_alone = WordsAlone()
    async with opened(folder, root, words_alone) as memory:
        rankings = Rankings(memory, await CodeVectors.open(folder, words_alone))
        chunks = await all_chunks(memory)
        baselines = Baselines(chunks)
        rows.append(await measured("substrings", baselines.substrings, chosen))
        rows.append(await measured("plain BM25", baselines.bm25, chosen))
        rows.append(await measured("memory, words", rankings.best, chosen))
    for name in () if options.words else options.embedder:
        started = time.perf_counter()
        embedder = embedder_named(name)
        async with opened(folder, root, embedder) as memory:
            await memory.settle()
            seconds = time.perf_counter() - started
            rankings = Rankings(memory, await CodeVectors.open(folder, embedder))
            rows.append(await measured(f"{name} alone", rankings.nearest, chosen))
            row = await measured(f"memory, words and {name}", rankings.best, chosen)
            rows.append({**row, "vectors a second": len(chunks) / seconds})
    size = {"functions": len(asked), "chunks": len(chunks)}
    return [{"indexed": layout, **size, **row} for row in rows]


@asynccontextmanager
async def opened(folder: Path, root: Path, embedder: Embedder) -> AsyncIterator[Memory]:
    """The memory of everything below `root`, indexed."""
    memory = await Memory.open(
        folder, Workspace(root), embedder, MemorySettings(), start_process=start_unconfined
    )
    try:
        await memory.code.index()
        yield memory
    finally:
        await memory.close()


class WordsAlone:
    """An embedder that is never there."""

    dimension = 0
    fingerprint = "none"

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        raise ModelUnavailable(f"{len(texts)} texts stay without a vector")


async def all_runs(scratch: Path, options: argparse.Namespace) -> list[Row]:
    rows = await run("in their files", in_place, scratch, options)
    return rows + await run("one by one", one_by_one, scratch, options)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--words", action="store_true", help="without vectors")
    parser.add_argument(
        "--embedder", nargs="+", default=["minilm"], help="names, or folders of tables"
    )
    parser.add_argument(
        "--packages", nargs="+", default=DOCUMENTED, help="of PyPI, as name==version"
    )
    parser.add_argument("--keep", type=Path, help="work there, and find the vectors again")
    options = parser.parse_args()
    place = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory()
    with place as scratch:
        rows = asyncio.run(all_runs(Path(scratch), options))
    show("From docstring to function, " + ", ".join(options.packages), rows, options.json)


if __name__ == "__main__":
    main()
