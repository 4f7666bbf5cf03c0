"""How fast memory is: first index, restart, one saved file, queries, many small writes.

Sources are the standard library's, copied until there are enough chunks. Vectors of
chunks are drawn by chance, as making real ones takes minutes; questions are embedded
by the shipped model, and that is part of the hybrid figures.

    python -m benchmarks.memory_speed [--chunks 10000 100000] [--queries 200] [--json FILE]
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path

import psutil

from benchmarks.table import Row, arguments, show
from lsp_server.domain.memories import ActionRecord, Query
from lsp_server.embedders.minilm import DIMENSION, MiniLm
from lsp_server.memory.memory import Memory
from lsp_server.settings import MemorySettings
from lsp_server.workspace.paths import Workspace

BYTES_PER_CHUNK = 870
"""Of the standard library's source."""
ACTIONS = 1_000
AT = "2026-01-01T00:00:00+00:00"


class Scattered:
    """Vectors of chance for texts, and the shipped model's own cost for questions.

    The place of a text is drawn from its hash, near one of 64 centres, so that
    an index over them has something to find.
    """

    dimension = DIMENSION
    fingerprint = "scattered"

    def __init__(self) -> None:
        self.minilm = MiniLm()
        self.asking = False
        chance = random.Random(7)
        self._centres = [[chance.gauss(0, 1) for _ in range(DIMENSION)] for _ in range(64)]

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if self.asking:
            return await self.minilm.embed(texts)
        return await asyncio.to_thread(lambda: [self._vector(text) for text in texts])

    def _vector(self, text: str) -> list[float]:
        chance = random.Random(text)
        centre = self._centres[chance.randrange(64)]
        noise = chance.choices(range(-128, 128), k=DIMENSION)
        return [c + n / 160 for c, n in zip(centre, noise, strict=True)]


def copy_sources(root: Path, chunks: int) -> tuple[int, int]:
    """Files and bytes written."""
    library = Path(sysconfig.get_paths()["stdlib"])
    sources = [
        (file.relative_to(library), file.read_bytes())
        for file in sorted(library.rglob("*.py"))
        if "site-packages" not in file.parts and file.stat().st_size < 200_000
    ]
    files = size = 0
    for turn in count():
        for path, data in sources:
            if size >= chunks * BYTES_PER_CHUNK:
                return files, size
            target = root / f"copy{turn}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            # Each copy has words of its own.
            target.write_bytes(data if turn == 0 else data.replace(b"self", b"self%d" % turn))
            files, size = files + 1, size + len(data)
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


async def pauses_of_loop(work: Callable[[], Awaitable[object]]) -> list[float]:
    """How late the event loop is, each millisecond, while something is done; in seconds."""
    late: list[float] = []
    done = asyncio.Event()

    async def watch() -> None:
        last = time.perf_counter()
        while not done.is_set():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            late.append(now - last - 0.001)
            last = now

    watcher = asyncio.create_task(watch())
    await work()
    done.set()
    await watcher
    return late


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
        files, size = copy_sources(self._root, self._chunks)
        await self._first_index(files, size)
        started = time.perf_counter()
        memory = await self._open()
        await memory.index()
        self._add("restart, nothing changed", time.perf_counter() - started, "s")
        await self._queries(memory)
        await self._saves(memory)
        await self._actions(memory)
        kept = [file.stat().st_size for file in self._folder.rglob("*") if file.is_file()]
        self._add("disk, of the source's size", sum(kept) / size, "x")
        self._add("files on disk", len(kept), "")
        self._add("memory of the process", psutil.Process().memory_info().rss / 1e6, "MB")
        await memory.close()

    async def _first_index(self, files: int, size: int) -> None:
        started = time.perf_counter()
        memory = await self._open()
        self._add("open, empty", time.perf_counter() - started, "s")
        started = time.perf_counter()
        p50, p99 = percentiles(await pauses_of_loop(memory.index))
        seconds = time.perf_counter() - started
        self._add("files", files, "")
        self._add("chunks", memory.status().chunks, "")
        self._add("first index until words are found", seconds, "s")
        self._add("throughput", files / seconds, "files/s")
        self._add("throughput", size / seconds / 1e6, "MB/s")
        self._add("event loop late meanwhile, p50", p50, "ms")
        self._add("event loop late meanwhile, p99", p99, "ms")
        await memory.settled()
        for table in memory._store.database.tables():
            await table.optimize()
        await memory.close()

    async def _queries(self, memory: Memory) -> None:
        p50, p99 = percentiles(await self._query_times(memory))
        self._add("hybrid query p50", p50, "ms")
        self._add("hybrid query p99", p99, "ms")
        p50, _ = percentiles(
            [await timed(self._embedder.minilm.embed, [question]) for question in self._questions]
        )
        self._add("of it, embedding the question", p50, "ms")

    async def _saves(self, memory: Memory) -> None:
        saved = self._root / "copy0" / "argparse.py"
        times: list[float] = []
        for turn in range(10):
            saved.write_text(f"def saved_now_{turn}():\n    return {turn}\n{saved.read_text()}")
            memory.changed([saved])
            times.append(await timed(memory.settled))
        self._add("a saved file, words and vectors, median", statistics.median(times), "s")

    async def _actions(self, memory: Memory) -> None:
        before, _ = percentiles(await self._query_times(memory))
        for number in range(ACTIONS):
            title = f"pytest tests/test_{number}.py"
            memory.record(
                ActionRecord(str(number), "run", number, AT, "shell", title, result="passed " * 50)
            )
            if number % 10 == 9:
                await memory.trusted_facts()  # reads what was recorded, which commits it
        await memory.settled()
        after, _ = percentiles(await self._query_times(memory))
        self._add(f"hybrid p50 after {ACTIONS} actions, of that before", after / before, "x")

    async def _query_times(self, memory: Memory) -> list[float]:
        self._embedder.asking = True
        for question in self._questions[:10]:
            await memory.search(Query(question, kinds=("code",)))
        times = [
            await timed(memory.search, Query(question, kinds=("code",)))
            for question in self._questions
        ]
        self._embedder.asking = False
        return times

    async def _open(self) -> Memory:
        return await Memory.open(
            self._folder, Workspace(self._root), self._embedder, MemorySettings()
        )

    def _add(self, what: str, value: float, unit: str) -> None:
        self.rows.append({"table": self._chunks, "what": what, "value": value, "unit": unit})
        sys.stderr.write(f"{what}: {value:.2f} {unit}\n")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    rows: list[Row] = []
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory() as scratch:
            bench = Bench(Path(scratch), chunks, options.queries)
            asyncio.run(bench.run())
        rows += bench.rows
    show("Speed of memory", rows, options.json)


if __name__ == "__main__":
    main()
