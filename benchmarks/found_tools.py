"""What it costs to find tools: the cached share of prompts over a task in which they are found.

A scripted server of 40 tools stands behind a task of 50 steps, five of which look for
tools. Compared are the same steps without looking, and what listing found tools at once
would cost: there the tools change, which endpoints render before the messages, and all
behind them is read anew. Tokens are bytes / 4, as the scripted endpoint counts them.

    python -m benchmarks.found_tools [--steps 50] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, TypeAlias

from benchmarks.table import Row, arguments, show
from tests.fakes.faults import FaultyTurn
from tests.harness.workshop import calls, finish, workshop

SERVER = Path(__file__).parents[1] / "tests" / "fakes" / "mcp_server.py"
QUERIES = ("create issue", "rename label", "delete branch", "list build", "find page")

Way: TypeAlias = Literal["no finding", "listed at the next cycle", "listed at once"]
WAYS: tuple[Way, ...] = ("no finding", "listed at the next cycle", "listed at once")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    rows = []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as temporary:
            os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
            rows.append(asyncio.run(play(way, Path(temporary), options.steps)))
    show(f"{options.steps} steps, {len(QUERIES)} of which find tools", rows, options.json)
    return 0


async def play(way: Way, project: Path, steps: int) -> Row:
    """Plays the task once."""
    server: dict[str, Any] = {"command": sys.executable, "args": [str(SERVER), "tracker"]}
    turns = [turn for step in range(steps) for turn in script(way, step, steps)]
    async with workshop(project, [*turns, finish()], mcp={"servers": {"hub": server}}) as shop:
        outcome = await shop.run()
        assert outcome.outcome == "finished", outcome
        requests = shop.server.requests
        sent = sum(len(request.raw) for request in requests) // 4
        cached = sum(request.common_bytes for request in requests) // 4
        return {
            "way": way,
            "requests": len(requests),
            "prompt tokens": sent,
            "cached tokens": cached,
            "cached share %": 100 * cached / sent,
            "tools at the end": len(requests[-1].body["tools"]),
        }


def script(way: Way, step: int, steps: int) -> list[FaultyTurn]:
    """The turns of one step: a command, or a look for tools in its place."""
    every = steps // len(QUERIES)
    command = calls(("shell", {"command": f"seq {step} {step + 500}"}))
    if way == "no finding" or step % every != every // 2:
        return [command]
    query = QUERIES[step // every % len(QUERIES)]
    name = f"mcp__hub__{query.replace(' ', '_')}"
    find, again = ("find_tools", {"query": query}), ("find_tools", {"query": name})
    # What was found and is asked for by its name is listed at once.
    return [calls(find, again)] if way == "listed at once" else [calls(find)]


if __name__ == "__main__":
    sys.exit(main())
