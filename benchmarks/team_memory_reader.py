"""What a reader of a team's base waits for: opening, the first hit, queries, files that changed.

A base of 36 public packages and of copies of them under other names, more than 200,000 pieces in
all, lies in an S3-compatible store. A workspace with one of the packages is opened over it, from nothing,
warm, with a copy of what is its own, and with that copy alone. Then questions go to the base in the store, to the very same files on this disk, and to the store when each of its
answers takes so long as at some distance, in turn. At the end 50 files are changed. Vectors are those of the
hashing embedder, as making a model's takes an hour.

    python -m benchmarks.team_memory_reader [--queries 50] [--latency-ms 20] [--base FOLDER] [--json FILE]

`--base` keeps the store in a folder, so that the next run need not build it again.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.table import Row, arguments, show
from benchmarks.team_memory_corpus import PACKAGES, repositories
from benchmarks.team_memory_growth import grow
from benchmarks.team_memory_store import Store, Traffic, object_store
from lsp_server.assemble.memory import open_memory
from lsp_server.assemble.team_base import COPIES, build_base
from lsp_server.domain.memories import EVERY_REPOSITORY, Query
from lsp_server.memory.memory import Memory
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.paths import Workspace

NAME = "large"
PIECES = 200_000
WORKSPACE = "pip"
COPY_BYTES_MAX = MemorySettings().base_copy_bytes_max
CHANGED = 50
QUESTIONS = (
    "parse the header of a request",
    "close a connection that is idle",
    "return the next token of a template",
    "wait for a thread to end",
    "quote a name for a database",
    "render a form as HTML",
    "find the encoding of a file",
    "retry with exponential backoff",
    "compare two versions",
    "validate an address",
)


async def prepared(store: Store, name: str = NAME, packages: int = len(PACKAGES)) -> None:
    """Builds the base where it is not there yet, as files, which is what the store serves.

    That of all packages gets copies of them until it is large.
    """
    if (store.folder / "memories" / name / "builds.lance").is_dir():
        return
    folders, uri = repositories(PACKAGES[:packages]), store.local_uri(name)
    for _ in range(2):
        await build_base(
            Workspace(folders[0]),
            Secrets,
            HostCommandRunner(),
            start_unconfined,
            MemorySettings(embedder="hashing"),
            uri,
            full=False,
            progress=lambda *_: None,
            repositories=folders,
        )
        if packages < len(PACKAGES):
            return
        await asyncio.to_thread(grow, uri, PIECES)


@asynccontextmanager
async def opened(
    folder: Path, root: Path, uri: str, *, copy_bytes_max: int = 0
) -> AsyncIterator[Memory]:
    """A memory of a workspace over a base, by default without a copy of it."""
    memory = await open_memory(
        folder,
        Workspace(root),
        Secrets,
        MemorySettings(embedder="hashing", base_uri=uri, base_copy_bytes_max=copy_bytes_max),
        commands=HostCommandRunner(),
        start_process=start_unconfined,
    )
    try:
        yield memory
    finally:
        await memory.close()


async def seconds_of(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def open_and_find(folder: Path, root: Path, uri: str, problem: str = "") -> None:
    """Searches from nothing open to the first hit, and makes sure that the base is."""
    async with opened(folder, root, uri, copy_bytes_max=COPY_BYTES_MAX) as memory:
        hits = await memory.reader.search(Query(QUESTIONS[0], ("code",)))
        problems = " ".join(memory.status().problems)
        if not hits or problem not in problems or (problems and not problem):
            raise SystemExit(f"the base is not searched: {problems}")


async def make_copy(folder: Path, root: Path, uri: str) -> None:
    """Has an index run make the copy of what is of the workspace's repository."""
    async with opened(folder, root, uri, copy_bytes_max=COPY_BYTES_MAX) as memory:
        await memory.code.index()
    if not any((folder / COPIES).glob("*-*")):
        raise SystemExit("no copy was made")


async def openings(folder: Path, root: Path, store: Store) -> list[Row]:
    """Rows of opening and the first hit: without a copy, with one, and with one alone."""
    uri, nowhere = store.uri(NAME), {"AWS_ENDPOINT": "http://127.0.0.1:1"}
    rows = [
        await store_row(
            "open and first hit, from nothing", store, open_and_find(folder, root, uri)
        ),
        await store_row("open and first hit, warm", store, open_and_find(folder, root, uri)),
        await store_row("index run that makes a copy", store, make_copy(folder, root, uri)),
        await store_row("open and first hit, with a copy", store, open_and_find(folder, root, uri)),
    ]
    os.environ.update(nowhere)
    without = open_and_find(folder, root, uri, problem="a copy of the base is searched")
    rows.append(await store_row("the same without a network", store, without))
    os.environ.update(store.environment)
    return rows


async def store_row(what: str, store: Store, work: Awaitable[None]) -> Row:
    """The time of some work, and what the store was asked for it."""
    before, started = store.traffic(), time.perf_counter()
    await work
    seconds, asked = time.perf_counter() - started, store.traffic() - before
    return {
        "what": what,
        "p50 ms": seconds * 1e3,
        "requests": float(asked.reads),
        "KB": asked.bytes_sent / 1e3,
        "load": os.getloadavg()[0],
    }


async def query_figures(
    readers: Sequence[tuple[str, Memory, Store | None]], queries: int, repository: str
) -> list[Row]:
    """The time of questions and what the store was asked, for readers in turn."""
    times: list[list[float]] = [[] for _ in readers]
    before = [store.traffic() if store else None for _, _, store in readers]
    for number in range(queries):
        text = f"{QUESTIONS[number % len(QUESTIONS)]} {number}"
        query = Query(text, ("code",), repository=repository)
        for (_, memory, _), seconds in zip(readers, times, strict=True):
            seconds.append(await seconds_of(lambda m=memory, q=query: m.reader.search(q)))  # type: ignore[misc]
    scope = "all repositories" if repository else "its own"
    return [
        query_row(f"hybrid, {scope}, {name}", seconds, store, then)
        for (name, _, store), seconds, then in zip(readers, times, before, strict=True)
    ]


def query_row(
    what: str, seconds: Sequence[float], store: Store | None, before: Traffic | None
) -> Row:
    ordered = sorted(seconds)
    asked = store.traffic() - before if store and before else None
    return {
        "what": what,
        "p50 ms": statistics.median(ordered) * 1e3,
        "p95 ms": ordered[int(len(ordered) * 0.95)] * 1e3,
        "requests": asked.reads / len(seconds) if asked else 0.0,
        "KB": asked.bytes_sent / len(seconds) / 1e3 if asked else 0.0,
        "load": os.getloadavg()[0],
    }


async def change_files(root: Path) -> None:
    """Changes 50 files of the workspace, each in its own words."""
    chosen = sorted(root.joinpath("src").rglob("*.py"))[: 4 * CHANGED : 4]
    for number, path in enumerate(chosen):
        path.write_text(f"{path.read_text()}\n\ndef added_{number}():\n    return {number}\n")


async def measure(scratch: Path, near: Store, far: Store, queries: int) -> list[Row]:
    root = scratch / WORKSPACE
    origin = next(path for path in repositories(PACKAGES) if path.name == WORKSPACE)
    shutil.copytree(origin, root, symlinks=True)
    uri = near.uri(NAME)
    rows = await openings(scratch / "first", root, near)
    async with (
        opened(scratch / "store", root, uri) as in_store,
        opened(scratch / "disk", root, near.local_uri(NAME)) as on_disk,
    ):
        rows += await questions_of(in_store, on_disk, near, queries)
        rows.append(await overlay_of(in_store, root))
    os.environ.update(far.environment)
    async with opened(scratch / "far", root, uri) as distant:
        await query_figures([("", distant, far)], len(QUESTIONS), "")
        name = "store at a distance"
        rows += await query_figures([(name, distant, far)], queries // 2, "")
    return rows


async def questions_of(in_store: Memory, on_disk: Memory, store: Store, queries: int) -> list[Row]:
    readers = (("the store", in_store, store), ("same files on disk", on_disk, None))
    rows: list[Row] = []
    for repository in ("", EVERY_REPOSITORY):
        await query_figures(readers, len(QUESTIONS), repository)  # Indexes are read by the first.
        rows += await query_figures(readers, queries, repository)
    return rows


async def overlay_of(memory: Memory, root: Path) -> Row:
    """The time until 50 files that changed are found as they are now."""
    await memory.code.index()
    await change_files(root)
    seconds = await seconds_of(memory.code.index)
    counts = memory.status()
    if counts.files < CHANGED:
        raise SystemExit(f"only {counts.files} files differ from the base")
    return {
        "what": f"{counts.files} changed files indexed ({counts.chunks} pieces)",
        "p50 ms": seconds * 1e3,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--base", type=Path)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = options.base or scratch / "objects"
        far = stack.enter_context(object_store(folder, options.latency_ms))
        near = stack.enter_context(object_store(folder))
        asyncio.run(prepared(near))
        rows = asyncio.run(measure(scratch, near, far, options.queries))
    show("A reader of a base", rows, options.json)


if __name__ == "__main__":
    main()
