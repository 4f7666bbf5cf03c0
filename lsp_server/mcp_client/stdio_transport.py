"""This module carries messages to a server over its standard streams, within bounds.

The SDK has a transport of its own for that. This one starts the process as Holdfast
starts all of its own, so that it can be confined and is ended with all that it started,
and it bounds what a server may send in one message.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage

from lsp_server.mcp_client.server_message import read_message
from lsp_server.sandbox.process_tree import end_whole
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess, StartProcess

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

MESSAGE_BYTES_MAX = 8_000_000
"""A longer message ends the connection: nobody can use it, and it would fill the memory."""
GARBAGE_LINES_MAX = 100
"""Some servers print a banner; one that prints on is no server."""
STDERR_CHARS_MAX = 4_000
SAID_CHARS_MAX = 300
LAST_WORDS_SECONDS = 0.5
LEAVE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class ServerStream:
    """A `ServerStream` is the process of one server, and what it said on its error stream."""

    def __init__(self, start: StartProcess) -> None:
        self._start = start
        self.ended = asyncio.Event()
        """Set when no message comes any more."""
        self._said = ""
        self._failure = ""

    @property
    def reason(self) -> str:
        """Returns why no message comes any more: what we refused, or the server's last words."""
        last = self._said.strip().splitlines()[-1:]
        return self._failure or "".join(f"ended; it said: {one[:SAID_CHARS_MAX]}" for one in last)

    @asynccontextmanager
    async def open(
        self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> AsyncIterator[TransportStreams]:
        """Starts the server, and ends it with all that it started. Raises OSError."""
        pipe = subprocess.PIPE
        started = await self._start(
            ProcessSpec(tuple(argv), folder, environment, stdin=pipe, stdout=pipe, stderr=pipe)
        )
        to_us, received = anyio.create_memory_object_stream[SessionMessage | Exception](16)
        to_send, from_us = anyio.create_memory_object_stream[SessionMessage](16)
        try:
            async with _streams(started) as (reader, errors, writer), asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._listen(errors))
                work = [
                    listening,
                    tasks.create_task(self._receive(reader, to_us, listening)),
                    tasks.create_task(_send(from_us, writer)),
                ]
                try:
                    yield received, to_send
                finally:
                    writer.close()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LEAVE_SECONDS):
                            await asyncio.shield(started.wait())
                    for task in work:
                        task.cancel()
        finally:
            await end_whole(started)
            for stream in (to_us, received, to_send, from_us):
                stream.close()

    async def _receive(
        self,
        reader: asyncio.StreamReader,
        to_us: MemoryObjectSendStream[SessionMessage | Exception],
        listening: asyncio.Task[None],
    ) -> None:
        async with to_us:
            await self._pass_on(reader, to_us)
            # Its last words come on the other stream, and say why.
            await asyncio.wait({listening}, timeout=LAST_WORDS_SECONDS)
            self.ended.set()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        to_us: MemoryObjectSendStream[SessionMessage | Exception],
    ) -> None:
        garbage = 0
        while True:
            try:
                message = read_message(await reader.readuntil())
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                self._failure = f"sent a message of more than {MESSAGE_BYTES_MAX:,} bytes"
                return
            if message is None:
                garbage += 1
                if garbage > GARBAGE_LINES_MAX:
                    self._failure = "prints what is no message of the protocol"
                    return
                continue
            await to_us.send(SessionMessage(message))

    async def _listen(self, errors: asyncio.StreamReader) -> None:
        while data := await errors.read(4096):
            text = self._said + data.decode("utf-8", "replace")
            self._said = text[-STDERR_CHARS_MAX:]


async def _send(
    from_us: MemoryObjectReceiveStream[SessionMessage], writer: asyncio.StreamWriter
) -> None:
    async with from_us:
        async for message in from_us:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            writer.write(text.encode() + b"\n")
            with suppress(ConnectionError):  # It has ended, which the reader finds out.
                await writer.drain()


@asynccontextmanager
async def _streams(
    started: SandboxedProcess,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Opens the process's output, its error output and its input, and closes them."""
    loop, process = asyncio.get_running_loop(), started.process
    transports: list[asyncio.BaseTransport] = []
    readers = [asyncio.StreamReader(MESSAGE_BYTES_MAX) for _ in range(2)]
    try:
        for reader, pipe in zip(readers, (process.stdout, process.stderr), strict=True):
            protocol = partial(asyncio.StreamReaderProtocol, reader)
            transports.append((await loop.connect_read_pipe(protocol, pipe))[0])
        to_process, flow = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, process.stdin
        )
        transports.append(to_process)
        yield readers[0], readers[1], asyncio.StreamWriter(to_process, flow, None, loop)
    finally:
        for transport in transports:
            transport.close()
