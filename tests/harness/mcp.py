"""A connection to an MCP server, or such a server, for one test, ended behind it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsp_server.mcp_client.connection import McpConnection
from lsp_server.mcp_client.server import AskBack
from lsp_server.mcp_client.server_spec import make_spec
from lsp_server.sandbox.unconfined import start_unconfined
from tests.harness.expectation import until


@asynccontextmanager
async def connected_server(name: str, ask: AskBack, **entry: Any) -> AsyncIterator[McpConnection]:
    """The server of an entry, as a user's settings have it; `ask` answers what it asks."""
    environment = {each: os.environ[each] for each in ("PATH", "HOME")}
    spec = make_spec(name, entry, "user", {})
    server = McpConnection(spec, start_unconfined, Path("/"), environment, ask)
    try:
        yield server
    finally:
        await server.close()
        assert server.state == "closed"


@asynccontextmanager
async def listening(*argv: str, port: int, **more: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(*argv, env={**os.environ, **more})
    try:
        await until(lambda: _is_open(port), "the server", 30.0)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        await process.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
