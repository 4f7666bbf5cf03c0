"""The scripted server as a server: its log, its counts, and its life as a process."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import httpx
import pytest

from lsp_server.domain.messages import Message, Request
from lsp_server.models.scripted.scenario import ScriptedCall, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.wire_server import QUESTION, model_at

LIMIT_SECONDS = 10.0


async def test_cached_tokens_are_the_bytes_shared_with_an_earlier_request() -> None:
    first = QUESTION.messages
    async with (
        ScriptedServer([ScriptedTurn(text="A")] * 3) as server,
        model_at(server.base_url) as model,
    ):
        await model.respond(QUESTION)
        response = await model.respond(Request((*first, Message("assistant", "A" * 400))))
        plain = server.requests[0].raw.removesuffix(b"]}")
        assert server.requests[1].common_bytes == len(plain)
        assert response.usage.cached_tokens == len(plain) // 4
        assert response.usage.prompt_tokens == len(server.requests[1].raw) // 4


async def test_each_request_is_logged_as_a_line() -> None:
    log = io.StringIO()
    async with (
        ScriptedServer([ScriptedTurn(text="A")], log=log) as server,
        model_at(server.base_url, api_key="sk-1") as model,
    ):
        await model.respond(QUESTION)
        await server.wait_until(lambda: server.requests[0].ending == "answered")
    line = json.loads(log.getvalue())
    assert line["ending"] == "answered"
    assert line["body"]["messages"][-1]["content"] == "What now?"
    assert line["bytes"] == len(server.requests[0].raw)
    assert "sk-1" not in log.getvalue()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/models", None, 200),
        ("GET", "/v1/nothing", None, 404),
        ("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}, 200),
    ],
)
async def test_it_answers_what_it_serves(method: str, path: str, body: Any, status: int) -> None:
    async with ScriptedServer([ScriptedTurn(text="A")]) as server, httpx.AsyncClient() as client:
        url = server.base_url.removesuffix("/v1") + path
        reply = await client.request(method, url, json=body)
        assert reply.status_code == status
        assert "scripted" in reply.text or status == 404


async def test_tool_calls_are_streamed_in_pieces_under_their_index() -> None:
    turn = ScriptedTurn(
        tool_calls=(
            ScriptedCall(name="read", arguments={"path": "x" * 40}),
            ScriptedCall(name="list"),
        )
    )
    async with ScriptedServer([turn]) as server, httpx.AsyncClient() as client:
        body = {"messages": [], "stream": True}
        reply = await client.post(f"{server.base_url}/chat/completions", json=body)
    chunks = [
        json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")
    ]
    pieces = [
        call
        for chunk in chunks
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    assert [piece["index"] for piece in pieces] == [0, 0, 0, 0, 0, 1, 1]
    assert [piece["function"].get("name") for piece in pieces if "id" in piece] == ["read", "list"]


@pytest.mark.parametrize("body", ["", "[]", "{broken"])
async def test_nonsense_closes_the_connection(body: str) -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(f"{server.base_url}/chat/completions", content=body)
        assert server.requests == []


SERVER = "lsp_server.models.scripted.server"


async def start(
    tmp_path: Path,
    *arguments: str,
    scenario: str = '[{"text": "A"}]',
    module: str = SERVER,
) -> Process:
    path = tmp_path / "scenario.json"
    path.write_text(scenario)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(path), *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


@pytest.mark.parametrize("module", [SERVER, "tests.fakes.faulty_server"])
@pytest.mark.parametrize("end", ["stdin", "SIGTERM"])
async def test_as_a_process_it_says_where_it_is_and_ends_when_told(
    end: str, module: str, tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    async with asyncio.timeout(LIMIT_SECONDS):
        process = await start(tmp_path, "--log", str(log), module=module)
        assert process.stdout is not None
        assert process.stdin is not None
        said = json.loads(await process.stdout.readline())
        async with model_at(said["base_url"]) as model:
            assert (await model.respond(QUESTION)).message.text == "A"
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()
    assert (process.returncode, output, errors) == (0, b"", b"")
    assert json.loads(log.read_text())["ending"] == "answered"


@pytest.mark.parametrize("scenario", ['[{"txt": "A"}]', '[{"fault": {"kind": "drop"}}]'])
async def test_as_a_process_it_names_a_wrong_scenario(scenario: str, tmp_path: Path) -> None:
    process = await start(tmp_path, scenario=scenario)
    output, errors = await process.communicate()
    assert (process.returncode, output) == (2, b"")
    assert b"is no scenario" in errors


async def test_importing_the_model_brings_no_room_but_those_below() -> None:
    program = (
        "import sys; import lsp_server.models.chat_completions; "
        "print(*sorted(name for name in sys.modules if name.startswith('lsp_server.')))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
    output, _ = await process.communicate()
    names = output.decode().split()
    assert {name.split(".")[1] for name in names} == {
        "domain",
        "models",
        "redaction",
        "settings",
        "system",
        "text",
    }
    assert not [name for name in names if "script" in name or "scenario" in name]
