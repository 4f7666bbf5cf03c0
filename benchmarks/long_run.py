"""Five hundred steps: how large prompts grow, what a rebuild costs, what is still known at the end.

Three loops do the same steps in the same run: ours at two budgets, one that only
appends, and one that summarises at 90 % of a 131k window. The model is scripted
and answers at once; its summary keeps the newest lines that were said or stood
out, word for word, up to 2,000 tokens, since it cannot write one. One hundred
facts are planted in the first hundred steps.

    python -m benchmarks.long_run [--steps 500] [--plot FILE.png] [--json FILE]
    python -m benchmarks.long_run --only sessions   # ten sessions of fifty steps
    python -m benchmarks.long_run --only week       # fifty runs, five thousand actions
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks import bare_loop, clients
from benchmarks.planted import KINDS, PROBE, PROBE_TEXT, Fact, facts, planting, task
from benchmarks.step_overhead import ALONE, MARKER, call, make_repository, script
from benchmarks.table import Cell, Row, arguments, show
from lsp_server.agent.journal import replay
from lsp_server.agent.recall.journal_search import JournalSearch
from lsp_server.domain.events import CyclePacked, CycleStarted, ModelAnswered, StepStarted
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.tools.recall import Recall

WITHOUT_MEMORY = "holdfast, no memory,"
WINDOW_TOKENS = 131_072
BUDGETS = (32_768, 65_536)
SUMMARY_CHARS = 8000
WINDOW_STEPS = 50
SESSIONS, SESSION_STEPS = 10, 50
RUNS, RUN_STEPS = 50, 100


@dataclass(slots=True)
class Track:
    """What the model saw of one client: a row for each request."""

    name: str
    at_seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    common: list[int] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    summaries: list[int] = field(default_factory=list)
    """The requests that asked for a summary."""
    last_prompt: str = ""
    journal: Path | None = None

    @property
    def tokens(self) -> list[int]:
        return [size // 4 for size in self.sizes]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw prompt sizes there (PNG)")
    parser.add_argument("--only", choices=["steps", "sessions", "week"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.only in (None, "steps"):
            asyncio.run(compare(folder / "steps", options.steps, options.plot, options.json))
        if options.only in (None, "sessions"):
            show(
                f"{SESSIONS} sessions of {SESSION_STEPS} steps: the first one's facts in the last",
                asyncio.run(sessions(folder / "sessions")),
            )
        if options.only in (None, "week"):
            show(
                f"{RUNS} runs in one workspace, {RUNS * RUN_STEPS:,} actions",
                asyncio.run(week(folder / "week")),
            )
    return 0


async def compare(folder: Path, steps: int, plot: Path | None, json_file: Path | None) -> None:
    planted = facts()
    tracks = []
    for name, budget in (
        *((f"holdfast {budget // 1024}k", budget) for budget in BUDGETS),
        (f"{WITHOUT_MEMORY} {BUDGETS[-1] // 1024}k", BUDGETS[-1]),
        ("append only", 0),
        ("summarise at 90 %", WINDOW_TOKENS),
    ):
        repository = prepare(folder / re.sub(r"\W+", "-", name))
        turns = [*planting(planted), *filler(repository, steps)][:steps]
        turns.append(call("finish", {"summary": "done"}))
        command, environment = client(name, task(planted), budget)
        home = repository / ".." / f"home-{repository.name}"
        tracks.append(await follow(name, command, repository, turns, home, environment))
    title = f"{steps} steps, 2-4 KB results, model time 0"
    show(title, [row(track) for track in tracks], json_file)
    show(f"in windows of {WINDOW_STEPS} steps", [part for t in tracks for part in windows(t)])
    rows = [part for track in tracks for part in await retention(track, planted)]
    show("what is known of 100 facts of the first 100 steps, at the end", rows)
    for track in tracks:
        if track.journal is not None:
            check(track, steps, BUDGETS[0] if track.name.endswith("32k") else BUDGETS[1])
    if plot is not None:
        draw(tracks, plot)


def prepare(folder: Path) -> Path:
    repository = make_repository(folder)
    (repository / PROBE).write_text(PROBE_TEXT)
    return repository


def filler(repository: Path, steps: int) -> list[ScriptedTurn]:
    """Looks of 2 to 4 KB and edits, each with a word on it."""
    turns = script(repository, steps)[:-1]
    return [
        turn.model_copy(update={"text": f"Step {n}: I look at what comes next here."})
        for n, turn in enumerate(turns)
    ]


def client(name: str, instruction: str, budget: int) -> tuple[list[str], dict[str, str]]:
    """The command without the endpoint, and its environment."""
    if name.startswith("holdfast"):
        command = [sys.executable, "-m", "lsp_server", "run", *ALONE, "--json", instruction]
        memory = "false" if name.startswith(WITHOUT_MEMORY) else "true"
        return command, {
            "HOLDFAST_CONTEXT__BUDGET_TOKENS": str(budget),
            "HOLDFAST_MEMORY__ENABLED": memory,
        }
    script_path = str(Path(bare_loop.__file__))
    return [sys.executable, script_path, "BASE_URL", instruction, str(budget)], {}


async def follow(
    name: str,
    command: Sequence[str],
    repository: Path,
    turns: Sequence[ScriptedTurn],
    home: Path,
    environment: Mapping[str, str],
) -> Track:
    """Runs a client to its end and keeps what the model saw."""
    track = Track(name)
    left = iter(turns)
    watched: list[psutil.Process] = []

    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        logged = server.requests[-1]
        for old in server.requests[-4:-2]:
            old.raw = b""
        track.at_seconds.append(logged.at_seconds)
        track.sizes.append(len(logged.raw))
        track.common.append(logged.common_bytes)
        track.rss_mb.append(watched[0].memory_info().rss / 1e6)
        if body["messages"][-1]["content"] == bare_loop.SUMMARISE:
            track.summaries.append(len(track.sizes) - 1)
            return ScriptedTurn(text=summary(body["messages"]))
        track.last_prompt = logged.raw.decode()
        return next(left)

    async with ScriptedServer(answer) as server:
        process = await asyncio.create_subprocess_exec(
            *(server.base_url if part == "BASE_URL" else part for part in command),
            cwd=repository,
            env={**clients.environment(server.base_url, home), **environment},
            stdout=asyncio.subprocess.DEVNULL,
        )
        watched.append(psutil.Process(process.pid))
        assert await process.wait() in clients.ENDED, f"{name} failed"
    track.journal = newest_journal(home)
    return track


def newest_journal(home: Path) -> Path | None:
    return max(home.rglob("journal.jsonl"), default=None)


def summary(messages: Sequence[Mapping[str, Any]]) -> str:
    """The newest lines that the model said or that stood out, as many as fit."""
    lines: list[str] = []
    for message in messages[1:-1]:
        text = message.get("content") or ""
        telling = message["role"] != "tool"
        lines += [
            line for line in text.splitlines() if telling or re.match(r"error|\w+ answers", line)
        ]
    kept: list[str] = []
    left = SUMMARY_CHARS
    for line in reversed(lines):
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    return "\n".join(reversed(kept))


def row(track: Track) -> Row:
    rebuilds = [n for n, (a, b) in enumerate(pairwise(track.sizes), 1) if b < a]
    gaps = [(b - a) * 1000 for a, b in pairwise(track.at_seconds)]
    uncached = sum(track.sizes) - sum(track.common)
    rebuilt = sum(track.sizes[n] - track.common[n] for n in rebuilds)
    return {
        "client": track.name,
        "largest prompt": max(track.tokens),
        "total tokens": sum(track.tokens),
        "of 200 steps": sum(track.tokens[:200]),
        "common prefix %": 100 * sum(track.common) / sum(track.sizes),
        "uncached tokens": uncached // 4,
        "rebuilds": len(rebuilds),
        "uncached by rebuilds": rebuilt // 4,
        "rebuild ms": statistics.median([gaps[n - 1] for n in rebuilds]) if rebuilds else None,
        "summary calls": len(track.summaries),
        "ms/step": statistics.median(gaps),
        "estimate off %": estimate_error(track),
    }


def estimate_error(track: Track) -> float | None:
    """How far the prompt's size was guessed wrong, against the endpoint's own count; the median."""
    if track.journal is None:
        return None
    events = [recorded.event for recorded in replay(track.journal)]
    guessed = [event.prompt_tokens for event in events if isinstance(event, StepStarted)]
    counted = [event.usage.prompt_tokens for event in events if isinstance(event, ModelAnswered)]
    return statistics.median(
        100 * abs(guess - count) / count for guess, count in zip(guessed, counted, strict=True)
    )


def windows(track: Track) -> list[Row]:
    gaps = [(b - a) * 1000 for a, b in pairwise(track.at_seconds)]
    return [
        {
            "client": track.name,
            "steps": f"{at + 1}-{at + WINDOW_STEPS}",
            "prompt tokens": round(statistics.mean(track.tokens[at : at + WINDOW_STEPS])),
            "ms/step median": statistics.median(gaps[at : at + WINDOW_STEPS]),
            "RSS MB": max(track.rss_mb[at : at + WINDOW_STEPS]),
        }
        for at in range(0, len(gaps) - WINDOW_STEPS + 1, WINDOW_STEPS)
    ]


async def retention(track: Track, planted: Sequence[Fact]) -> list[Row]:
    """Of each kind: how many stand in the last prompt, how many a question finds, and how well."""
    rows: list[Row] = []
    for kind in KINDS:
        wanted = [fact for fact in planted if fact.kind == kind]
        row: dict[str, Cell] = {
            "client": track.name,
            "kind": kind,
            "of": len(wanted),
            "in prompt": sum(fact.literal in track.last_prompt for fact in wanted),
        }
        if track.journal is not None:
            row |= await recalled(track.journal, wanted)
        rows.append(row)
    return rows


async def recalled(journal: Path, wanted: Sequence[Fact]) -> dict[str, Cell]:
    """A natural question for each, answered by the tool that the model has."""
    archive = JournalSearch(journal)
    tool = Recall(archive)
    ranks, sizes, seconds = [], [], []
    for fact in wanted:
        started = time.perf_counter()
        text = (await tool.call({"query": fact.question})).text
        seconds.append(time.perf_counter() - started)
        hits = text.split("\n\n")
        rank = next((n for n, hit in enumerate(hits, 1) if fact.literal in hit), None)
        sizes.append(len(text) // 4)
        if rank is not None:
            ranks.append(rank)
    return {
        "found by recall": len(ranks),
        "at rank 1": ranks.count(1),
        "mean rank": statistics.mean(ranks) if ranks else None,
        "tokens": round(statistics.mean(sizes)),
        "first ms": seconds[0] * 1000,
        "median ms": statistics.median(seconds) * 1000,
    }


def check(track: Track, steps: int, budget: int) -> None:
    """The promises, on the run that was just measured."""
    assert track.journal is not None
    events = [recorded.event for recorded in replay(track.journal)]
    cycles = sum(isinstance(event, CycleStarted) for event in events)
    assert cycles == sum(isinstance(event, CyclePacked) for event in events)
    assert max(track.tokens) <= budget, "a prompt passed the budget"
    assert len(track.sizes) == steps + 1, "a step was asked twice"


async def sessions(folder: Path) -> list[Row]:
    """The first session meets the facts, the last one is asked for them."""
    planted = facts(of_each=10)
    repository, home = prepare(folder / "project"), folder / "home"
    track = Track("")
    for number in range(SESSIONS):
        turns = filler(repository, SESSION_STEPS)
        instruction = f"Go on with part {number}."
        if number == 0:
            turns = [*planting(planted), *turns]
            instruction = task(planted)
        (repository / MARKER).write_text("count: 0\n")
        turns = [*turns[:SESSION_STEPS], call("finish", {"summary": "done"})]
        command, environment = client("holdfast", instruction, BUDGETS[-1])
        track = await follow("holdfast", command, repository, turns, home, environment)
    return await retention(track, planted)


async def week(folder: Path) -> list[Row]:
    """Each run has a few facts of its own; those of the first and of the last are asked for."""
    planted = facts()
    repository, home = prepare(folder / "project"), folder / "home"
    rows: list[Row] = []
    first: list[Fact] = []
    for number in range(RUNS):
        mine = [fact for fact in planted if fact.kind != "constraint"][number * 3 % 75 :][:3]
        if number in (0, RUNS - 1):
            mine = facts(seed=100 + number, of_each=3)
        first = first or mine
        turns = [*planting(mine), *filler(repository, RUN_STEPS)]
        (repository / MARKER).write_text("count: 0\n")
        turns = [*turns[:RUN_STEPS], call("finish", {"summary": "done"})]
        command, environment = client("holdfast", task(mine), BUDGETS[-1])
        track = await follow("holdfast", command, repository, turns, home, environment)
        if (number + 1) % 10 == 0 or number == 0:
            assert track.journal is not None
            own = await recalled(track.journal, mine)
            oldest = await recalled(track.journal, first)
            rows.append(
                {
                    "after run": number + 1,
                    "first request s": track.at_seconds[0],
                    "ms/step": statistics.median(
                        (b - a) * 1000 for a, b in pairwise(track.at_seconds)
                    ),
                    "RSS MB": max(track.rss_mb),
                    **sizes_mb(home),
                    "own facts found": f"{own['found by recall']} of {len(mine)}",
                    "first run's found": f"{oldest['found by recall']} of {len(first)}",
                    "first recall ms": own["first ms"],
                    "recall ms": own["median ms"],
                }
            )
    return rows


def sizes_mb(home: Path) -> dict[str, float]:
    """What lies in the data folder, by kind."""
    sizes = {"journals MB": 0.0, "transcripts MB": 0.0, "checkpoints MB": 0.0, "memory MB": 0.0}
    for path in home.rglob("*"):
        if path.is_file():
            kind = "memory MB"
            if path.suffix == ".jsonl":
                kind = "journals MB"
            elif path.suffix == ".md":
                kind = "transcripts MB"
            elif "checkpoints" in path.parts:
                kind = "checkpoints MB"
            sizes[kind] += path.stat().st_size / 1e6
    return sizes


def draw(tracks: Sequence[Track], path: Path) -> None:
    """Prompt size by step; both axes are linear."""
    import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5))
    for track in tracks:
        axes.plot([tokens / 1000 for tokens in track.tokens], label=track.name)
    axes.set_xlabel("request")
    axes.set_ylabel("prompt, thousand tokens (bytes / 4)")
    axes.legend()
    axes.grid(visible=True, alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
