"""This module is `holdfast demo`: a real run on a bundled project, with a scripted model.

Everything but the model is what a user gets: the agent, its tools, HTTP, real
commands, real edits and a goal that is checked. Nothing leaves the machine.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.resources import as_file, files
from pathlib import Path

from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import USAGE_ERROR, run_command
from lsp_server.cli.memory import opened_memory, print_hits
from lsp_server.cli.permission_flags import PermissionFlags
from lsp_server.cli.run import RunOptions, run_task
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.memories import MemoryKind, Query
from lsp_server.models.scripted.scenario import Scenario
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.sandbox.scratch_folder import scratch_folder
from lsp_server.text.count import count_of
from lsp_server.text.diff import unified_diff

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


def demo(keep: Path | None) -> int:
    """Plays the demo in the new folder `keep`, or in a temporary one.

    Returns 0 when the run achieved its goal.
    """
    if keep is not None and keep.exists():
        print_error(f"{keep} exists; name a new folder")
        return USAGE_ERROR
    with (
        scratch_folder() as temporary,
        as_file(files("lsp_server.cli") / "sample") as sample,
    ):
        folder = (keep or temporary / "pages").resolve()
        unwanted = shutil.ignore_patterns("__pycache__")
        try:
            shutil.copytree(sample / "project", folder, ignore=unwanted)
        except OSError as error:
            print_error(f"the demo cannot be laid out in {folder}: {error}; name another folder")
            return USAGE_ERROR
        script = Scenario.load(sample / "script.json")
        before = _texts(folder)
        sys.stdout.write(OPENING.format(folder=folder) + "\n")
        sys.stdout.flush()
        _let_commands_find_python()
        data = None if keep else temporary / "data"
        status = run_command(_play(folder, script, data))
        sys.stdout.write("\nWhat it changed:\n\n" + _diff(before, _texts(folder)))
        run_command(_ask_memory(folder, data))
        sys.stdout.write(_closing(folder if keep else None))
    return status


async def _play(folder: Path, script: Scenario, data: Path | None) -> int:
    async with ScriptedServer(script) as server:
        options = RunOptions(
            task=TASK,
            workspace=folder,
            goals=(GOAL,),
            checks=(CHECK,),
            # What the script does is known, and has to work on every machine.
            flags=PermissionFlags(yes=True, sandbox="off"),
            settings={"model": {"base_url": server.base_url, "name": "scripted"}},
            data=data,
        )
        status = await run_task(options)
        sys.stdout.write(
            "\nThe scripted model answered "
            f"{count_of(len(server.requests), 'request')} over HTTP.\n"
        )
    return status


async def _ask_memory(folder: Path, data: Path | None) -> int:
    """Shows what a later run, or a person, finds of the code and of this run."""
    try:
        async with opened_memory(folder, data=data) as memory:
            await memory.index()
            await memory.settle()
            for kind, question in QUESTIONS:
                sys.stdout.write(f"\nAsked of memory ({kind}): {question}\n\n")
                await print_hits(memory, Query(question, (kind,), limit=1))
    except HoldfastError as error:
        sys.stdout.write(f"\nMemory could not be asked: {error}\n")
    return 0


def _let_commands_find_python() -> None:
    # The checks call `python`, which a virtual environment has only once it is activated.
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def _diff(before: dict[str, str], after: dict[str, str]) -> str:
    names = sorted(before | after)
    diffs = (unified_diff(name, before.get(name, ""), after.get(name, "")) for name in names)
    return "".join(f"{diff}\n" for diff in diffs if diff)


def _closing(kept: Path | None) -> str:
    where = f"The project stays in {kept}. " if kept else ""
    return (
        f"\n{where}To let a real model work on a project of yours, see `holdfast doctor` and\n"
        '`holdfast run "what to do" --check "how to see that it is done"`.\n'
    )
