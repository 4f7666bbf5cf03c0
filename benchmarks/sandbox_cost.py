"""What a sandbox costs for each command, by mechanism.

Each round runs the same command once under each mechanism in turn, so that a busy
machine slows all of them alike; the figures are medians, and of the differences within
a round. `plain` is a process without limits and mark, as the standard library starts it.

    python -m benchmarks.sandbox_cost [--rounds 100] [--json FILE]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import Row, arguments, show
from lsp_server.sandbox.choice import STRONGEST_FIRST, probed
from lsp_server.sandbox.policy import reading_policy, workspace_policy
from lsp_server.sandbox.process_tree import end_tree
from lsp_server.sandbox.protected_files import ProtectedFiles
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox
from lsp_server.sandbox.unconfined import Unconfined

COMMAND = ("bash", "-c", "true")
PLAIN = "plain"


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder).resolve() / "workspace"
        subprocess.run(("git", "init", "-q", str(workspace)), check=True)
        (workspace.parent / "scratch").mkdir()
        rows = measure(workspace, options.rounds)
    show("milliseconds a command, medians of interleaved rounds", rows, options.json)
    return 0


def measure(workspace: Path, rounds: int) -> list[Row]:
    """A row for each mechanism that holds here, the plain process first."""
    holding = [one.sandbox for one in map(probed, STRONGEST_FIRST) if one.holds]
    cases: dict[str, Callable[[], dict[str, float]]] = {PLAIN: lambda: plain(workspace)}
    for sandbox in (Unconfined(), *reversed(holding)):
        cases[sandbox.name] = lambda sandbox=sandbox: confined(sandbox, workspace)  # type: ignore[misc]
    for sandbox in reversed(holding):
        cases[f"{sandbox.name}, reads only"] = lambda sandbox=sandbox: confined(  # type: ignore[misc]
            sandbox, workspace, reads_only=True
        )
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    for number in range(rounds + 3):
        for name, case in cases.items():
            found = case()
            if number >= 3:  # The first ones load what is imported late.
                figures[name].append(found)
    return [row(name, figures[name], figures[PLAIN]) for name in cases]


def plain(workspace: Path) -> dict[str, float]:
    started = time.perf_counter()
    subprocess.run(COMMAND, cwd=workspace, check=True)
    return {"all": time.perf_counter() - started}


def confined(sandbox: Sandbox, workspace: Path, *, reads_only: bool = False) -> dict[str, float]:
    """The seconds that each part of one command took."""
    times = [time.perf_counter()]

    def lap() -> float:
        times.append(time.perf_counter())
        return times[-1] - times[-2]

    policy = workspace_policy(workspace, (), workspace.parent / "scratch")
    if reads_only:
        policy = reading_policy(policy)
    found = {"policy": lap()}
    before = ProtectedFiles(policy)
    found["protected"] = lap()
    process = sandbox.start(ProcessSpec(COMMAND, workspace, dict(os.environ)), policy)
    found["start"] = lap()
    assert process.process.wait() == 0
    found["run"] = lap()
    end_tree(process)
    found["end"] = lap()
    before.put_back()
    found["protected"] += lap()
    return found | {"all": times[-1] - times[0]}


def row(name: str, figures: list[dict[str, float]], base: list[dict[str, float]]) -> Row:
    """The medians in milliseconds, and what comes on top of a plain process in the same round."""
    parts = ("policy", "protected", "start", "run", "end")
    more = [one["all"] - other["all"] for one, other in zip(figures, base, strict=True)]
    return {
        "mechanism": name,
        "all": 1000 * statistics.median(one["all"] for one in figures),
        "on top": None if name == PLAIN else 1000 * statistics.median(more),
        **{
            part: 1000 * statistics.median(one[part] for one in figures)
            if part in figures[0]
            else None
            for part in parts
        },
    }


if __name__ == "__main__":
    raise SystemExit(main())
