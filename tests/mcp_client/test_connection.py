"""One connection to a server that misbehaves: what it costs, and what is said of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.mcp_client import connection
from lsp_server.mcp_client.connection import McpConnection
from lsp_server.mcp_client.results import RESULT_CHARS_MAX
from lsp_server.mcp_client.server import McpUnavailable
from lsp_server.mcp_client.tool import McpTool
from tests.harness.expectation import until
from tests.harness.mcp import connected_server

SERVER = str(Path(__file__).parents[1] / "fakes" / "mcp_server.py")
CALL_SECONDS = 5.0


async def nobody(server: str, message: str, schema: Mapping[str, Any]) -> None:
    return None


def connected(
    fault: str, *arguments: str, **entry: Any
) -> AbstractAsyncContextManager[McpConnection]:
    value = {"command": sys.executable, "args": [SERVER, fault, *arguments], **entry}
    return connected_server("faulty", nobody, **value)


@pytest.mark.parametrize("fault", ["none", "banner"])
async def test_a_server_offers_its_tools_and_answers(fault: str) -> None:
    async with connected(fault) as server:
        tools = await server.tools()
        assert [one.name for one in tools] == ["echo", "look"]
        assert tools[1].hints == ("read_only_hint",)
        assert (await server.call("echo", {"a": 1}, CALL_SECONDS)).text == '{"a": 1}'
        assert (server.state, server.version) == ("open", "2025-11-25")


async def test_a_tool_that_is_described_oddly_costs_itself_alone() -> None:
    async with connected("odd-tools") as server:
        assert [one.name for one in await server.tools()] == ["echo", "look"]
        assert "no-schema-at-all, true-schema, list-schema, text-schema" in server.left_out
        assert server.left_out.endswith("; they are left out")
        assert (await server.call("echo", {"a": 1}, CALL_SECONDS)).text == '{"a": 1}'
    async with connected("none") as server:
        await server.tools()
        assert server.left_out == ""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("dies-at-start", "no licence found"),
        ("garbage", "no message of the protocol"),
    ],
)
async def test_a_server_that_does_not_greet_is_named_with_why(fault: str, words: str) -> None:
    async with connected(fault) as server:
        with pytest.raises(McpUnavailable, match="the server faulty") as error:
            await server.tools()
        assert words in str(error.value)
        began = time.monotonic()
        with pytest.raises(McpUnavailable):
            await server.tools()
        assert time.monotonic() - began < 1, "it is left alone for a while"


async def test_a_program_that_is_not_there_is_named() -> None:
    async with connected("none", command="/no/such/program") as server:
        with pytest.raises(McpUnavailable, match="there is no /no/such/program"):
            await server.tools()


async def test_a_server_that_hangs_at_its_start_costs_a_bounded_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS_MAX", 0.5)
    async with connected("hang-at-start") as server:
        with pytest.raises(McpUnavailable, match=r"did not greet within 0\.5 s"):
            await server.tools()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("hang-in-call", "did not answer echo within 1 s"),
        ("die-in-call", "a fatal mistake"),
        ("flood", "more than 8,000,000 bytes"),
        ("malformed-result", "could not answer echo"),
        ("error", "it is closed today"),
        ("no-result", "breaks the protocol: null"),
        ("list-result", "breaks the protocol: [1]"),
        ("text-error", "it is closed"),
        ("error-without-code", "it is closed"),
        ("no-version", "breaks the protocol"),
    ],
)
async def test_a_call_that_fails_says_how_and_ends(fault: str, words: str) -> None:
    async with connected(fault) as server:
        await server.tools()
        seconds = 1.0 if fault == "hang-in-call" else 30.0
        with pytest.raises(McpUnavailable, match="the server faulty") as error:
            await server.call("echo", {}, seconds)
        assert words in str(error.value)


@pytest.mark.parametrize(
    ("fault", "text"), [("half-a-pair", "a\ufffd"), ("control-character", "a")]
)
async def test_an_answer_that_is_nearly_json_is_taken(fault: str, text: str) -> None:
    async with connected(fault) as server:
        await server.tools()
        assert (await server.call("echo", {}, CALL_SECONDS)).text == text


async def test_a_tool_that_says_it_failed_is_no_fault_of_the_server() -> None:
    async with connected("is-error") as server:
        for _ in range(2):
            assert (await server.call("echo", {}, CALL_SECONDS)).is_error


async def test_a_cancelled_call_leaves_the_connection_usable() -> None:
    async with connected("none") as server:
        await server.tools()
        call = asyncio.create_task(server.call("echo", {}, CALL_SECONDS))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait({call})
        assert (await server.call("echo", {}, CALL_SECONDS)).text == "{}"


async def test_what_a_server_started_ends_with_it(tmp_path: Path) -> None:
    written = tmp_path / "pid"
    async with connected("child", str(written)) as server:
        await server.tools()
        await until(lambda: written.exists() and written.read_text(), "the child")
        pid = int(written.read_text())
        assert Path(f"/proc/{pid}").exists()
    stat = Path(f"/proc/{pid}/stat")
    assert not stat.exists() or ") Z " in stat.read_text()


async def test_keys_of_the_environment_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_API_KEY", "sk-4711")
    async with connected("environment", env={"GIVEN": "yes"}) as server:
        text = (await server.call("echo", {}, CALL_SECONDS)).text
    assert "4711" not in text
    assert '"GIVEN": "yes"' in text


async def test_what_a_server_passes_on_from_a_terminal_is_its_text() -> None:
    async with connected("terminal") as server:
        assert (await server.call("echo", {}, CALL_SECONDS)).text == "100 % link END"
        (offered,) = await server.tools()
    assert McpTool(server, offered, CALL_SECONDS).spec.description.endswith(") Say it.")


async def test_a_long_result_is_cut() -> None:
    async with connected("none") as server:
        answer = await server.call("echo", {"a": "x" * 300_000}, CALL_SECONDS)
        assert len(answer.text) < RESULT_CHARS_MAX + 100
        assert "the rest is left out" in answer.text
