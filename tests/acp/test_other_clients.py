"""Clients that others wrote: the official SDK of TypeScript, and two clients of a terminal."""

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
from tests.harness.terminal import Terminal, terminal
from tests.harness.workshop import calls, finish, judges

CLIENTS = Path(__file__).parent / "clients"
AGENT = (sys.executable, "-m", "lsp_server", "acp")
EDIT = calls(("edit", {"path": "a.txt", "old_text": "two", "new_text": "three"}), text="I edit.")
SLEEP = calls(("shell", {"command": "sleep 60"}))
TURNS = [EDIT, finish("All done."), judges(), SLEEP, finish("It went on.")]

TOAD = CLIENTS / ".toad" / "python"

needs_node = pytest.mark.skipif(
    not (CLIENTS / "node_modules").exists() or shutil.which("node") is None,
    reason="tests/acp/clients/install was not run",
)
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


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


@needs_node
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
@needs_node
@needs_tmux
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


@pytest.mark.slow
@pytest.mark.timeout(300)
@needs_tmux
@pytest.mark.skipif(not TOAD.exists(), reason="tests/acp/clients/install_toad was not run")
async def test_toad_works_with_it(folder: Path) -> None:
    """A person answers, stops and goes on there, and comes back in another process of it."""
    own = ("env", "-u", "PYTHONHOME", "-u", "PYTHONPATH")  # Those of Toad's Python.
    toad = (str(TOAD), "-m", "toad")
    async with FaultyServer(TURNS) as server:
        variables = {**environment(server), "TERM": "xterm-256color"}
        begin = (*toad, "acp", shlex.join([*own, *AGENT]), str(folder))
        async with terminal(begin, folder, variables) as shown:
            await type_in(shown, "edit")
            await shown.until("three", "Approve once", "Deny")
            await shown.keys("a")
            await shown.until("All done.", "How can I help")
            assert (folder / "a.txt").read_text("utf-8") == "one\nthree\n"
        async with terminal((*toad, "run", str(folder)), folder, variables) as shown:
            await shown.until("Resume")
            await shown.keys("C-r")
            await shown.until("Pick a session", "just now")
            await shown.keys("Down")
            await shown.keys("Enter")
            await shown.until("All done.")
            await type_in(shown, "wait")
            await shown.until("sleep 60", "Approve once")
            await shown.keys("a")
            await shown.until("Approve once", gone=True)
            # It asks for a second Escape, and forgets the first one soon.
            await shown.press_until("Escape", "stopped by the person")
            await type_in(shown, "go on")
            await shown.until("It went on.")


async def type_in(shown: Terminal, words: str) -> None:
    """Types into Toad's prompt once it waits there, and sends it.

    It takes no Enter before its agent is ready, and does not show whether that is so.
    """
    await shown.until("How can I help")
    await shown.keys("-l", words)
    written = (
        f"\N{LEFT THREE QUARTERS BLOCK} "
        f"\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} {words}"
    )
    await shown.until(written)
    await shown.press_until("Enter", written, gone=True)
