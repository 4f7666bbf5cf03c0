"""What the runtime itself costs: 200 scripted steps on a real repository.

The model answers at once, so what is left between two requests is the runtime
and its tools. A bare loop does the same steps as the floor, Holdfast does them
without memory and with it, where the code has its vectors from an earlier index.
The clients take turns, so that what else the machine does falls on all of them; with
`--against` those of another checkout do, too. `x` are a client's figures in those of the one
without memory of the same round, in the median of the rounds.

    python -m benchmarks.step_overhead [--steps 200] [--rounds 3] [--embedder minilm]
                                       [--against CHECKOUT] [--json FILE]
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
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

PACKAGES = ("rich", "pygls", "httpx")
"""Real source that is installed anyway."""

MARKER = "progress.txt"
WINDOW_LINES = 75
CYCLE = 10


ALONE = ("--yes", "--sandbox", "off")
"""No questions and no sandbox, which has a benchmark of its own."""


HOLDFAST = (sys.executable, "-m", "lsp_server")
OFF, ON = "holdfast, memory off", "holdfast, memory on"


@dataclass(frozen=True, slots=True)
class Client:
    """A program that does the steps; `memory` is None for one that knows no such thing."""

    name: str
    command: tuple[str, ...]
    memory: bool | None = None
    tree: Path = clients.OURS


BARE_LOOP = Client("bare loop", (sys.executable, str(Path(__file__).with_name("bare_loop.py"))))


def holdfast(tree: Path = clients.OURS, when: str = "") -> tuple[Client, ...]:
    """Holdfast as it is in a checkout, without memory and with it."""
    command = (*HOLDFAST, "run", *ALONE, "--json", "Do the steps.")
    return tuple(
        Client(f"{name}{when}", command, memory, tree)
        for name, memory in ((OFF, False), (ON, True))
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """One client's run: seconds from its start to each request, and what its tree of processes took."""

    arrivals: tuple[float, ...]
    peak_rss_mb: float
    cpu_seconds: float
    wall_seconds: float


def main() -> int:
    options = compared(__doc__)
    others = holdfast(options.against, ", before") if options.against else ()
    with tempfile.TemporaryDirectory() as temporary:
        work = measure(Path(temporary), options.steps, options.rounds, others=others)
        rows = asyncio.run(work)
    title = f"{options.steps} steps, 2-4 KB results, model time 0, medians of {options.rounds}"
    show(f"{title}; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", rows, options.json)
    return 0


def compared(description: str | None, **more: int) -> Namespace:
    """The options of a benchmark that does these steps, and `more` with their defaults.

    `against` is another checkout that takes its turns, None for none.
    """
    parser = arguments(description)
    for name, default in {"steps": 200, "rounds": 3, **more}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--embedder", default="minilm")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    options = parser.parse_args()
    options.against = options.against and options.against.resolve()
    # The programs that are measured inherit it.
    os.environ["HOLDFAST_MEMORY__EMBEDDER"] = options.embedder
    return options


async def measure(
    folder: Path,
    steps: int,
    rounds: int = 1,
    *,
    vectors: bool = True,
    others: tuple[Client, ...] = (),
) -> list[Row]:
    """One row for each client; each begins each round with a fresh copy, at the same place.

    Without `vectors` the code has none before the steps, which saves a minute or two.
    """
    template, work = folder / "template", folder / "work"
    await index(make_repository(work / "repository"), work / "home", vectors=vectors)
    shutil.move(work, template)
    measured = (BARE_LOOP, *others, *holdfast())
    found: dict[str, list[Measured]] = {client.name: [] for client in measured}
    for _ in range(rounds):
        for client in measured:
            shutil.copytree(template, work)
            found[client.name].append(await run(client, work, steps))
            shutil.rmtree(work)
    return [row(name, each, found[OFF]) for name, each in found.items()]


async def index(repository: Path, home: Path, *, vectors: bool) -> None:
    """Gives the code its vectors, so that those of actions are all that a run has to make."""
    process = await asyncio.create_subprocess_exec(
        *(*HOLDFAST, "index", *(() if vectors else ("--words",))),
        cwd=repository,
        env={
            **clients.environment("http://127.0.0.1:9", home),
            "HOLDFAST_MEMORY__ENABLED": "true",
        },
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0, "the index was not made"


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


async def run(client: Client, work: Path, steps: int) -> Measured:
    repository, home = work / "repository", work / "home"
    async with ScriptedServer(script(repository, steps)) as server:
        started = time.monotonic()
        # The server counts from its own start, which was just now.
        process = await asyncio.create_subprocess_exec(
            *client.command,
            *(() if client.memory is not None else (server.base_url,)),
            cwd=repository,
            env={
                **clients.environment(server.base_url, home, client.tree),
                "HOLDFAST_MEMORY__ENABLED": str(client.memory is True).lower(),
            },
            stdout=asyncio.subprocess.DEVNULL,
        )
        peak, cpu_seconds = await tree_use(process)
        assert process.returncode in clients.ENDED
        wall = time.monotonic() - started
        arrivals = tuple(request.at_seconds for request in server.requests)
    edits = f"count: {steps // CYCLE}\n"
    assert (repository / MARKER).read_text() == edits, "an edit is missing"
    if client.memory is not None:
        check_journal(home, steps)
    return Measured(arrivals, peak, cpu_seconds, wall)


async def tree_use(process: asyncio.subprocess.Process) -> tuple[float, float]:
    """The most megabytes that the process and all below it held, and their processor seconds."""
    peak, seconds = 0.0, dict[psutil.Process, float]()
    watched = psutil.Process(process.pid)
    ended = asyncio.create_task(process.wait())
    while not ended.done():
        held = 0
        with suppress(psutil.Error):
            for each in (watched, *watched.children(recursive=True)):
                with suppress(psutil.Error):
                    # A child that does not run its own program yet has the pages of its parent.
                    if each == watched or each.cmdline() != watched.cmdline():
                        held += each.memory_info().rss
                    used = each.cpu_times()
                    seconds[each] = used.user + used.system
        peak = max(peak, held / 1e6)
        await asyncio.wait([ended], timeout=0.1)
    await ended
    return peak, sum(seconds.values())


def figures(measured: Measured) -> dict[str, float]:
    gaps = [(b - a) * 1000 for a, b in pairwise(measured.arrivals)]
    return {
        "first request s": measured.arrivals[0],
        "ms/step": statistics.mean(gaps),
        "median ms": statistics.median(gaps),
        "last 20 ms": statistics.median(gaps[-20:]),
        "p99 ms": sorted(gaps)[int(len(gaps) * 0.99)],
        "CPU ms/step": measured.cpu_seconds * 1000 / len(gaps),
        "exit s": measured.wall_seconds - measured.arrivals[-1],
        "peak RSS MB": measured.peak_rss_mb,
        "wall s": measured.wall_seconds,
    }


def row(name: str, each: Sequence[Measured], floor: Sequence[Measured]) -> Row:
    """Medians of one client's runs, and of their ratios to the one of the same round in `floor`."""
    taken, floors = [figures(one) for one in each], [figures(one) for one in floor]
    medians = {what: statistics.median(one[what] for one in taken) for what in taken[0]}
    ratios = {
        f"x {what}": statistics.median(
            one[what] / other[what] for one, other in zip(taken, floors, strict=True)
        )
        for what in ("ms/step", "CPU ms/step")
    }
    return {"client": name, **medians, **ratios}


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
