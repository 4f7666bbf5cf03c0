"""This module serves one client of the protocol over standard input and output."""

from __future__ import annotations

import asyncio
from typing import cast

from acp.agent.connection import AgentSideConnection
from acp.interfaces import Agent
from acp.meta import AGENT_METHODS
from acp.schema import DeleteSessionRequest

from lsp_server.acp.agent import AcpAgent
from lsp_server.acp.client import AcpClient
from lsp_server.acp.transport import LineTransport
from lsp_server.system.message_stream import ByteStream, standard_streams
from lsp_server.system.termination import on_termination


def serve_acp() -> int:
    """Serves the client on stdin and stdout until it leaves; the exit status of the process."""
    with standard_streams() as stream:
        return asyncio.run(_serve(stream))


async def _serve(stream: ByteStream) -> int:
    transport = LineTransport(stream)
    client = AcpClient(transport)
    agent = AcpAgent(client)
    # It may lack methods of extensions, which the SDK answers as unknown.
    connection = AgentSideConnection(
        cast("Agent", agent), transport, listening=False, use_unstable_protocol=True
    )
    # The SDK has the messages of this method, and no route for it yet.
    connection._conn._handler.route_request(  # type: ignore[attr-defined]  # noqa: SLF001
        AGENT_METHODS["session_delete"], DeleteSessionRequest, agent.deletion, "delete_session"
    )
    try:
        with on_termination(transport.end):
            await connection.listen()
            await agent.close()
            await transport.settle()
    finally:
        await connection.close()
    return 0
