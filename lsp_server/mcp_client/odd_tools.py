"""This module takes the tools out of a server's list for which the SDK would refuse all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse
from mcp_types.methods import validate_server_result
from pydantic import ValidationError

from lsp_server.text.truncate import one_line

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

NAME_CHARS_MAX = 60
NAMED_MAX = 5


class OddTools:
    """`OddTools` stands between a server's messages and the SDK.

    `version` gives the version of the protocol that was agreed on; by it a tool is odd whose
    description is not as the protocol has it, such as a schema that is no object.
    """

    def __init__(self, version: Callable[[], str]) -> None:
        self._version = version
        self._names: dict[str, None] = {}

    @property
    def problem(self) -> str:
        """Returns which tools were left out of the last lists, "" if none."""
        names = list(self._names)
        more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
        listed = f"{', '.join(names[:NAMED_MAX])}{more}"
        return f"describes tools in a way that cannot be used: {listed}" if names else ""

    def begin_list(self) -> None:
        """Forgets what was left out: the tools are asked for anew."""
        self._names.clear()

    @asynccontextmanager
    async def without(
        self, transport: AbstractAsyncContextManager[TransportStreams]
    ) -> AsyncIterator[TransportStreams]:
        """Opens the transport and leaves odd tools out of what comes through it."""
        async with transport as (received, to_send):
            to_us, filtered = anyio.create_memory_object_stream[SessionMessage | Exception](16)
            passing = asyncio.create_task(self._pass_on(received, to_us), name="messages")
            try:
                yield filtered, to_send
            finally:
                passing.cancel()
                await asyncio.wait({passing})
                filtered.close()

    async def _pass_on(
        self, received: Any, to_us: MemoryObjectSendStream[SessionMessage | Exception]
    ) -> None:
        async with to_us:
            async for message in received:
                if isinstance(message, SessionMessage):
                    self._clean(message)
                await to_us.send(message)

    def _clean(self, message: SessionMessage) -> None:
        answer = message.message
        if not isinstance(answer, JSONRPCResponse) or not isinstance(answer.result, dict):
            return
        tools = answer.result.get("tools")
        if isinstance(tools, list) and not self._is_valid(answer.result):
            kept = [tool for tool in tools if self._is_valid({**answer.result, "tools": [tool]})]
            odd = [tool for tool in tools if tool not in kept]
            self._names.update(dict.fromkeys(map(_name, odd)))
            answer.result["tools"] = kept

    def _is_valid(self, result: dict[str, Any]) -> bool:
        try:
            validate_server_result("tools/list", self._version(), result)
        except ValidationError:
            return False
        except KeyError:  # A version without lists of tools.
            return True
        return True


def _name(tool: object) -> str:
    name = tool.get("name") if isinstance(tool, dict) else None
    return one_line(name, NAME_CHARS_MAX) if isinstance(name, str) and name.strip() else "(no name)"
