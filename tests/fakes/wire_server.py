"""An HTTP server that answers with exactly the bytes it is given, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from lsp_server.domain.messages import Delta, Message, Request, Response
from lsp_server.models.provider import Wire, open_wire
from lsp_server.models.scripted.exchange import Exchange, HttpRequest
from lsp_server.settings.sections import ModelSettings


def settings_for(base_url: str, **more: Any) -> ModelSettings:
    """Settings of a model at a test's server."""
    return ModelSettings(**{"base_url": base_url, "name": "test-model", **more})


QUESTION = Request((Message("system", "Be brief."), Message("user", "What now?")))


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. Each piece is sent by itself; without `ends` the connection drops after it."""

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    ends: bool = True


class WireServer:
    """Gives its replies in turn, the last one for ever. `requests` are all that came."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[HttpRequest] = []
        self.base_url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[WireServer]:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(self._serve(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(reader, writer)
        try:
            while request := await exchange.request():
                self.requests.append(request)
                reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                await self._reply(reply, writer)
                if not reply.ends:
                    return
        finally:
            exchange.close()

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        head = {"Content-Type": reply.content_type, "Transfer-Encoding": "chunked", **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} -", *(f"{key}: {head[key]}" for key in head), "", ""]
        writer.write("\r\n".join(lines).encode())
        for piece in reply.pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        if reply.ends:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        if not reply.ends:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def model_at(
    base_url: str, *, api_key: str | None = None, **more: Any
) -> AsyncIterator[Wire]:
    """A model at that address, closed at the end; `wire` among `more` says which."""
    model = open_wire(settings_for(base_url, **more), api_key)
    try:
        yield model
    finally:
        await model.close()


async def answer_of(
    reply: Reply, request: Request = QUESTION, **more: Any
) -> tuple[Response, list[Delta]]:
    """What a model makes of one reply, and the pieces that it was told on the way."""
    heard: list[Delta] = []
    async with WireServer(reply).serving() as server, model_at(server.base_url, **more) as model:
        return await model.respond(request, heard.append), heard
