"""A connection to an MCP server for one test, ended behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsp_server.mcp_client.connection import McpConnection
from lsp_server.mcp_client.server import AskBack
from lsp_server.mcp_client.server_spec import make_spec
from lsp_server.sandbox.unconfined import start_unconfined


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
