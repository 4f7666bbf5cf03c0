"""Where the processor goes: a long run with memory, and the first index of a large tree, under py-spy.

py-spy looks two hundred times a second at what each Python thread of the process is doing.
What it sees is counted for the function of ours that asked for it, the import of a package, or
what waits for nothing else. Threads that run no Python, as LanceDB's, are counted by the
system and stand beside it by name.

    python -m benchmarks.cpu_profile run [--steps 200] [--json FILE]
    python -m benchmarks.cpu_profile index [--megabytes 100] [--json FILE]

Needs py-spy on the PATH: `pip install py-spy`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil

from benchmarks import clients
from benchmarks.memory_speed import BYTES_PER_CHUNK, copy_sources
from benchmarks.step_overhead import ALONE, HOLDFAST, index, make_repository, script
from benchmarks.table import Row, arguments, show
from lsp_server.models.scripted.server import ScriptedServer

RATE = 200
LOOK_SECONDS = 0.2
SHOWN = 25
OURS = re.compile(r"(\w+) \((?:.*/)?lsp_server/([\w/]+)\.py:\d+\)")
FRAME = re.compile(r"(\S+) \((.+?)(?::\d+)?\)$")
IMPORT = "importlib"


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("what", choices=("run", "index"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=100)
    options = parser.parse_args()
    if shutil.which("py-spy") is None:
        sys.stderr.write("py-spy is not installed; run: pip install py-spy\n")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = (
            run(folder, options.steps)
            if options.what == "run"
            else first_index(folder, options.megabytes)
        )
        threads = asyncio.run(work)
        entries = Counter(dict(entries_of(folder / "stacks")))
    machine = f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    total = sum(entries.values())
    rows: list[Row] = [
        {"entry": entry, "seconds": samples / RATE, "%": 100 * samples / total}
        for entry, samples in entries.most_common(SHOWN)
    ]
    show(f"threads of Python, {total / RATE:.1f} s in all; {machine}", rows, options.json)
    heaviest = sorted(threads.items(), key=lambda each: -each[1])[:SHOWN]
    show(
        "processor seconds of all threads, by name",
        [{"thread": name, "seconds": seconds} for name, seconds in heaviest],
    )
    return 0


async def run(folder: Path, steps: int) -> dict[str, float]:
    """A scripted run with memory, whose sources have their vectors; seconds of its threads."""
    repository, home = make_repository(folder / "repository"), folder / "home"
    await index(repository, home, vectors=True)
    async with ScriptedServer(script(repository, steps)) as server:
        environment = clients.environment(server.base_url, home)
        return await profiled(
            folder, repository, environment, ("run", *ALONE, "--json", "Do the steps.")
        )


async def first_index(folder: Path, megabytes: int) -> dict[str, float]:
    """An index of copied sources of the standard library, without vectors; seconds of its threads."""
    repository = folder / "repository"
    copy_sources(repository, megabytes * 1_000_000 // BYTES_PER_CHUNK)
    environment = clients.environment("http://127.0.0.1:9", folder / "home")
    return await profiled(folder, repository, environment, ("index", "--words"))


async def profiled(
    folder: Path, repository: Path, environment: dict[str, str], words: tuple[str, ...]
) -> dict[str, float]:
    """Runs Holdfast under py-spy, whose stacks are in `folder/stacks` then."""
    process = await asyncio.create_subprocess_exec(
        *("py-spy", "record", "--gil", "--rate", str(RATE), "--format", "raw"),
        *("--output", str(folder / "stacks"), "--subprocesses", "--", *HOLDFAST, *words),
        cwd=repository,
        env={**environment, "HOLDFAST_MEMORY__ENABLED": "true"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    ended = asyncio.create_task(process.wait())
    seconds: dict[tuple[int, int], tuple[str, float]] = {}
    watched = psutil.Process(process.pid)
    while not ended.done():
        with suppress(psutil.Error):
            for each in watched.children(recursive=True):
                seconds |= threads_of(each.pid)
        await asyncio.wait([ended], timeout=LOOK_SECONDS)
    await ended
    by_name: dict[str, float] = {}
    for name, used in seconds.values():
        by_name[name] = by_name.get(name, 0.0) + used
    return by_name


def threads_of(pid: int) -> dict[tuple[int, int], tuple[str, float]]:
    """Name and processor seconds of each thread of a process."""
    found: dict[tuple[int, int], tuple[str, float]] = {}
    tick = os.sysconf("SC_CLK_TCK")
    with suppress(OSError):  # It may end meanwhile.
        for task in Path(f"/proc/{pid}/task").iterdir():
            name, fields = (task / "stat").read_text().split(" (", 1)[1].rsplit(") ", 1)
            if int(task.name) == pid:
                name += ", main"
            user, system = fields.split()[11:13]
            found[pid, int(task.name)] = (
                name.rstrip("-0123456789"),
                (int(user) + int(system)) / tick,
            )
    return found


def entries_of(stacks: Path) -> Iterator[tuple[str, int]]:
    """What the samples were for, and how many they were."""
    counts: Counter[str] = Counter()
    for line in stacks.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        if not count.isdigit():
            continue  # Before the frames stands the command of a process, which may have many lines.
        counts[entry_of(stack.split(";"))] += int(count)
    yield from counts.items()


def entry_of(stack: list[str]) -> str:
    """The package that is imported, or our innermost function and what it called."""
    for frame, inner in pairwise(stack):
        if IMPORT in frame and IMPORT not in inner and "<module>" in inner:
            return f"import of {package_of(inner)}"
    for place in range(len(stack) - 1, -1, -1):
        if found := OURS.search(stack[place]):
            called = stack[place + 1] if place + 1 < len(stack) else ""
            leaf = FRAME.match(called)
            return f"{found[2]}: {found[1]}" + (f" > {leaf[1]}" if leaf else "")
    found = FRAME.match(stack[-1])
    return found[1] if found else stack[-1]


def package_of(frame: str) -> str:
    """The outermost package that a file of a frame belongs to."""
    path = frame.partition("(")[2].rpartition(":")[0]
    parts = path.rpartition("site-packages/")[2].split("/")
    return parts[0].removesuffix(".py") if parts[0] else Path(path).stem


if __name__ == "__main__":
    sys.exit(main())
