"""This module carries the messages of the protocol: JSON objects, one a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from acp.exceptions import RequestError

from lsp_server.models.json_line import read_json
from lsp_server.system.lines import LineSplitter
from lsp_server.system.message_stream import (
    ByteStream,
    MessageReader,
    MessageWriter,
)

LINE_BYTES_MAX = 256 * 2**20
"""A longer message is an error of the client; the stream is given up."""

LAST_ANSWERS_SECONDS = 1.0
"""How long what was asked before the end may take to be answered."""

LAST_WRITES_SECONDS = 1.0
"""How long a client may take to read what is left for it at the end."""


class LineTransport:
    """A `LineTransport` is how the SDK's connection sends and receives messages.

    It answers what is no message itself. Sending never waits for the client: one that
    leaves too much unread counts as gone, and then `receive` returns None, as at the end.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._loop = asyncio.get_running_loop()
        self._received: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._unanswered = 0
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self._writer = MessageWriter(stream.send, lambda body: body + b"\n", self._lost)
        MessageReader(stream.receive, LineSplitter(LINE_BYTES_MAX).feed, self._deliver, self.end)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message, as `put` does."""
        self.put(message)
        if "id" in message and "method" not in message:
            self._unanswered -= 1
            if self._unanswered == 0:
                self._all_answered.set()

    def put(self, message: Mapping[str, Any]) -> None:
        """Queues a message behind all that were sent before."""
        # The SDK repeats in an error what was wrong, whatever that was.
        self._writer.put(json.dumps(message, separators=(",", ":"), default=str).encode())

    async def receive(self) -> dict[str, Any] | None:
        """Returns the next message of the client; None at the end."""
        return await self._received.get()

    async def settle(self) -> None:
        """Returns when all requests are answered, after LAST_ANSWERS_SECONDS at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_ANSWERS_SECONDS):
                await self._all_answered.wait()

    async def close(self) -> None:
        """Writes what is left, for LAST_WRITES_SECONDS at most."""
        await asyncio.to_thread(self._writer.close, LAST_WRITES_SECONDS)

    def end(self) -> None:
        """Ends the stream of messages from the client."""
        self._received.put_nowait(None)

    def _lost(self) -> None:
        # The loop is closed when the client goes last.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.end)

    def _deliver(self, line: bytes) -> None:
        if len(line) > LINE_BYTES_MAX:
            why = f"a message has more than {LINE_BYTES_MAX:,} bytes"
            self._refuse(RequestError(-32600, why))
            return
        try:
            message = read_json(line)
        except ValueError as error:
            self._refuse(RequestError(-32700, f"the line is no JSON: {error}"))
            return
        if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
            self._refuse(RequestError(-32600, "the line is no JSON-RPC message"))
            return
        if "id" in message and "method" in message:
            self._unanswered += 1
            self._all_answered.clear()
        self._received.put_nowait(message)

    def _refuse(self, error: RequestError) -> None:
        self.put({"jsonrpc": "2.0", "id": None, "error": error.to_error_obj()})
