"""Servers that others wrote: those of the official SDK, and the reference servers on Node."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.mcp_client.answers import answer_of_a_yes
from lsp_server.mcp_client.connection import McpConnection
from lsp_server.mcp_client.prompts import prompt_arguments
from lsp_server.mcp_client.server import McpUnavailable
from tests.harness.mcp import connected_server, free_port, listening

CALL_SECONDS = 20.0
SDK_SERVER = str(Path(__file__).parents[1] / "fakes" / "mcp_http_server.py")
PROGRAMS = Path(__file__).parent / "servers" / "node_modules" / ".bin"
NODE = pytest.mark.skipif(
    not PROGRAMS.exists() or shutil.which("node") is None,
    reason="tests/mcp_client/servers/install was not run",
)


async def says_yes(
    server: str, message: str, schema: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    return answer_of_a_yes({**schema, "required": ()})


def connected(**entry: Any) -> AbstractAsyncContextManager[McpConnection]:
    return connected_server("real", says_yes, **entry)


async def test_a_server_of_the_sdk_over_http_speaks_the_newest_version() -> None:
    port = free_port()
    async with listening(sys.executable, SDK_SERVER, str(port), "k4711", port=port) as url:
        headers = {"Authorization": "Bearer k4711"}
        async with connected(url=url, headers=headers) as server:
            assert [one.name for one in await server.tools()] == ["add"]
            assert (await server.call("add", {"a": 20, "b": 22}, CALL_SECONDS)).text == "42"
            assert server.version == "2026-07-28"
            assert (await server.call("add", {"a": "x"}, CALL_SECONDS)).is_error
        async with connected(url=url) as server:
            with pytest.raises(McpUnavailable, match="the server real failed"):
                await server.tools()
        async with connected(url=url.replace("/mcp", "/no"), headers=headers) as server:
            with pytest.raises(McpUnavailable, match="Not Found"):
                await server.tools()


async def test_an_address_where_nobody_is_is_named() -> None:
    async with connected(url=f"http://127.0.0.1:{free_port()}/mcp") as server:
        with pytest.raises(McpUnavailable, match="the server real"):
            await server.tools()


CALLS: Sequence[tuple[str, dict[str, Any], str]] = (
    ("echo", {"message": "hi"}, "Echo: hi"),
    ("get-sum", {"a": 1, "b": 2}, "is 3"),
    ("get-tiny-image", {}, "[image get-tiny-image 1: PNG, 20 x 20 pixels, "),
    ("get-structured-content", {"location": "Chicago"}, '"temperature"'),
    ("get-resource-links", {"count": 2}, "[resource demo://resource"),
    ("get-resource-reference", {"resourceType": "Text", "resourceId": 1}, "plaintext resource"),
    ("trigger-long-running-operation", {"duration": 1, "steps": 2}, "completed"),
    ("trigger-elicitation-request", {}, '"action": "accept"'),
)


@NODE
async def test_the_server_with_everything_gives_each_kind_of_content() -> None:
    async with connected(command=str(PROGRAMS / "mcp-server-everything")) as server:
        assert len(await server.tools()) > 10
        for tool, arguments, words in CALLS:
            answer = await server.call(tool, arguments, CALL_SECONDS)
            assert words in answer.text, tool
        assert server.version == "2025-11-25"


@NODE
async def test_the_server_with_everything_gives_its_prompts() -> None:
    async with connected(command=str(PROGRAMS / "mcp-server-everything")) as server:
        prompts = {one.name: one for one in await server.prompts()}
        assert {one.hint for one in prompts.values()} >= {"", "<city> [state]"}, prompts
        weather = prompts["args-prompt"]
        asked = prompt_arguments(weather, "Paris")
        assert "Paris" in await server.prompt(weather.name, asked, CALL_SECONDS)
        for name in ("simple-prompt", "resource-prompt"):
            given = dict(zip(prompts[name].arguments, ("Text", "1"), strict=False))
            assert await server.prompt(name, given, CALL_SECONDS)


@NODE
async def test_the_same_server_over_http_speaks_the_version_before() -> None:
    port = free_port()
    program = str(PROGRAMS / "mcp-server-everything")
    async with (
        listening(program, "streamableHttp", port=port, PORT=str(port)) as url,
        connected(url=url) as server,
    ):
        assert "is 3" in (await server.call("get-sum", {"a": 1, "b": 2}, CALL_SECONDS)).text
        assert server.version == "2025-11-25"


@NODE
async def test_the_server_of_files_keeps_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("forty-two")
    program = str(PROGRAMS / "mcp-server-filesystem")
    async with connected(command=program, args=[str(tmp_path)]) as server:
        for path, words, fails in (
            (tmp_path / "a.txt", "forty-two", False),
            (Path("/etc/hostname"), "denied", True),
        ):
            answer = await server.call("read_text_file", {"path": str(path)}, CALL_SECONDS)
            assert words in answer.text
            assert answer.is_error == fails
