"""Back to a step, and on from there as a new run: by an editor, and on a terminal."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes import lsp_client
from tests.harness.command_line import YES, holdfast
from tests.harness.expectation import until
from tests.harness.files import files_called
from tests.harness.workshop import calls, finish

TURNS = [
    calls(("write", {"path": "a.txt", "text": "first\n"})),
    calls(("write", {"path": "a.txt", "text": "second\n"})),
    finish("done"),
    calls(("write", {"path": "b.txt", "text": "other\n"})),
    finish("otherwise"),
]


def environment_for(server: ScriptedServer) -> dict[str, str]:
    """Nobody judges what a run without a goal did: that would be a turn of the script."""
    return {
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "s",
        "HOLDFAST_GOAL__JUDGE_TASK": "false",
    }


def runs() -> list[Path]:
    found = files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
    return sorted(path.parent for path in found)


async def test_on_a_terminal_a_run_goes_back_and_on(project: Path) -> None:
    async with ScriptedServer(TURNS) as server:
        environment = environment_for(server)
        await holdfast("run", *YES, "write", folder=project, **environment)
        (run,) = runs()
        back = await holdfast("rewind", run.name, "1", folder=project, **environment)
        assert back.status == 0, back.errors
        assert "restored a.txt\n" in back.output
        assert f"run {run.name} is at the end of step 1\n" in back.output
        assert (project / "a.txt").read_text() == "first\n"
        wrong = await holdfast("rewind", run.name, "7", folder=project, **environment)
        assert wrong.status == 2
        assert "has no step 7; it has 1 to 1, and 0 is its beginning" in wrong.errors
        on = await holdfast(
            "run", *YES, "--resume", run.name, "write b", folder=project, **environment
        )
        assert on.status == 5, on.errors
        assert (project / "b.txt").exists()
    assert len(runs()) == 1


async def test_on_a_terminal_a_new_run_goes_on_from_a_step(project: Path) -> None:
    async with ScriptedServer(TURNS) as server:
        environment = environment_for(server)
        await holdfast("run", *YES, "write", folder=project, **environment)
        (run,) = runs()
        fork = await holdfast("fork", run.name, "1", "write b", *YES, folder=project, **environment)
        assert fork.status == 5, fork.errors
        assert f"goes on from the end of step 1 of run {run.name}" in fork.output.lower()
        assert (project / "a.txt").read_text() == "first\n"
        assert (project / "b.txt").exists()
        _, new = runs()
        back = await holdfast("undo", new.name, folder=project, **environment)
        assert back.status == 0, back.errors
        assert (project / "a.txt").read_text() == "second\n"
        assert not (project / "b.txt").exists()


async def test_an_editor_takes_a_run_back_and_forks_it(project: Path) -> None:
    async with (
        ScriptedServer(TURNS) as server,
        lsp_client.started(
            environment=environment_for(server) | {"HOLDFAST_PERMISSIONS__MODE": "full"}
        ) as client,
    ):
        await client.initialize(project)
        started = await client.command("holdfast.run.start", {"prompt": "write"})
        run = {"runId": started["runId"]}
        await reached(client, "finished")
        wrong = await client.command("holdfast.run.rewind", run | {"step": 9})
        assert wrong["state"] == "error"
        assert "has no step 9" in wrong["message"]
        await client.command("holdfast.run.rewind", run | {"step": 1})
        await reached(client, "stopped")
        assert (project / "a.txt").read_text() == "first\n"
        await client.command("holdfast.run.fork", run | {"step": 0, "prompt": "write b"})
        await until((project / "b.txt").exists, "the new run works", 30)
        assert not (project / "a.txt").exists()
        assert len((await client.command("holdfast.run.list"))["runs"]) == 2


async def reached(client: lsp_client.LspClient, state: str) -> None:
    """Waits until the newest run has this state."""
    async with asyncio.timeout(60):
        while (await client.command("holdfast.run.list"))["runs"][0]["state"] != state:
            pass  # The reply is awaited each time.
