"""What Holdfast may cost beside the model, goal by goal: each with its bound, and what it is now.

One table of what the other benchmarks measure: the start and end of a run and of a server, a
step with memory and without, the memory of processes and the size of an installation. With
`--against` another checkout takes its turns in the same run, and has a column of its own. Times are those of
this machine with what else it does, so it names its load; ratios and megabytes hold anywhere.

    python -m benchmarks.speed_goals [--rounds 3] [--steps 200] [--files 5000]
                                     [--embedder minilm] [--against CHECKOUT] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import clients, footprint, startup, step_overhead
from benchmarks.table import Row, show

BEFORE = ", before"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of a row of a benchmark, and the most that it may be."""

    what: str
    most: float
    benchmark: str
    row: str
    figure: str


STEPS, START, FOOTPRINT = "step_overhead", "startup", "footprint"
GOALS = (
    Goal("step with memory, x time without", 1.25, STEPS, step_overhead.ON, "x ms/step"),
    Goal("step with memory, x processor without", 1.5, STEPS, step_overhead.ON, "x CPU ms/step"),
    Goal("first request of a run, s", 0.4, STEPS, step_overhead.OFF, "first request s"),
    Goal("first request with memory, s", 0.4, STEPS, step_overhead.ON, "first request s"),
    Goal("end of a run after its last answer, s", 0.2, STEPS, step_overhead.OFF, "exit s"),
    Goal("end of a run with memory, s", 0.2, STEPS, step_overhead.ON, "exit s"),
    Goal("a run, MB", 55, STEPS, step_overhead.OFF, "peak RSS MB"),
    Goal("a run with memory, MB", 180, STEPS, step_overhead.ON, "peak RSS MB"),
    Goal("first code action after initialize, s", 0.3, START, "holdfast", "first action s after"),
    Goal("idle server with a project indexed, MB", 150, FOOTPRINT, "all", "RSS MB"),
    Goal("an installed environment, MB", 520, FOOTPRINT, "environment", "MB"),
)


def main() -> int:
    options = step_overhead.compared(__doc__, files=5_000)
    before = options.against
    figures = {
        STEPS: by_name("client", steps(options.steps, options.rounds, before)),
        START: by_name("server", startup.rows(options.rounds, before)),
        FOOTPRINT: footprints(options.files, options.embedder, before),
    }
    machine = f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    title = f"what Holdfast may cost beside the model, embedder {options.embedder}; {machine}"
    show(title, [row(goal, figures[goal.benchmark]) for goal in GOALS], options.json)
    return 0


def steps(count: int, rounds: int, before: Path | None) -> list[Row]:
    others = step_overhead.holdfast(before, BEFORE) if before else ()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(step_overhead.measure(Path(folder), count, rounds, others=others))


def footprints(files: int, embedder: str, before: Path | None) -> dict[str, Row]:
    found: dict[str, Row] = {"environment": footprint.environment()[0]}
    for when, tree in (("", clients.OURS), (BEFORE, before)):
        if tree is not None:
            with tempfile.TemporaryDirectory() as folder:
                found[f"all{when}"] = footprint.server(Path(folder), files, embedder, tree)[0]
    return found


def by_name(key: str, rows: Sequence[Row]) -> dict[str, Row]:
    return {str(row[key]): row for row in rows}


def row(goal: Goal, figures: Mapping[str, Row]) -> Row:
    now = figures[goal.row][goal.figure]
    before = figures.get(f"{goal.row}{BEFORE}", {}).get(goal.figure)
    assert isinstance(now, float)
    return {
        "goal": goal.what,
        "at most": goal.most,
        "now": now,
        "before": before,
        "met": "yes" if now <= goal.most else "no",
        "command": f"python -m benchmarks.{goal.benchmark}",
    }


if __name__ == "__main__":
    sys.exit(main())
