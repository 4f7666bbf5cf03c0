"""What several attempts cost beside one run: tokens, wall time, and the copies.

A scripted endpoint answers each step after half a second. Each attempt reads and writes in a
repository of 400 files for 12 steps, then its check runs; the last attempt passes. Tokens are
bytes / 4, as the scripted endpoint counts them.

    python -m benchmarks.attempts_cost [--files 400] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.table import Row, arguments, show
from lsp_server.domain.attempt_events import AttemptStarted
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.tasks import Attempts, Budget, Task
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.attempts import attempt_of
from tests.harness.git import committed
from tests.harness.workshop import calls, finish, workshop

STEPS = 12
ANSWER_SECONDS = 0.5
COUNTS = (1, 3, 5)
GOAL = Goal("g", "Done", (Condition("c", "it is done", (CommandCheck("test -e done"),)),))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=400)
    options = parser.parse_args()
    rows: list[Row] = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as temporary:
            os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
            project = Path(temporary) / "project"
            project.mkdir()
            for number in range(options.files):
                (project / f"part_{number}.py").write_text(f"value = {number}\n" * 50)
            committed(project)
            rows.append(asyncio.run(play(count, project)))
    title = f"{STEPS} steps an attempt, {ANSWER_SECONDS} s each, {options.files} files"
    show(title, with_ratio(rows), options.json)
    return 0


async def play(count: int, project: Path) -> Row:
    """Plays one run with so many attempts."""
    task = Task(
        "Do it.", GOAL, budget=Budget(count * 2 * STEPS), attempts=Attempts(count, takes_best=True)
    )
    async with workshop(project, script(count), memory={"enabled": False}) as shop:
        begun: list[float] = []
        shop.on_event = lambda event: (
            begun.append(time.perf_counter()) if isinstance(event, AttemptStarted) else None
        )
        started = time.perf_counter()
        outcome = await shop.run(task)
        seconds = time.perf_counter() - started
        assert outcome.outcome == "achieved", outcome
        return {
            "attempts": count,
            "tokens": shop.ended.billed.total_tokens,
            "seconds": seconds,
            "until all began": begun[-1] - started if begun else 0.0,
        }


def script(count: int) -> Any:
    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        step = sum(one["role"] == "assistant" for one in body["messages"])
        passes = attempt_of(body) == count
        path = "done" if passes and step == STEPS - 2 else f"made_{step}.py"
        answer = finish() if step >= STEPS - 1 else calls(("write", {"path": path, "text": "x\n"}))
        return answer.model_copy(update={"first_token_seconds": ANSWER_SECONDS})

    return turn


def with_ratio(rows: list[Row]) -> list[Row]:
    one = rows[0]
    return [
        {
            **row,
            "tokens x": float(row["tokens"] or 0) / float(one["tokens"] or 1),
            "seconds x": float(row["seconds"] or 0) / float(one["seconds"] or 1),
        }
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
