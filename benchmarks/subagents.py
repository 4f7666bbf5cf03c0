"""What subagents save: the same work by one context, and by a parent with four children.

The work is 200 steps, each of which reads a file of its own, by a scripted model: the same
files and the same calls each time. Compared are one context as it is by default, one whose
window is so large that nothing is put away, and a parent that gives a quarter to each of four
children, which work at the same time. Tokens are bytes / 4, as the scripted endpoint counts
them; a simulation of an endpoint, not of a model: who has a quarter of the work in view
may do it better or worse.

    python -m benchmarks.subagents [--steps 200] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from benchmarks.table import Row, arguments, show
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import calls, finish, workshop

CHILDREN = 4
FILE_LINES = 90
LARGE_WINDOW = 1_000_000

Way: TypeAlias = Literal["one context", "one context, nothing put away", "four children"]
WAYS: tuple[Way, ...] = ("one context", "one context, nothing put away", "four children")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    rows = []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as temporary:
            os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
            project = Path(temporary) / "project"
            lay_out(project, options.steps)
            rows.append(asyncio.run(play(way, project, options.steps)))
    show(f"{options.steps} steps of reading", rows, options.json)
    return 0


def lay_out(project: Path, files: int) -> None:
    project.mkdir()
    for number in range(files):
        lines = (
            f"value_{number}_{line} = compute({number * line})\n" for line in range(FILE_LINES)
        )
        (project / f"part_{number}.py").write_text("".join(lines))


async def play(way: Way, project: Path, steps: int) -> Row:
    """Plays the work once."""
    window = LARGE_WINDOW if way == "one context, nothing put away" else None
    script = Script(way, steps)
    async with workshop(
        project,
        script.turn,
        run={"steps_max": 2 * steps, "children_max": CHILDREN},
        memory={"enabled": False},
        context={} if window is None else {"budget_tokens": window},
        model={} if window is None else {"context_tokens": 2 * window},
    ) as shop:
        started = time.perf_counter()
        outcome = await shop.run("all")
        seconds = time.perf_counter() - started
        assert outcome.outcome == "finished", outcome
        assert script.read == set(range(steps)), "the work is the same"
        sizes = [len(request.raw) // 4 for request in shop.server.requests]
        return {
            "way": way,
            "requests": len(sizes),
            "prompt tokens": sum(sizes),
            "cached tokens": sum(request.common_bytes for request in shop.server.requests) // 4,
            "largest prompt": max(sizes),
            "seconds": seconds,
        }


class Script:
    """A `Script` reads each file once, in the order of the task that a run was given."""

    def __init__(self, way: Way, steps: int) -> None:
        self._gives_away = way == "four children"
        self._steps = steps
        self._next: dict[str, int] = {}
        self.read: set[int] = set()

    def turn(self, body: Mapping[str, Any]) -> ScriptedTurn:
        """Answers a request of the run whose task the prompt begins with."""
        name = str(body["messages"][1]["content"]).split()[0]
        if name == "all" and self._gives_away:
            return self._parent()
        first, end = (0, self._steps) if name == "all" else map(int, name.split("-"))
        number = self._next.setdefault(name, first)
        if number == end:
            return finish("all of it was read")
        self._next[name] += 1
        self.read.add(number)
        return calls(("read", {"path": f"part_{number}.py"}), text=f"Part {number} comes next.")

    def _parent(self) -> ScriptedTurn:
        if self.read:
            return finish("all of it was read")
        share = self._steps // CHILDREN
        names = [f"{n * share}-{(n + 1) * share}" for n in range(CHILDREN)]
        return calls(
            *(("task", {"description": name, "prompt": "Read your parts."}) for name in names)
        )


if __name__ == "__main__":
    sys.exit(main())
