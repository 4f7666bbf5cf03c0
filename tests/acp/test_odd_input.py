"""What a client does that it should not: the agent says so, and goes on or ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from acp import schema
from acp.exceptions import RequestError

from tests.fakes.acp_client import Panel, desk, process
from tests.fakes.faulty_server import FaultyServer
from tests.harness.workshop import calls, finish, judges, says

INITIALIZE = {"protocolVersion": 1, "clientCapabilities": {}}
EDIT = calls(("write", {"path": "b.txt", "text": "b\n"}))


def request(method: str, params: object, number: object = 1) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode() + b"\n"


async def answer(running: asyncio.subprocess.Process) -> dict[str, Any]:
    assert running.stdout is not None
    line = await asyncio.wait_for(running.stdout.readline(), 30)
    parsed = json.loads(line)
    assert isinstance(parsed, dict)
    return parsed


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{not json}\n", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "initialize"\n', -32700),
        (b"\xff\xfe\n", -32700),
        (b"[" * 100_000 + b"\n", -32700),
        (b"[]\n", -32600),
        (b'"hello"\n', -32600),
        (b"7\n", -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}\n', -32600),
        (request("initialize", None), -32602),
        (request("initialize", []), -32602),
        (request("session/new", {"cwd": 7}), -32602),
        (request("session/new", {"cwd": "relative", "mcpServers": []}), -32602),
        (request("session/new", {"cwd": "/no/such/folder", "mcpServers": []}), -32602),
        (request("session/new", {"cwd": "/tmp\0", "mcpServers": []}), -32602),
        (request("session/prompt", {"sessionId": "x", "prompt": []}), -32002),
        (request("session/prompt", {"sessionId": "x"}), -32602),
        (request("session/set_mode", {"sessionId": "x", "modeId": "plan"}), -32002),
        (request("session/load", {"sessionId": "x", "cwd": "/HERE", "mcpServers": []}), -32002),
        (request("session/load", {"sessionId": "../x", "cwd": "/HERE", "mcpServers": []}), -32002),
        (request("session/load", {"sessionId": "a\0", "cwd": "/HERE", "mcpServers": []}), -32002),
        (request("session/fork", {"sessionId": "a\0", "cwd": "/HERE", "mcpServers": []}), -32002),
        (request("session/resume", {"sessionId": "\ud83d", "cwd": "/HERE"}), -32002),
        (request("session/close", {"sessionId": "x"}), -32002),
        (request("session/list", {"cwd": "relative"}), -32602),
        (request("session/list", {"cwd": "/tmp\0"}), -32602),
        (request("session/list", {"cwd": "/" + "x" * 5000}), -32602),
        (request("session/new", {"cwd": "/" + "x" * 5000, "mcpServers": []}), -32602),
        (request("session/list", {}, float("nan")), -32700),
        (request("authenticate", {"methodId": "x"}), -32602),
        (request("no/such", {}), -32601),
        (request("_vendor/thing", {}), -32601),
    ],
)
async def test_wrong_input_is_answered_and_the_next_works(
    project: Path, line: bytes, code: int
) -> None:
    async with process(project) as running:
        assert running.stdin is not None
        running.stdin.write(line.replace(b"/HERE", os.fsencode(project)))
        assert (await answer(running))["error"]["code"] == code
        running.stdin.write(b"\n" + request("initialize", INITIALIZE, "again"))
        works = await answer(running)
        assert works["id"] == "again"
        assert works["result"]["protocolVersion"] == 1


async def test_answers_to_nothing_and_cancels_of_nothing_are_let_pass(project: Path) -> None:
    async with process(project) as running:
        assert running.stdin is not None
        for message in (
            {"jsonrpc": "2.0", "id": 99, "result": {}},
            {"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": "x"}},
            {"jsonrpc": "2.0", "method": "session/cancel", "params": 7},
            {"jsonrpc": "2.0", "method": "no/such"},
            {},
        ):
            running.stdin.write(json.dumps(message).encode() + b"\n")
        running.stdin.write(request("initialize", INITIALIZE))
        assert (await answer(running))["id"] == 1


async def test_what_no_session_is_called_is_deleted_already(project: Path) -> None:
    async with process(project) as running:
        assert running.stdin is not None
        for number, name in enumerate(("a\0b", "\ud83d", "..", "", "x" * 5000)):
            running.stdin.write(request("session/delete", {"sessionId": name}, number))
            assert (await answer(running))["result"] == {}, name


async def test_half_of_an_emoji_in_a_prompt_is_read_as_an_unknown_character(project: Path) -> None:
    async with FaultyServer([says("Seen.")]) as server, desk(project, model=server) as here:
        session = await here.new()
        assert here.process.stdin is not None
        prompt = {"sessionId": session, "prompt": [{"type": "text", "text": "cut \ud83d here"}]}
        here.process.stdin.write(request("session/prompt", prompt, "raw"))
        await here.panel.until(lambda panel: "Seen." in panel.text)
        assert "cut \N{REPLACEMENT CHARACTER} here" in str(server.requests[0].body)


async def test_what_comes_in_pieces_and_is_enormous_is_read(project: Path) -> None:
    async with FaultyServer([says("Long.")]) as server, desk(project, model=server) as here:
        session = await here.new()
        assert (await here.say(session, "x" * 3_000_000)).stop_reason == "end_turn"
        with pytest.raises(RequestError, match="characters") as refused:
            await here.say(session, "y" * 3_000_000)
        assert refused.value.code == -32602


async def test_the_process_ends_with_its_client_and_the_run_can_be_gone_on_with(
    project: Path,
) -> None:
    turns = [calls(("shell", {"command": "sleep 60"})), finish("Done."), judges()]
    async with FaultyServer(turns) as server:
        async with desk(project, model=server) as here:
            session = await here.new()
            prompt = asyncio.create_task(here.say(session, "wait"))
            await here.panel.until(lambda panel: bool(panel.of(schema.ToolCallStart)))
            assert here.process.stdin is not None
            here.process.stdin.close()
            assert await asyncio.wait_for(here.process.wait(), 60) == 0
            prompt.cancel()
        async with desk(project, model=server) as again:
            await again.agent.load_session(cwd=str(project), session_id=session, mcp_servers=[])
            assert again.panel.of(schema.ToolCallProgress)[-1].status == "failed"
            assert (await again.say(session, "go on")).stop_reason == "end_turn"


async def test_after_a_kill_the_session_is_loaded_and_goes_on(project: Path) -> None:
    turns = [EDIT, calls(("shell", {"command": "sleep 60"})), finish("Done."), judges()]
    async with FaultyServer(turns) as server:
        async with desk(project, model=server) as here:
            session = await here.new()
            prompt = asyncio.create_task(here.say(session, "write and wait"))
            await here.panel.until(lambda panel: len(panel.questions) == 2)
            os.killpg(here.process.pid, signal.SIGKILL)
            await here.process.wait()
            prompt.cancel()
        async with desk(project, model=server) as again:
            await again.agent.load_session(cwd=str(project), session_id=session, mcp_servers=[])
            assert again.panel.of(schema.UserMessageChunk)[0].content.text == "write and wait"
            assert len(again.panel.of(schema.ToolCallStart)) == 2
            assert (await again.say(session, "go on")).stop_reason == "end_turn"
            assert "Done." in again.panel.text
    assert (project / "b.txt").read_text("utf-8") == "b\n"


async def test_a_session_that_works_in_another_process_is_left_alone(project: Path) -> None:
    panel = Panel(hesitates=True)
    async with (
        FaultyServer([EDIT, finish()]) as server,
        desk(project, panel, model=server) as here,
        desk(project, model=server) as other,
    ):
        session = await here.new()
        prompt = asyncio.create_task(here.say(session, "write"))
        await asyncio.wait_for(panel.asked.wait(), 30)
        await other.agent.load_session(cwd=str(project), session_id=session, mcp_servers=[])
        with pytest.raises(RequestError, match="another process"):
            await other.say(session, "me too")
        await here.agent.cancel(session_id=session)
        assert (await prompt).stop_reason == "cancelled"


async def test_nothing_but_the_protocol_is_written_to_standard_output(project: Path) -> None:
    turns = [calls(("shell", {"command": "echo to-stdout; echo to-stderr >&2"})), finish()]
    async with FaultyServer(turns) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "m"}
        async with process(project, HOLDFAST_PERMISSIONS__MODE="full", **environment) as running:
            assert running.stdin is not None
            running.stdin.write(request("initialize", INITIALIZE))
            running.stdin.write(
                request("session/new", {"cwd": str(project), "mcpServers": []}, "new")
            )
            seen = [await answer(running), await answer(running)]
            session = next(one for one in seen if one.get("id") == "new")["result"]["sessionId"]
            prompt = [{"type": "text", "text": "say it"}]
            running.stdin.write(
                request("session/prompt", {"sessionId": session, "prompt": prompt}, "prompt")
            )
            while (last := await answer(running)).get("id") != "prompt":
                assert last["jsonrpc"] == "2.0"
            assert last["result"]["stopReason"] == "end_turn"
