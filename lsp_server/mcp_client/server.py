"""This module says what a connected server is to the rest of Holdfast, without the SDK behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.images import LoadedImage
from lsp_server.mcp_client.server_spec import McpServerSpec

ServerState: TypeAlias = Literal["closed", "connecting", "open", "failed"]
STATE_WORDS: Mapping[ServerState, str] = MappingProxyType(
    {
        "closed": "connected when a run needs it",
        "connecting": "connecting",
        "open": "connected",
        "failed": "failed",
    }
)
"""What a person reads of a state."""

AskBack: TypeAlias = Callable[[str, str, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]
"""Puts a server's question to a person: its name, a message, and the JSON schema of the answer.

None means no."""


class McpUnavailable(HoldfastError):
    """A server cannot be used now; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """An `OfferedTool` is a tool as its server describes it.

    `hints` are what the server says of it, such as that it only reads; nothing is
    decided by them.
    """

    name: str
    description: str
    schema: Mapping[str, object]
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferedPrompt:
    """An `OfferedPrompt` is a prompt as its server describes it, with the names of its arguments."""

    name: str
    description: str
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """Returns the arguments as people read them.

        >>> OfferedPrompt("review", "", ("file", "focus"), ("file",)).hint
        '<file> [focus]'
        """
        shown = (f"<{one}>" if one in self.required else f"[{one}]" for one in self.arguments)
        return " ".join(shown)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """A `ServerAnswer` is what a tool gave, as a text for the model, which describes its images."""

    text: str
    is_error: bool = False
    images: tuple[LoadedImage, ...] = ()


class McpServer(Protocol):
    """An `McpServer` is a server of one session, connected when it is first wanted."""

    spec: McpServerSpec
    state: ServerState
    problem: str
    """Why the connection failed, or was ended; empty while it is fine."""
    version: str
    """The version of the protocol that was agreed on."""
    left_out: str
    """Which tools of the last list nobody can use, and why; empty if none."""

    async def tools(self) -> tuple[OfferedTool, ...]:
        """Returns what the server offers. Raises McpUnavailable."""
        ...

    async def call(
        self, tool: str, arguments: Mapping[str, object], timeout_seconds: float
    ) -> ServerAnswer:
        """Calls a tool. Raises McpUnavailable, also after the time."""
        ...

    async def prompts(self) -> tuple[OfferedPrompt, ...]:
        """Returns the prompts that the server offers. Raises McpUnavailable."""
        ...

    async def prompt(self, name: str, arguments: Mapping[str, str], timeout_seconds: float) -> str:
        """Returns a prompt as the text of a task. Raises McpUnavailable, also after the time."""
        ...

    async def close(self) -> None:
        """Ends the connection, and the server with all that it started."""
        ...
