"""How often a task of 22 steps asks a person, by mode and by what is answered.

The same scripted task plays on a small project: with each question answered for the call
alone, for the run where that is offered, with the sandbox taken where it is offered, and in
the mode `sandboxed`.

    python -m benchmarks.permission_questions [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.table import Row, arguments, show
from lsp_server.domain.events import ToolReturned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from tests.data.everyday_task import FILES, turns
from tests.harness.files import lay_out
from tests.harness.workshop import workshop

WAYS: tuple[tuple[str, str, tuple[Answer, ...]], ...] = (
    ("ask, each call alone", "ask", ()),
    ("ask, for this run", "ask", ("run",)),
    ("ask, go on in the sandbox", "ask", ("sandboxed", "run")),
    ("sandboxed", "sandboxed", ()),
)


def main() -> int:
    options = arguments(__doc__).parse_args()
    rows = []
    for name, mode, preferred in WAYS:
        with tempfile.TemporaryDirectory() as temporary:
            os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
            rows.append(asyncio.run(play(name, Path(temporary) / "project", mode, preferred)))
    show("questions of one task", rows, options.json)
    return 0


async def play(name: str, project: Path, mode: str, preferred: tuple[Answer, ...]) -> Row:
    """Plays the task; the questions are answered with the first preferred answer on offer."""
    lay_out(project, FILES)

    def answer(question: Question) -> Answer:
        return next((each for each in preferred if each in question.answers), "once")

    permissions = {"mode": mode}
    async with workshop(project, turns(), answer=answer, permissions=permissions) as shop:
        outcome = await shop.run()
        results = [event.result for event in shop.events(ToolReturned)]
        return {
            "mode and answer": name,
            "steps": len(results),
            "questions": len(shop.events(PermissionAsked)),
            "errors": sum(result.is_error for result in results),
            "outcome": outcome.outcome,
        }


if __name__ == "__main__":
    sys.exit(main())
