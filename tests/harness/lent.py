"""A client of `holdfast mcp` for one test: the official SDK's, and the server in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult

INSTALLED = Path(__file__).parents[1] / "mcp_server" / "clients" / "node_modules"
"""What `tests/mcp_server/clients/install` brings."""

COMMAND = (sys.executable, "-m", "lsp_server", "mcp")


def environment(**more: str) -> dict[str, str]:
    """What the server gets: this process's variables, with memory on and warnings as errors."""
    return {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONWARNINGS": "error",
        "HOLDFAST_MEMORY__ENABLED": "true",
        "HOLDFAST_MEMORY__EMBEDDER": "hashing",
        **more,
    }


@asynccontextmanager
async def lent(
    folder: Path, *flags: str, client: Mapping[str, Any] | None = None, **more: str
) -> AsyncIterator[Client]:
    """A client whose server was started in a folder; `client` are further arguments of the client."""
    server = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], *flags], cwd=folder, env=environment(**more)
    )
    async with Client(stdio_client(server), **(client or {})) as connected:
        yield connected


async def answered(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool, which must be no error and what its schema says."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, said(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """What a tool says that did not do its work."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    return said(result)


def said(result: CallToolResult) -> str:
    """The text of a result."""
    return "".join(getattr(each, "text", "") for each in result.content)
