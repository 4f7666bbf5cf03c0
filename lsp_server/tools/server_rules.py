"""This module reads the pattern of rules about MCP servers: `mcp(server/tool)`, globs allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tools import NeedsServer

SERVER_RULE = "mcp"
"""What such a rule begins with; alone it means every tool of every server."""

_PATTERN = re.compile(r"[\w.*?-]+(/[^/\s]+)?")
_PLAIN_NAME = re.compile(r"[\w.:@+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServerPattern:
    """A `ServerPattern` names tools of servers.

    >>> pattern = ServerPattern("docs", "search*")
    >>> pattern.matches(NeedsServer("docs", "search_all")), pattern.matches(NeedsServer("x", "y"))
    (True, False)
    """

    server: str
    tool: str

    def matches(self, needs: NeedsServer) -> bool:
        """Says whether a call goes to such a tool."""
        return fnmatchcase(needs.server, self.server) and fnmatchcase(needs.tool, self.tool)


def server_rule(needs: NeedsServer) -> str | None:
    """Returns the rule for exactly this tool, None when its name may be a pattern.

    A server names its tools, and `*` would be all of them.

    >>> server_rule(NeedsServer("docs", "search")), server_rule(NeedsServer("docs", "*"))
    ('mcp(docs/search)', None)
    """
    is_plain = _PLAIN_NAME.fullmatch(needs.tool) is not None
    return f"{SERVER_RULE}({needs.server}/{needs.tool})" if is_plain else None


def server_pattern(pattern: str, text: str, key: str) -> ServerPattern:
    """Reads the pattern of the rule `text`. Raises ConfigurationError."""
    if not _PATTERN.fullmatch(pattern):
        raise ConfigurationError(
            f"{key} has {text!r}; write the server and its tool, as in mcp(docs/search) or "
            "mcp(docs/*)",
            key=key,
        )
    server, _, tool = pattern.partition("/")
    return ServerPattern(server, tool or "*")
