"""An `McpTool` is a Tool that one server offers; each call is asked about, whatever it says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import Needs, NeedsServer, ToolResult, ToolSpec
from lsp_server.mcp_client.server import McpServer, McpUnavailable, OfferedTool
from lsp_server.text.terminal import terminal_text
from lsp_server.text.truncate import one_line

PREFIX = "mcp"
NAME_CHARS_MAX = 64
"""Endpoints take no longer names of tools."""
DESCRIPTION_CHARS_MAX = 1_000
SCHEMA_CHARS_MAX = 8_000
DETAIL_CHARS_MAX = 80

_OTHER_CHARS = re.compile(r"[^A-Za-z0-9_-]")


class McpTool:
    """An `McpTool` calls one tool of one server, at most `timeout_seconds` long.

    The description is the server's: it is cut, and the model is told whose it is.
    """

    def __init__(self, server: McpServer, offered: OfferedTool, timeout_seconds: float) -> None:
        self._server = server
        self._offered = offered
        self._timeout_seconds = timeout_seconds
        name = server.spec.name
        text = terminal_text(offered.description[:DESCRIPTION_CHARS_MAX]).strip() or offered.name
        self.spec = ToolSpec(
            tool_name(name, offered.name),
            f"(of the server {name}) {text}",
            _schema(offered.schema),
        )

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `docs/search {"query": "x"}`."""
        shown = json.dumps(dict(arguments), ensure_ascii=False, default=str)
        name = f"{self._server.spec.name}/{self._offered.name}"
        return one_line(f"{name} {shown}", DETAIL_CHARS_MAX)

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs the server, which may do anything with the arguments."""
        detail = json.dumps(dict(arguments), ensure_ascii=False, indent=1, default=str)
        return NeedsServer(self._server.spec.name, self._offered.name, detail, self._offered.hints)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Calls the tool. Raises ToolError when the server cannot be used or does not answer."""
        try:
            answer = await self._server.call(self._offered.name, arguments, self._timeout_seconds)
        except McpUnavailable as error:
            raise ToolError(str(error)) from error
        return ToolResult(answer.text, is_error=answer.is_error, images=answer.images)


def tool_name(server: str, tool: str) -> str:
    """Returns the name under which the model calls a tool of a server.

    >>> tool_name("docs", "search.all")
    'mcp__docs__search_all'
    """
    return _OTHER_CHARS.sub("_", f"{PREFIX}__{server}__{tool}")[:NAME_CHARS_MAX]


def _schema(schema: Mapping[str, object]) -> Mapping[str, object]:
    """The schema of the arguments; one that would fill the prompt is left open."""
    if schema.get("type") == "object" and len(json.dumps(schema, default=str)) <= SCHEMA_CHARS_MAX:
        return schema
    return {"type": "object", "additionalProperties": True}
