"""This module offers the tools of MCP servers to a run, listed or to be found."""

from __future__ import annotations

from lsp_server.agent.event_log import EventLog
from lsp_server.domain.events import Warned
from lsp_server.session.mcp_servers import SessionServers
from lsp_server.tools.find_tools import FindTools, can_be_listed
from lsp_server.tools.tool_bound import ToolBound
from lsp_server.tools.tool_list import MoreTools


class ServerTools:
    """`ServerTools` asks the servers of a session what they offer, for one run.

    `event_log` gets what kept a server's tools away, once for each reason. `bound` says
    which of them the run may have.
    """

    def __init__(self, servers: SessionServers, event_log: EventLog, bound: ToolBound) -> None:
        self._servers = servers
        self._bound = bound
        self._event_log = event_log
        self._said: set[str] = set()

    async def offer(self, beside: int) -> MoreTools:
        """Returns their tools; `beside` counts the run's other tools."""
        offered = await self._servers.tools()
        for problem in offered.problems:
            if problem not in self._said:
                self._event_log.emit(Warned(problem))
        self._said.update(offered.problems)
        tools = tuple(tool for tool in offered.tools if self._bound.allows(tool.spec.name))
        specs = [tool.spec for tool in tools]
        if can_be_listed(specs, beside):
            return MoreTools(tools)
        return MoreTools((FindTools(specs),), tools)
