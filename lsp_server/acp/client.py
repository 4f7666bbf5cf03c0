"""This module says things to the client, and asks it."""

from __future__ import annotations

from typing import Any, Protocol

from acp import schema
from acp.utils import serialize_params

from lsp_server.acp.transport import LineTransport


class Asking(Protocol):
    """Sends a request to the client and waits for its answer, as the SDK's connection does."""

    async def request_permission(
        self, session_id: str, tool_call: Any, options: Any, **kwargs: Any
    ) -> schema.RequestPermissionResponse:
        """Asks a person."""
        ...

    async def read_text_file(
        self, session_id: str, path: str, line: Any = None, limit: Any = None, **kwargs: Any
    ) -> schema.ReadTextFileResponse:
        """Returns the text of a file as the client has it."""
        ...

    async def write_text_file(
        self, session_id: str, path: str, content: str, **kwargs: Any
    ) -> schema.WriteTextFileResponse | None:
        """Has the client write a file."""
        ...


class AcpClient:
    """An `AcpClient` is the client of the protocol: what it can, and the way to it.

    `asking` is set once it is connected, `can` once it said what it can.
    """

    asking: Asking

    def __init__(self, transport: LineTransport) -> None:
        self._transport = transport
        self.can = schema.ClientCapabilities()

    @property
    def reads_files(self) -> bool:
        """Says whether it gives the texts of files."""
        return bool(self.can.fs and self.can.fs.read_text_file)

    @property
    def writes_files(self) -> bool:
        """Says whether it writes files."""
        return bool(self.can.fs and self.can.fs.write_text_file)

    def update(self, session_id: str, update: Any) -> None:
        """Says what happens in a session, in the order of the calls; never waits."""
        params = schema.SessionNotification(session_id=session_id, update=update)
        self._transport.put(
            {
                "jsonrpc": "2.0",
                "method": "session/update",
                "params": serialize_params(params),
            }
        )
