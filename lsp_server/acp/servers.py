"""This module takes the MCP servers that a client gives for a session as the user's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from acp import schema

from lsp_server.acp.errors import WrongRequest

Servers: TypeAlias = Sequence[
    schema.HttpMcpServer | schema.SseMcpServer | schema.AcpMcpServer | schema.McpServerStdio
]


NAME_CHARS_MAX = 32


def servers_layer(servers: Servers | None) -> dict[str, Any]:
    """Returns the servers as a layer of settings. Raises WrongRequest for a kind that is not spoken.

    >>> given = schema.McpServerStdio(name="docs", command="/bin/docs", args=["-v"], env=[])
    >>> servers_layer([given])["mcp"]["servers"]["docs"]["args"]
    ['-v']
    """
    return {"mcp": {"servers": {_name(one.name): _entry(one) for one in servers or ()}}}


def _name(name: str) -> str:
    """A name that can be a part of tools' names; clients let people call a server as they like."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.")[:NAME_CHARS_MAX] or "server"


def _entry(server: Any) -> dict[str, Any]:
    match server:
        case schema.McpServerStdio(command=command, args=args, env=env):
            return {"command": command, "args": args, "env": {one.name: one.value for one in env}}
        case schema.HttpMcpServer(url=url, headers=headers):
            return {"url": url, "headers": {one.name: one.value for one in headers}}
        case _:
            raise WrongRequest(
                f"the MCP server {server.name} is of a kind that is not spoken; "
                "give it over stdio or http"
            )
