"""How long the event loop pauses while code is indexed: what somebody who types would notice.

Asked of a real server, by a client that asks every 10 ms how it is with memory: the
answers' delays while nothing happens, and while a workspace is indexed from nothing
and its vectors are made; a second server that does nothing is asked at the same
times, as a busy machine delays both. And seen from inside: how late a timer of 1 ms comes, in a
process that does nothing but hold the memory.

    python -m benchmarks.memory_pauses [--files 10000] [--json FILE]
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.sources import files, standard_library
from benchmarks.table import Row, arguments, show
from lsp_server.embedders.minilm import MiniLmEmbedder
from lsp_server.memory.memory import Memory
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from tests.fakes.lsp_client import LspClient, started

PING_SECONDS = 0.01
IDLE_PINGS = 500
VECTOR_PINGS = 1_000
BYTES_MAX = 12_000
"""Of a copied file, so that ten thousand are about 40 MB."""


def lay_out_copies(root: Path, number: int) -> int:
    """So many files of the standard library's source; how many bytes."""
    library = standard_library()
    found = [
        file
        for file in files(library, (".py",), ("site-packages",))
        if file.stat().st_size <= BYTES_MAX
    ]
    written = 0
    for at in count():
        for file in found:
            target = root / f"copy{at}" / file.relative_to(library)
            target.parent.mkdir(parents=True, exist_ok=True)
            written += target.write_bytes(file.read_bytes().replace(b"self", b"self%d" % at))
            number -= 1
            if not number:
                return written
    raise AssertionError("there is always another copy")


async def timer_lateness(work: Callable[[], Awaitable[object]]) -> list[float]:
    """How late the event loop is, each millisecond, while something is done; in seconds."""
    late: list[float] = []

    async def watch() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            late.append(now - last - 0.001)
            last = now

    watcher = asyncio.create_task(watch())
    await work()
    watcher.cancel()
    return late


async def from_inside(root: Path, folder: Path) -> Row:
    memory = await Memory.open(
        folder, Workspace(root), MiniLmEmbedder(), MemorySettings(), start_process=start_unconfined
    )
    try:
        late = await timer_lateness(memory.code.index)
    finally:
        await memory.close()
    return row("a timer of 1 ms in the process of memory, indexing", late)


async def pinged(client: LspClient, until: Callable[[dict[str, Any]], bool]) -> list[float]:
    """The delays of answers to questions that are sent every 10 ms, late answer or not."""
    delays: list[float] = []

    async def ping() -> dict[str, Any]:
        sent = time.perf_counter()
        answer: dict[str, Any] = await client.command("holdfast.memory.status")
        delays.append(time.perf_counter() - sent)
        return answer

    done = False
    asked: set[asyncio.Task[dict[str, Any]]] = set()

    def look(task: asyncio.Task[dict[str, Any]]) -> None:
        nonlocal done
        asked.discard(task)
        done = done or until(task.result())

    while not done:
        task = asyncio.create_task(ping())
        asked.add(task)
        task.add_done_callback(look)
        await asyncio.sleep(PING_SECONDS)
    await asyncio.gather(*asked)
    return delays


@asynccontextmanager
async def served(root: Path, data: Path) -> AsyncIterator[LspClient]:
    environment = {
        "XDG_DATA_HOME": str(data),
        "HOLDFAST_MODEL__BASE_URL": "http://127.0.0.1:9/v1",
        "HOLDFAST_MODEL__NAME": "none",
        "HOLDFAST_MEMORY__INDEX_ON_START": "false",
    }
    async with started(environment=environment) as client:
        await client.initialize(root)
        yield client
        await client.shutdown()


async def from_outside(root: Path, scratch: Path) -> list[Row]:
    """A server that works, beside one that does not: what the machine makes of both."""
    (scratch / "empty").mkdir()
    async with (
        served(root, scratch / "data") as client,
        served(scratch / "empty", scratch / "other") as bystander,
    ):
        both = (client, bystander)
        for one in both:
            await pinged(one, lambda answer: answer["phase"] == "open")
        idle = await compared(both, enough(IDLE_PINGS))
        await client.command("holdfast.memory.reindex")
        indexing = await compared(both, indexed)
        embedding = await compared(both, enough(VECTOR_PINGS))
    return [
        row(f"answers of a server that {does}, {meanwhile}", delays)
        for meanwhile, pair in (
            ("while nothing happens", idle),
            ("while one indexes", indexing),
            ("while one makes vectors", embedding),
        )
        for does, delays in zip(("works", "idles"), pair, strict=True)
    ]


async def compared(
    both: tuple[LspClient, LspClient], until: Callable[[dict[str, Any]], bool]
) -> tuple[list[float], list[float]]:
    """The delays of both, until the first has had enough."""
    over = False

    def ended(answer: dict[str, Any]) -> bool:
        nonlocal over
        over = over or until(answer)
        return over

    first, second = await asyncio.gather(pinged(both[0], ended), pinged(both[1], lambda _: over))
    return first, second


def enough(pings: int) -> Callable[[dict[str, Any]], bool]:
    numbers = count()
    return lambda _: next(numbers) >= pings


def indexed(answer: Any) -> bool:
    """Whether an index run is over; before the first, there are no files."""
    return answer["index"]["files"] > 0 and "indexing" not in answer["message"]


def row(what: str, seconds: Sequence[float]) -> Row:
    ordered = sorted(seconds)
    return {
        "delay of": what,
        "number": len(ordered),
        "p50 ms": statistics.median(ordered) * 1e3,
        "p99 ms": ordered[int(len(ordered) * 0.99)] * 1e3,
        "max ms": ordered[-1] * 1e3,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "workspace"
        size = lay_out_copies(root, options.files)
        rows = asyncio.run(from_outside(root, Path(scratch)))
        rows.append(asyncio.run(from_inside(root, Path(scratch) / "memory")))
    show(
        f"Pauses while {options.files:,} files, {size / 1e6:.0f} MB, are indexed",
        rows,
        options.json,
    )


if __name__ == "__main__":
    main()
