"""Clients that others wrote: the official SDK of TypeScript, and a client of a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.fakes.faulty_server import FaultyServer
from tests.harness.terminal import terminal
from tests.harness.workshop import calls, finish, judges

CLIENTS = Path(__file__).parent / "clients"
AGENT = (sys.executable, "-m", "lsp_server", "acp")
EDIT = calls(("edit", {"path": "a.txt", "old_text": "two", "new_text": "three"}), text="I edit.")
SLEEP = calls(("shell", {"command": "sleep 60"}))
TURNS = [EDIT, finish("All done."), judges(), SLEEP, finish("It went on.")]

pytestmark = pytest.mark.skipif(
    not (CLIENTS / "node_modules").exists() or shutil.which("node") is None,
    reason="tests/acp/clients/install was not run",
)


@pytest.fixture
def folder(project: Path) -> Path:
    (project / "a.txt").write_text("one\ntwo\n", "utf-8")
    return project


def environment(server: FaultyServer) -> dict[str, str]:
    return {
        **os.environ,
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
    }


async def output(server: FaultyServer, folder: Path, *command: str | Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(server), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(100):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_the_official_sdk_of_typescript_works_with_it(folder: Path) -> None:
    async with FaultyServer(TURNS) as server:
        driver = CLIENTS / "sdk_client.mjs"
        seen = json.loads(await output(server, folder, "node", driver, str(folder), *AGENT))
    first, second = seen["first"], seen["second"]
    assert first["about"]["protocolVersion"] == 1
    assert first["about"]["agentInfo"]["name"] == "holdfast"
    assert first["modes"] == ["build", "plan", "max"]
    assert first["edit"] == "end_turn"
    assert first["questions"][0] == ["once", "run", "always", "deny"]
    (diff,) = first["diffs"]
    assert (diff["oldText"], diff["newText"]) == ("one\ntwo\n", "one\nthree\n")
    assert first["text"].endswith("All done.")
    assert first["cancelled"] == "cancelled"
    assert first["exit"] == second["exit"] == 0
    assert second["listed"] == [first["sessionId"]]
    assert second["replayed"].startswith("edit")
    assert second["again"] == "end_turn"
    assert "It went on." in second["text"]
    assert (folder / "a.txt").read_text("utf-8") == "one\nthree\n"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
async def test_a_client_of_a_terminal_works_with_it(folder: Path) -> None:
    """`acpx`: a person answers its questions by keys, cancels, and comes back another time."""
    acpx = [str(CLIENTS / "node_modules" / ".bin" / "acpx"), "--ttl", "1"]
    acpx += ["--agent", shlex.join(AGENT), "--cwd", str(folder)]
    async with (
        FaultyServer(TURNS) as server,
        terminal(["bash", "--norc"], folder, environment(server)) as shell,
    ):

        async def type_in(*words: str, then: str = "") -> None:
            line = shlex.join([*acpx, *words])
            await shell.keys(f"clear; {line}; echo ended $?{then}", "Enter")

        await type_in("sessions", "new")
        await shell.until("ended 0")
        await type_in("exec", "edit")
        await shell.until("edit a.txt", "(y/N)")
        await shell.keys("y", "Enter")
        await shell.until("Allow write? (y/N)")  # It asks once more before it writes itself.
        await shell.keys("y", "Enter")
        await shell.until("All done.", "[done] end_turn", "ended 0")
        assert (folder / "a.txt").read_text("utf-8") == "one\nthree\n"
        await type_in("--approve-all", "wait")
        await shell.until("sleep 60")
        assert "ancel" in await output(server, folder, *acpx, "cancel")
        await shell.until("[done] cancelled")
        await type_in("go on")
        await shell.until("It went on.", "[done] end_turn")
