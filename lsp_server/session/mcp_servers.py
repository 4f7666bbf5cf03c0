"""This module has the MCP servers of one session: the user's, and a project's once they are trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.ports import Tool
from lsp_server.mcp_client.project_files import FILES, project_servers
from lsp_server.mcp_client.server import McpServer, McpUnavailable, ServerState
from lsp_server.mcp_client.server_spec import (
    McpServerSpec,
    ServerSpecError,
    make_spec,
    on_one_line,
)
from lsp_server.mcp_client.tool import McpTool
from lsp_server.session.trust import Trust, TrustItem, TrustState
from lsp_server.settings.sections import McpSettings
from lsp_server.text.count import count_of

Connect: TypeAlias = Callable[[McpServerSpec], McpServer]
"""Makes the connection to a server, which is opened when it is first used."""

TOOLS_MAX = 500
"""The tools of all servers together."""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A `FoundServer` is a server that is named somewhere, and how it stands with it."""

    spec: McpServerSpec
    trust: TrustState
    state: ServerState = "closed"
    problem: str = ""
    version: str = ""
    tools: int | None = None
    """How many it offered when it was last asked; None: it was not."""

    @property
    def trust_id(self) -> str:
        """Returns what names it in the question about trust; the user's own need none."""
        return _trust_id(self.spec) if self.spec.origin == "project" else ""


@dataclass(frozen=True, slots=True)
class OfferedTools:
    """`OfferedTools` are the tools that a run gets of all servers, and what kept others away."""

    tools: tuple[Tool, ...] = ()
    problems: tuple[str, ...] = ()


class SessionServers:
    """`SessionServers` finds servers, keeps their connections, and makes Tools of what they offer.

    `environment` fills in the variables of entries. Close it.
    """

    def __init__(
        self,
        root: Path,
        trust: Trust,
        settings: Callable[[], McpSettings],
        environment: Mapping[str, str],
        connect: Connect,
    ) -> None:
        self._root = root
        self._trust = trust
        self._settings = settings
        self._environment = environment
        self._connect = connect
        self._connected: dict[str, McpServer] = {}
        self._tool_counts: dict[str, int] = {}
        self.problems: tuple[str, ...] = ()
        """What was wrong with entries when they were last read."""

    async def tools(self) -> OfferedTools:
        """Returns the tools of all servers that may be used; one that fails costs only its own.

        They are asked at once, each within its own time.
        """
        answers = await asyncio.gather(*map(self._tools_of, await self.usable()))
        tools = [tool for offered in answers for tool in offered.tools]
        problems = [f"{one}; it is left out" for one in self.problems]
        problems += [problem for offered in answers for problem in offered.problems]
        unique = {tool.spec.name: tool for tool in reversed(tools)}
        if len(unique) < len(tools):
            problems.append("of tools with one name only the first is offered")
        kept = list(reversed(unique.values()))
        if len(kept) > TOOLS_MAX:
            offered = count_of(len(kept), "tool")
            problems.append(f"{offered} are offered, of which {TOOLS_MAX} are used")
        return OfferedTools(tuple(kept[:TOOLS_MAX]), tuple(problems))

    @property
    def call_timeout_seconds(self) -> float:
        """Returns how long a call may take."""
        return self._settings().call_timeout_seconds

    async def usable(self) -> tuple[McpServer, ...]:
        """Returns the servers that may be used, each connected when something is asked of it."""
        usable = [one.spec for one in await self.found() if one.trust == "trusted"]
        await self._drop_others(usable)
        return tuple(map(self._server, usable))

    async def found(self) -> tuple[FoundServer, ...]:
        """Returns all that are named, the user's first, whether they may be used or not."""
        specs = await self._specs()
        items = [_trust_item(one) for one in specs]
        states = await asyncio.to_thread(self._trust.states, items)
        return tuple(
            self._found_server(spec, states[item.id])
            for spec, item in zip(specs, items, strict=True)
        )

    def concerns(self, paths: Collection[Path]) -> bool:
        """Says whether one of these files of the project may name servers."""
        return any(self._root / name in paths for name in FILES)

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns the project's servers, trusted or not."""
        return tuple(_trust_item(one) for one in await self._specs() if one.origin == "project")

    async def close(self) -> None:
        """Ends all connections."""
        servers, self._connected = list(self._connected.values()), {}
        await asyncio.gather(*(server.close() for server in servers), return_exceptions=True)

    async def _specs(self) -> list[McpServerSpec]:
        settings, problems = self._settings(), list[str]()
        given = {**self._environment, "workspaceFolder": str(self._root)}
        specs: dict[str, McpServerSpec] = {}
        for name, entry in settings.servers.items():
            try:
                specs[name] = make_spec(name, entry.model_dump(), "user", given)
            except ServerSpecError as error:
                problems.append(f"mcp.servers.{name}: {error}")
        if settings.project_servers:
            found, wrong = await asyncio.to_thread(project_servers, self._root, self._environment)
            problems += wrong
            for spec in found:
                specs.setdefault(spec.name, spec)
        self.problems = tuple(problems)
        return list(specs.values())

    def _found_server(self, spec: McpServerSpec, trust: TrustState) -> FoundServer:
        state = "trusted" if spec.origin == "user" else trust
        server = self._connected.get(spec.name)
        if server is None or server.spec != spec:
            return FoundServer(spec, state)
        count = self._tool_counts.get(spec.name)
        return FoundServer(spec, state, server.state, server.problem, server.version, count)

    def _server(self, spec: McpServerSpec) -> McpServer:
        if spec.name not in self._connected:
            self._connected[spec.name] = self._connect(spec)
        return self._connected[spec.name]

    async def _drop_others(self, specs: Sequence[McpServerSpec]) -> None:
        """Ends the connections of servers that changed, or may not be used any more."""
        for name, server in list(self._connected.items()):
            if server.spec not in specs:
                del self._connected[name]
                await server.close()

    async def _tools_of(self, server: McpServer) -> OfferedTools:
        try:
            offered = await server.tools()
        except McpUnavailable as error:
            return OfferedTools(problems=(f"{error}; the run goes on without its tools",))
        seconds = self.call_timeout_seconds
        self._tool_counts[server.spec.name] = len(offered)
        tools = tuple(McpTool(server, one, seconds) for one in offered)
        return OfferedTools(tools, (server.left_out,) if server.left_out else ())


def _trust_id(spec: McpServerSpec) -> str:
    return f"server {spec.name}"


def _trust_item(spec: McpServerSpec) -> TrustItem:
    entry = spec.written
    lines = [f"It {'asks' if entry.url else 'starts'}: {spec.place}"]
    lines += [f"in the folder {entry.cwd}"] if entry.cwd else []
    lines += [f"{name} = {value}" for name, value in {**entry.env, **entry.headers}.items()]
    if spec.variables:
        lines.append(f"It gets from your environment: {', '.join(spec.variables)}")
    # Further lines of a value would be read as what is said here of the server.
    lines = [on_one_line(line) for line in lines]
    return TrustItem(
        _trust_id(spec),
        f"MCP server {spec.name}: {spec.place}",
        "\n".join(lines),
        spec.fingerprint,
    )
