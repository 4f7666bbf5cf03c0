"""This module has the prompts that MCP servers offer, which are given as custom commands are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.domain.errors import HoldfastError
from lsp_server.mcp_client.prompts import prompt_arguments
from lsp_server.mcp_client.server import McpServer, McpUnavailable, OfferedPrompt
from lsp_server.mcp_client.tool import tool_name
from lsp_server.session.mcp_servers import SessionServers
from lsp_server.session.skills import NotTrusted
from lsp_server.skills.custom_command import parse_invocation

_NAME = re.compile(r"(?:mcp__(?P<server>.+?)__|(?P<short>[^:]+):)(?P<prompt>.+)")


@dataclass(frozen=True, slots=True)
class ServerPrompt:
    """A `ServerPrompt` is a prompt and the server that offers it."""

    server: McpServer
    offered: OfferedPrompt

    @property
    def name(self) -> str:
        """Returns the name to type behind `/`, as in `mcp__docs__review`."""
        return tool_name(self.server.spec.name, self.offered.name)


class ServerPrompts:
    """`ServerPrompts` finds the prompts of the servers of a session, and fills them in."""

    def __init__(self, servers: SessionServers) -> None:
        self._servers = servers

    async def known(self) -> tuple[ServerPrompt, ...]:
        """Returns the prompts of the servers that are connected; none is started for it."""
        usable = await self._servers.usable()
        connected = [server for server in usable if server.state == "open"]
        found = await asyncio.gather(*map(_prompts_or_none, connected))
        return tuple(one for prompts in found for one in prompts)

    async def invoked(self, text: str) -> str | None:
        """Returns the task of the prompt that a text begins with; None for any other text.

        `/mcp__server__prompt` and `/server:prompt` are the same, with arguments behind it.
        The server is connected if need be. Raises HoldfastError where it is not trusted,
        has no such prompt, cannot be used, or wants other arguments.
        """
        server = await self.server_of(text)
        invocation = parse_invocation(text)
        if server is None or invocation is None:
            return None
        prompt = _choose(server, invocation[0], await server.prompts())
        arguments = prompt_arguments(prompt, invocation[1])
        task = await server.prompt(prompt.name, arguments, self._servers.call_timeout_seconds)
        if not task:
            raise HoldfastError(f"the prompt /{invocation[0]} gave no text")
        return task

    async def server_of(self, text: str) -> McpServer | None:
        """Returns the server whose prompt a text names; None for any other text.

        Raises NotTrusted for one of the project that no person has trusted.
        """
        invocation = parse_invocation(text)
        match = _NAME.fullmatch(invocation[0]) if invocation else None
        if match is None:
            return None
        name = match["server"] or match["short"]
        for server in await self._servers.usable():
            if _slug(server.spec.name) == _slug(name):
                return server
        if any(_slug(one.spec.name) == _slug(name) for one in await self._servers.found()):
            raise NotTrusted(
                f"the server {name} comes with this project and is not trusted; look at it and "
                "answer `holdfast trust`, or holdfast.trust in an editor"
            )
        return None


def _choose(server: McpServer, typed: str, prompts: Sequence[OfferedPrompt]) -> OfferedPrompt:
    match = _NAME.fullmatch(typed)
    wanted = tool_name(server.spec.name, match["prompt"]) if match else ""
    for prompt in prompts:
        if ServerPrompt(server, prompt).name == wanted:
            return prompt
    known = ", ".join(f"/{ServerPrompt(server, one).name}" for one in prompts) or "it has none"
    raise HoldfastError(f"the server {server.spec.name} has no such prompt; known: {known}")


async def _prompts_or_none(server: McpServer) -> list[ServerPrompt]:
    try:
        return [ServerPrompt(server, one) for one in await server.prompts()]
    except McpUnavailable:
        return []


def _slug(name: str) -> str:
    return tool_name(name, "")
