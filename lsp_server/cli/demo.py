"""`holdfast demo`: a real run on a bundled project, with a model that plays a script.

Everything but the model is what a user gets: the agent, its tools, HTTP, real
commands, real edits and a goal that is checked. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import shutil
import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from lsp_server.cli.error_output import print_error
from lsp_server.cli.memory import find, with_session
from lsp_server.cli.run import RunOptions, execute_async
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.memories import MemoryKind, Query
from lsp_server.models.scripted.scenario import Scenario
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.session.session import Session

TASK = "The tests fail. Find out why and fix the code."
GOAL = "All tests pass"
CHECK = "python -m unittest -q"

QUESTIONS: tuple[tuple[MemoryKind, str], ...] = (
    ("code", "which items are on a page"),
    ("action", "why was the label of a short page wrong"),
)

OPENING = """\
This demo works on a small project with two real bugs and failing tests, in
  {folder}
The model is SCRIPTED: a server on this machine plays prepared answers over real HTTP,
and on purpose claims too early that it is done. All else is real: the agent, its tools,
the commands, the edits, and the check that does not believe the claim.
Here it may edit and run commands without asking; on your own projects it asks.
"""


def demonstrate(keep: Path | None) -> int:
    """Plays the demo; 0 when the run achieved its goal. `keep` names a new folder to work in."""
    if keep is not None and keep.exists():
        print_error(f"{keep} exists; name a new folder")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-demo-") as temporary,
        as_file(files("lsp_server.cli") / "sample") as sample,
    ):
        folder = (keep or Path(temporary) / "pages").resolve()
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(sample / "project", folder, ignore=unwanted)
        script = Scenario.load(sample / "script.json")
        before = _texts(folder)
        sys.stdout.write(OPENING.format(folder=folder) + "\n")
        sys.stdout.flush()
        _let_commands_find_python()
        data = None if keep else Path(temporary) / "data"
        status = asyncio.run(_play(folder, script, data))
        sys.stdout.write("\nWhat it changed:\n\n" + _diff(before, _texts(folder)))
        asyncio.run(_ask_memory(folder, data))
        sys.stdout.write(_closing(folder if keep else None))
    return status


async def _play(folder: Path, script: Scenario, data: Path | None) -> int:
    async with ScriptedServer(script) as server:
        order = RunOptions(
            task=TASK,
            workspace=folder,
            goals=(GOAL,),
            checks=(CHECK,),
            yes=True,
            overrides={"model": {"base_url": server.base_url, "name": "scripted"}},
            data=data,
        )
        status = await execute_async(order)
        sys.stdout.write(
            f"\nThe scripted model answered {len(server.requests)} requests over HTTP.\n"
        )
    return status


async def _ask_memory(folder: Path, data: Path | None) -> None:
    """What a later run, or a person, finds of the code and of this run."""

    async def ask(session: Session) -> int:
        await session.memory.index()
        await session.memory.settle()
        for kind, question in QUESTIONS:
            sys.stdout.write(f"\nAsked of memory ({kind}): {question}\n\n")
            await find(session, Query(question, (kind,), limit=1))
        return 0

    try:
        await with_session(folder, ask, data)
    except HoldfastError as error:
        sys.stdout.write(f"\nMemory could not be asked: {error}\n")


def _let_commands_find_python() -> None:
    """The checks call `python`, which a virtual environment has only once it is activated."""
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def _diff(before: dict[str, str], after: dict[str, str]) -> str:
    lines: list[str] = []
    for name in sorted(before | after):
        old, new = before.get(name, ""), after.get(name, "")
        lines += difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
    return "".join(lines)


def _closing(kept: Path | None) -> str:
    where = f"The project stays in {kept}. " if kept else ""
    return (
        f"\n{where}To let a real model work on a project of yours, see `holdfast doctor` and\n"
        '`holdfast run "what to do" --check "how to see that it is done"`.\n'
    )
