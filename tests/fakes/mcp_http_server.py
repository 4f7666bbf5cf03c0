"""A server of the official SDK over Streamable HTTP: `python mcp_http_server.py PORT KEY`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer

server = MCPServer("of-the-sdk")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def with_key(application: Any, key: str) -> Any:
    """The application behind a key, as hosted servers are."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http" or headers.get(b"authorization") == f"Bearer {key}".encode():
            await application(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"no key"})

    return guarded


if __name__ == "__main__":
    port, key = int(sys.argv[1]), sys.argv[2]
    guarded = with_key(server.streamable_http_app(), key)
    uvicorn.run(guarded, host="127.0.0.1", port=port, log_level="error")
