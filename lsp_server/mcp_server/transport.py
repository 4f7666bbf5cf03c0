"""This module carries the messages of the protocol for the SDK: JSON objects, one a line.

The SDK has a transport of its own for standard streams, whose reader keeps the process
from ending as long as the client leaves its stream open, and which takes lines of any length.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCMessage

from lsp_server.mcp_server.client_message import read_message
from lsp_server.system.lines import LineSplitter
from lsp_server.system.message_stream import ByteStream, MessageReader, MessageWriter

LINE_BYTES_MAX = 8_000_000
MESSAGES_MAX = 512
"""Messages that wait for the SDK; more than a reader reads ahead."""
LAST_WRITES_SECONDS = 1.0
"""How long a client may take to read what is left for it at the end."""


@asynccontextmanager
async def line_transport(
    stream: ByteStream,
) -> AsyncIterator[
    tuple[
        MemoryObjectReceiveStream[SessionMessage | Exception],
        MemoryObjectSendStream[SessionMessage],
    ]
]:
    """Gives the SDK a stream of messages from the client, and one to it.

    The first ends when the client leaves, or leaves too much unread.
    """
    loop = asyncio.get_running_loop()
    received, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](MESSAGES_MAX)
    outgoing, sent = anyio.create_memory_object_stream[SessionMessage](0)

    def deliver(line: bytes) -> None:
        message = read_message(line, bytes_max=LINE_BYTES_MAX)
        if isinstance(message, JSONRPCError):
            writer.put(_body(message))
        elif message is not None:
            # Of a client that is quicker than the SDK for so long, what comes then is lost.
            with suppress(anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
                received.send_nowait(SessionMessage(message))

    def lost() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(received.close)

    writer = MessageWriter(stream.send, lambda body: body + b"\n", lost)
    MessageReader(stream.receive, LineSplitter(LINE_BYTES_MAX).feed, deliver, received.close)
    sending = asyncio.create_task(_send(sent, writer), name="messages to the client")
    try:
        yield incoming, outgoing
    finally:
        outgoing.close()
        await asyncio.wait({sending}, timeout=LAST_WRITES_SECONDS)
        sending.cancel()
        await asyncio.to_thread(writer.close, LAST_WRITES_SECONDS)
        for end in (received, incoming, sent):
            end.close()


async def _send(sent: MemoryObjectReceiveStream[SessionMessage], writer: MessageWriter) -> None:
    async for message in sent:
        writer.put(_body(message.message))


def _body(message: JSONRPCMessage) -> bytes:
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode()
