"""What the runtime itself costs: 200 scripted steps on a real repository.

The model answers at once, so what is left between two requests is the runtime
and its tools. A bare loop does the same steps in the same run as the floor.

    python benchmarks/step_overhead.py [--steps 200] [--json FILE]
"""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from benchmarks import clients
from benchmarks.table import Row, arguments, show
from lsp_server.agent.journal import replay
from lsp_server.domain.events import ToolCalled, ToolReturned
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer

PACKAGES = ("rich", "pydantic", "pygls", "httpx")
"""Real source that is installed anyway."""

MARKER = "progress.txt"
WINDOW_LINES = 75
CYCLE = 10


ALONE = ("--yes", "--sandbox", "off")
"""No questions and no sandbox, which has a benchmark of its own."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One client's run: seconds from its start to each request, and its memory."""

    arrivals: tuple[float, ...]
    peak_rss_mb: float
    wall_seconds: float


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = asyncio.run(measure(Path(temporary), options.steps))
    show(f"{options.steps} steps, 2-4 KB results, model time 0", rows, options.json)
    return 0


async def measure(folder: Path, steps: int) -> list[Row]:
    python = sys.executable
    bare = [python, str(Path(__file__).with_name("bare_loop.py"))]
    ours = [python, "-m", "lsp_server", "run", *ALONE, "--json", "Do the steps."]
    rows: list[Row] = []
    for name, command in (("bare loop", bare), ("holdfast", ours)):
        repository = make_repository(folder / name.replace(" ", "-"))
        turns = script(repository, steps)
        measured = await run(command, repository, turns, folder / "home", streams=command is ours)
        assert (repository / MARKER).read_text() == f"count: {steps // CYCLE}\n", (
            "an edit is missing"
        )
        rows.append(row(name, measured))
    check_journal(folder / "home", steps)
    return rows


def make_repository(folder: Path) -> Path:
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(
            Path(spec.origin).parent, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (folder / MARKER).write_text("count: 0\n")
    return folder


def script(repository: Path, steps: int) -> list[ScriptedTurn]:
    """Eight looks of about 3 KB, a look at the marker, an edit of it; again and again."""
    files = sorted(
        path.relative_to(repository).as_posix()
        for path in repository.rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > 4 * WINDOW_LINES
    )
    turns = [turn(files[step % len(files)], step) for step in range(steps)]
    return [*turns, call("finish", {"summary": "done"})]


def turn(file: str, step: int) -> ScriptedTurn:
    start = 1 + (step * 37) % (3 * WINDOW_LINES)
    end = start + WINDOW_LINES
    match step % CYCLE:
        case 8:
            return call("read", {"path": MARKER, "start_line": 1, "end_line": 1})
        case 9:
            count = step // CYCLE
            return call(
                "edit",
                {"path": MARKER, "old_text": f"count: {count}", "new_text": f"count: {count + 1}"},
            )
        case place if place % 2:
            return call("shell", {"command": f"sed -n {start},{end}p {file}"})
        case _:
            return call("read", {"path": file, "start_line": start, "end_line": end})


def call(name: str, values: dict[str, object]) -> ScriptedTurn:
    return ScriptedTurn.model_validate({"tool_calls": [{"name": name, "arguments": values}]})


async def run(
    command: Sequence[str],
    repository: Path,
    turns: list[ScriptedTurn],
    home: Path,
    *,
    streams: bool,
) -> Measured:
    async with ScriptedServer(turns) as server:
        started = time.monotonic()
        # The server counts from its own start, which was just now.
        process = await asyncio.create_subprocess_exec(
            *command,
            *(() if streams else (server.base_url,)),
            cwd=repository,
            env=clients.environment(server.base_url, home),
            stdout=asyncio.subprocess.DEVNULL,
        )
        peak = await peak_rss_mb(process)
        assert process.returncode in clients.ENDED
        wall = time.monotonic() - started
        arrivals = tuple(request.at_seconds for request in server.requests)
    return Measured(arrivals, peak, wall)


async def peak_rss_mb(process: asyncio.subprocess.Process) -> float:
    peak = 0
    watched = psutil.Process(process.pid)
    ended = asyncio.create_task(process.wait())
    while not ended.done():
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.Error:
            break
        await asyncio.wait([ended], timeout=0.05)
    await ended
    return peak / 1e6


def row(name: str, measured: Measured) -> Row:
    gaps = [(b - a) * 1000 for a, b in pairwise(measured.arrivals)]
    windows = [statistics.median(gaps[at : at + 20]) for at in range(0, len(gaps) - 19, 20)]
    return {
        "client": name,
        "first request s": measured.arrivals[0],
        "ms/step median": statistics.median(gaps),
        "first 20": windows[0],
        "last 20": windows[-1],
        "worst 20": max(windows),
        "p99 ms": sorted(gaps)[int(len(gaps) * 0.99)],
        "peak RSS MB": measured.peak_rss_mb,
        "wall s": measured.wall_seconds,
    }


def check_journal(home: Path, steps: int) -> None:
    """Every step was done exactly once and is in the journal, before and after."""
    (path,) = home.rglob("journal.jsonl")
    events = [recorded.event for recorded in replay(path)]
    called = [event.call.id for event in events if isinstance(event, ToolCalled)]
    returned = [event.call_id for event in events if isinstance(event, ToolReturned)]
    assert len(called) == len(set(called)) == steps + 1
    assert called == returned


if __name__ == "__main__":
    sys.exit(main())
