"""How fast memory is: first index, restart, one saved file, branches, queries, many small writes.

First, real packages from nothing to where words are found, beside the bare work of
reading and cutting the same files in this process, by the seconds that processors worked; and the shipped model's vectors.
Then one workspace of so many chunks: sources of the standard library, copied until
there are enough. There, vectors of chunks are drawn by chance, as making real ones
takes minutes; questions are embedded by the shipped model, and that is part of the
figures for vectors.

    python -m benchmarks.memory_speed [--chunks 10000 100000] [--queries 200] [--json FILE]
"""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

from benchmarks.code_vectors import CodeVectors, optimize
from benchmarks.sources import (
    SourceMissing,
    debian_package,
    files,
    npm_package,
    python_package,
    standard_library,
)
from benchmarks.table import Row, arguments, show
from lsp_server.domain.errors import ModelUnavailable
from lsp_server.domain.memories import ActionRecord, Query
from lsp_server.embedders.minilm import DIMENSION, MiniLmEmbedder
from lsp_server.memory.chunk_schema import embedded_text
from lsp_server.memory.memory import Memory
from lsp_server.memory.parsing import read_file
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from tests.harness.expectation import until

BYTES_PER_CHUNK = 870
"""Of the standard library's source."""
ACTIONS = 1_000
GROUP = 25
EMBEDDED = 400
SWITCHED = 500
FILE_BYTES_MAX = 1_000_000
PACKAGES: tuple[tuple[str, Callable[[], Path], str], ...] = (
    ("Django", partial(python_package, "django==5.2.8"), ".py"),
    ("Python's library", standard_library, ".py"),
    ("RxJS (TypeScript)", partial(npm_package, "rxjs@7.8.2"), ".ts"),
    ("x/tools (Go)", partial(debian_package, "golang-golang-x-tools-dev"), ".go"),
)
AT = "2026-01-01T00:00:00+00:00"


class Scattered:
    """Vectors of chance for texts, and the shipped model's own cost for questions.

    The place of a text is drawn from its hash, near one of 64 centres, so that
    an index over them has something to find.
    """

    dimension = DIMENSION
    fingerprint = "scattered"

    def __init__(self) -> None:
        self.minilm = MiniLmEmbedder()
        self.asking = self.refusing = False
        self.made = 0
        chance = random.Random(7)
        self._centres = [[chance.gauss(0, 1) for _ in range(DIMENSION)] for _ in range(64)]

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if self.refusing:
            raise ModelUnavailable("words alone are wanted now")
        if self.asking:
            return await self.minilm.embed(texts)
        self.made += len(texts)
        return await asyncio.to_thread(lambda: [self._vector(text) for text in texts])

    def _vector(self, text: str) -> list[float]:
        chance = random.Random(text)
        centre = self._centres[chance.randrange(64)]
        noise = chance.choices(range(-128, 128), k=DIMENSION)
        return [c + n / 160 for c, n in zip(centre, noise, strict=True)]


def copy_sources(root: Path, chunks: int) -> tuple[int, int]:
    """Files and bytes written."""
    library = standard_library()
    sources = [
        (file.relative_to(library), file.read_bytes())
        for file in files(library, (".py",), ("site-packages",))
        if file.stat().st_size < 200_000
    ]
    written = size = 0
    for turn in count():
        for path, data in sources:
            if size >= chunks * BYTES_PER_CHUNK:
                return written, size
            target = root / f"copy{turn}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            # Each copy has words of its own.
            target.write_bytes(data if turn == 0 else data.replace(b"self", b"self%d" % turn))
            written, size = written + 1, size + len(data)
    raise AssertionError("there is always another turn")


async def timed(work: Callable[..., Awaitable[object]], *arguments: object) -> float:
    started = time.perf_counter()
    await work(*arguments)
    return time.perf_counter() - started


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """p50 and p99, in milliseconds."""
    ordered = sorted(seconds)
    return statistics.median(ordered) * 1e3, ordered[int(len(ordered) * 0.99)] * 1e3


def questions(number: int) -> list[str]:
    chance = random.Random(3)
    things = ["socket", "header", "archive member", "thread", "locale", "token", "date", "path"]
    verbs = ["parse the", "close a", "return the next", "write one", "wait for the", "compare a"]
    return [f"{chance.choice(verbs)} {chance.choice(things)} {i}" for i in range(number)]


async def first_indexes(scratch: Path) -> list[Row]:
    """Each package from nothing."""
    rows: list[Row] = []
    for name, fetch, suffix in PACKAGES:
        try:
            origin = fetch()
        except SourceMissing as error:
            rows.append({"package": name, "unit": str(error)})
            continue
        root = scratch / suffix.strip(".") / name.split()[0]
        for file in files(origin, (suffix,), ("site-packages",)):
            target = root / file.relative_to(origin)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        rows.append({"package": name, **await first_index(root, scratch / f"memory {name[:6]}")})
    return rows


def bare_work(root: Path) -> tuple[int, int, int, float]:
    """Files, bytes, chunks, and the processor's seconds that reading and cutting them takes."""
    paths = [file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()]
    size = sum((root / path).stat().st_size for path in paths)
    started = time.process_time()
    chunks = sum(len(read_file(root, path, "", FILE_BYTES_MAX).rows or ()) for path in paths)
    return len(paths), size, chunks, time.process_time() - started


async def first_index(root: Path, folder: Path) -> Row:
    number, size, chunks, bare = bare_work(root)
    memory = await Memory.open(
        folder, Workspace(root), Scattered(), MemorySettings(), start_process=start_unconfined
    )
    started, used = time.perf_counter(), cpu_seconds()
    report = await memory.code.index()
    seconds, used = time.perf_counter() - started, cpu_seconds() - used
    await memory.close()
    return {
        "files": number,
        "MB": size / 1e6,
        "skipped": report.skipped,
        "chunks": chunks,
        "files/s": number / seconds,
        "MB/s": size / seconds / 1e6,
        "MB/cpu-s": size / used / 1e6,
        "MB/cpu-s, bare": size / bare / 1e6,
    }


def cpu_seconds() -> float:
    """Of this process and those that it started."""
    processes = [psutil.Process(), *psutil.Process().children()]
    return sum(sum(one.cpu_times()[:2]) for one in processes)


async def vectors_a_second() -> Row:
    """Of the shipped model, on chunks of the standard library."""
    library = standard_library()
    reads = (
        read_file(library, file.relative_to(library).as_posix(), "", FILE_BYTES_MAX)
        for file in files(library, (".py",), ("site-packages", "test"))
    )
    rows = [row for read in reads for row in read.rows or ()]
    chosen = random.Random(1).sample(rows, EMBEDDED)
    texts = [embedded_text(row["symbol"], row["text"]) for row in chosen]
    minilm = MiniLmEmbedder()
    await minilm.embed(texts[:2])
    seconds = await timed(minilm.embed, texts)
    return {"package": "vectors of its chunks", "chunks": EMBEDDED, "vectors/s": EMBEDDED / seconds}


def resident_mb(folder: Path, root: Path, asked: Sequence[str]) -> float:
    """Of this process once it opened a memory, compared the files and asked."""

    async def work() -> float:
        embedder = Scattered()
        memory = await Memory.open(
            folder, Workspace(root), embedder, MemorySettings(), start_process=start_unconfined
        )
        await memory.code.index()
        embedder.asking = True
        for question in asked:
            await search(memory, question)
        size: int = psutil.Process().memory_info().rss
        await memory.close()
        return size / 1e6

    return asyncio.run(work())


async def search(memory: Memory, question: str) -> None:
    await memory.reader.search(Query(question, kinds=("code",)))


def upkeep_done(memory: Memory) -> bool:
    return not memory.status().upkeep_pending


async def nearest(vectors: CodeVectors, question: str) -> None:
    """The nearest vectors and their chunks, without words and rules."""
    await vectors.nearest(question, 60)


class Bench:
    """One workspace, measured step by step into `rows`."""

    def __init__(self, scratch: Path, chunks: int, queries: int) -> None:
        self.rows: list[Row] = []
        self._chunks = chunks
        self._folder = scratch / "memory"
        self._root = scratch / "workspace"
        self._questions = questions(queries)
        self._embedder = Scattered()

    async def run(self) -> None:
        self._root.mkdir()
        number, size = copy_sources(self._root, self._chunks)
        await self._first_index(number, size)
        started = time.perf_counter()
        memory = await self._open()
        await memory.code.index()
        self._add("restart, nothing changed", time.perf_counter() - started, "s")
        await self._queries(memory)
        await self._saves(memory)
        await self._branches(memory)
        await self._growth(memory)
        self._add("files on disk after all that", len(self._kept()), "")
        await memory.close()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            resident = fresh.submit(resident_mb, self._folder, self._root, self._questions).result()
        self._add("RSS of a fresh process after the queries", resident, "MB")

    def _kept(self) -> list[int]:
        """The sizes of all files."""
        return [file.stat().st_size for file in self._folder.rglob("*") if file.is_file()]

    async def _first_index(self, number: int, size: int) -> None:
        started = time.perf_counter()
        memory = await self._open()
        self._add("open, empty", time.perf_counter() - started, "s")
        started = time.perf_counter()
        await memory.code.index()
        seconds = time.perf_counter() - started
        self._add("files", number, "")
        self._add("chunks", memory.status().chunks, "")
        self._add("first index until words are found", seconds, "s")
        self._add("throughput", number / seconds, "files/s")
        self._add("throughput", size / seconds / 1e6, "MB/s")
        await memory.settle()
        await memory.close()
        await optimize(self._folder, self._embedder)  # what upkeep does a minute later
        self._add("disk, of the source's size", sum(self._kept()) / size, "x")

    async def _queries(self, memory: Memory) -> None:
        embedder = self._embedder
        vectors = await CodeVectors.open(self._folder, embedder)
        embedder.asking = True
        await self._add_times("hybrid query", partial(search, memory), self._questions)
        await self._add_times("query by vectors", partial(nearest, vectors), self._questions)
        embedder.refusing = True
        await self._add_times("query by words", partial(search, memory), self._questions)
        embedder.refusing = embedder.asking = False
        await until(lambda: not memory.status().problems, "vectors again")
        one_by_one = [[question] for question in self._questions]
        await self._add_times("embedding a question", embedder.minilm.embed, one_by_one)

    async def _add_times(
        self, what: str, work: Callable[[Any], Awaitable[object]], inputs: Sequence[object]
    ) -> None:
        for one in inputs[:10]:
            await work(one)
        p50, p99 = percentiles([await timed(work, one) for one in inputs])
        self._add(f"{what}, p50", p50, "ms")
        self._add(f"{what}, p99", p99, "ms")

    async def _saves(self, memory: Memory) -> None:
        saved = self._root / "copy0" / "argparse.py"
        times: list[float] = []
        for turn in range(10):
            saved.write_text(f"def saved_now_{turn}():\n    return {turn}\n{saved.read_text()}")
            memory.code.files_changed([saved])
            times.append(await timed(memory.settle))
        self._add("a saved file, words and vectors, median", statistics.median(times), "s")

    async def _branches(self, memory: Memory) -> None:
        """Files change as between branches, once new and once with all vectors known."""
        chosen = sorted(self._root.rglob("*.py"))[:SWITCHED]
        there = {file: file.read_bytes() for file in chosen}
        for name, vectors in (("new", "made"), ("known", "cached")):
            for file, data in there.items():
                file.write_bytes(data.replace(b"return", b"return  ") if name == "new" else data)
            made = self._embedder.made
            words = await timed(memory.code.index)
            rest = await timed(memory.settle)
            what = f"{len(chosen)} files change with a branch"
            self._add(f"{what}, vectors {vectors}: words found", words, "s")
            self._add(f"{what}, vectors {vectors}: all found", words + rest, "s")
            self._add("vectors made for it", self._embedder.made - made, "")

    async def _growth(self, memory: Memory) -> None:
        """Actions one by one, each committed, against as many that came in groups."""
        fresh = await self._open(self._folder.with_name("fresh"))
        for number in range(ACTIONS):
            fresh.records.add(self._action(number))
            if number % GROUP == GROUP - 1:
                await fresh.records.flush()
        for number in range(ACTIONS):
            memory.records.add(self._action(number))
            await memory.records.flush()
        # A quiet while, in which the upkeep does what is due.
        for each in (fresh, memory):
            await each.settle()
            await until(partial(upkeep_done, each), "old versions gone", 180.0)
        self._embedder.asking = True
        in_groups = await self._action_p50(fresh)
        one_by_one = await self._action_p50(memory)
        self._embedder.asking = False
        await fresh.close()
        self._add(f"hybrid p50 over {ACTIONS} actions, {GROUP} at a time", in_groups, "ms")
        self._add("over as many that came one by one", one_by_one, "ms")
        self._add("the same, of the first", one_by_one / in_groups, "x")

    @staticmethod
    def _action(number: int) -> ActionRecord:
        title = f"pytest tests/test_{number}.py"
        return ActionRecord(str(number), "run", number, AT, "shell", title, result="passed " * 50)

    async def _action_p50(self, memory: Memory) -> float:
        queries = [Query(question, kinds=("action",)) for question in self._questions]
        for query in queries[:10]:
            await memory.reader.search(query)
        p50, _ = percentiles([await timed(memory.reader.search, query) for query in queries])
        return p50

    async def _open(self, folder: Path | None = None) -> Memory:
        workspace = Workspace(self._root)
        return await Memory.open(
            folder or self._folder,
            workspace,
            self._embedder,
            MemorySettings(),
            start_process=start_unconfined,
        )

    def _add(self, what: str, value: float, unit: str) -> None:
        self.rows.append({"table": self._chunks, "what": what, "value": value, "unit": unit})
        sys.stderr.write(f"{what}: {value:.2f} {unit}\n")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        first = [*asyncio.run(first_indexes(Path(scratch))), asyncio.run(vectors_a_second())]
    show("From nothing to where words are found", first)
    rows: list[Row] = []
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory() as scratch:
            bench = Bench(Path(scratch), chunks, options.queries)
            asyncio.run(bench.run())
        rows += bench.rows
    show("Speed of memory", rows, options.json)


if __name__ == "__main__":
    main()
