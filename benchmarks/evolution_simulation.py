"""A SIMULATION of ten related tasks in a row, with evolution off and on.

No language model takes part. A scripted agent does each task: it changes how invoices are printed, in
the code and in its documentation, and checks the work. What its prompt tells it of the project it
uses; what it is not told it looks up, as a newcomer does: which command checks the work, which file
goes with the code, and what helps when the check fails. With evolution on, a dream looks at the
runs after each task, and all that it suggests is accepted. Runs, journals, dreams and memory are
the real ones. Tokens are bytes / 4 of all requests, as the scripted endpoint counts them.

    python -m benchmarks.evolution_simulation [--tasks 10] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.table import Row, arguments, show
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import Workshop, calls, finish, workshop

CODE, DOCS, CHECK, FIX = "src/invoices.py", "docs/invoices.md", "make test", "make generate"
TAKEN_IN_SECONDS = 60.0
"""So long memory may take to know what was accepted."""
MAKEFILE = f"""\
test:
\t@cmp -s {CODE} gen/invoices.txt || {{ echo "ImportError: gen/invoices.txt is of other code"; exit 1; }}
generate:
\t@mkdir -p gen && cp {CODE} gen/invoices.txt
"""

_Call: TypeAlias = tuple[str, dict[str, Any]]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--tasks", type=int, default=10)
    options = parser.parse_args()
    off, on = (measure(options.tasks, evolves=evolves) for evolves in (False, True))
    rows = [*_side_by_side(off, on), _sum(off, on)]
    show(f"SIMULATION, {options.tasks} related tasks in a row, scripted agent", rows, options.json)
    return 0


def measure(tasks: int, *, evolves: bool) -> list[Row]:
    """Does the tasks in a new project; a row for each, with its steps and tokens."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
        project = Path(temporary) / "project"
        lay_out(project)
        return asyncio.run(work(project, tasks, evolves=evolves))


def lay_out(project: Path) -> None:
    files = {
        "Makefile": MAKEFILE,
        "README.md": "# Invoices\n\nInvoices are printed here.\n" * 20,
        CODE: "".join(f"line_{number} = {number}\n" for number in range(120)),
        DOCS: "".join(f"Line {number} is printed.\n" for number in range(120)),
    }
    for path, text in files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, "utf-8")


async def work(project: Path, tasks: int, *, evolves: bool) -> list[Row]:
    agent = Agent()
    rows: list[Row] = []
    memory = {"enabled": True, "embedder": "hashing"}
    async with workshop(project, agent.turn, memory=memory) as shop:
        await shop.session.memory.ready()
        for number in range(tasks):
            agent.begin(number)
            before = len(shop.server.requests)
            outcome = await shop.run(f"Print line {number} of invoices in another way.")
            assert outcome.outcome == "finished", outcome
            assert f"line_{number} = 1 +" in (project / CODE).read_text("utf-8"), "the task is done"
            sizes = [len(request.raw) // 4 for request in shop.server.requests[before:]]
            rows.append({"task": number + 1, "steps": len(sizes), "tokens": sum(sizes)})
            if evolves:
                await _evolve(shop)
    return rows


async def _evolve(shop: Workshop) -> None:
    evolution = shop.session.evolution
    await evolution.dream()
    done = await evolution.inbox.accept(*(one.id for one in evolution.inbox.waiting))
    kept = {one.applied for one in done if one.kind == "keep_fact"}
    memory = await shop.session.memory.ready()
    async with asyncio.timeout(TAKEN_IN_SECONDS):
        while not kept <= {  # noqa: ASYNC110 - memory does not say when it has taken a fact in
            fact.text for fact in await memory.reader.trusted_facts()
        }:
            await asyncio.sleep(0.02)


class Agent:
    """An `Agent` does one task after the other; what it knows of the project it has from its prompt."""

    def __init__(self) -> None:
        self._calls: Iterator[_Call] = iter(())
        self._number = 0
        self._has_begun = False

    def begin(self, number: int) -> None:
        """Takes the next task."""
        self._number, self._has_begun = number, False

    def turn(self, body: Mapping[str, Any]) -> ScriptedTurn:
        """Answers a request of the run at work."""
        if not self._has_begun:
            self._has_begun = True
            self._calls = self._steps(str(body["messages"]))
        call = next(self._calls, None)
        return finish("the invoices are printed so") if call is None else calls(call)

    def _steps(self, told: str) -> Iterator[_Call]:
        if f"`{CHECK}` checks the work" not in told:
            yield from (_shell("ls -a"), _read("README.md"), _read("Makefile"))
        old = f"line_{self._number} = {self._number}\n"
        yield _read(CODE)
        yield _edit(CODE, old, old.replace("=", "= 1 +"))
        if f"and `{CODE}` change together" not in told:
            yield from (_shell("grep -rln Line ."), _shell("ls docs"))
        yield _read(DOCS)
        yield _edit(DOCS, f"Line {self._number} is printed.", f"Line {self._number} is raised.")
        yield _shell(CHECK)
        if f"`{FIX}` helps" not in told:
            yield from (_read("Makefile"), _shell("ls -l gen"), _shell("git status"))
        yield _shell(FIX)
        yield _shell(CHECK)


def _shell(command: str) -> _Call:
    return "shell", {"command": command}


def _read(path: str) -> _Call:
    return "read", {"path": path}


def _edit(path: str, old: str, new: str) -> _Call:
    return "edit", {"path": path, "old_text": old, "new_text": new}


def _side_by_side(off: list[Row], on: list[Row]) -> Iterator[Row]:
    for without, with_it in zip(off, on, strict=True):
        yield {
            "task": without["task"],
            "steps, off": without["steps"],
            "steps, on": with_it["steps"],
            "tokens, off": without["tokens"],
            "tokens, on": with_it["tokens"],
        }


def _sum(off: list[Row], on: list[Row]) -> Row:
    def total(rows: list[Row], name: str) -> int:
        return sum(int(row[name] or 0) for row in rows)

    return {
        "task": "all",
        "steps, off": total(off, "steps"),
        "steps, on": total(on, "steps"),
        "tokens, off": total(off, "tokens"),
        "tokens, on": total(on, "tokens"),
    }


if __name__ == "__main__":
    sys.exit(main())
