"""This module speaks as much HTTP/1.1 as the scripted server needs, on asyncio streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

BODY_BYTES_MAX = 64 * 1024 * 1024
HEADER_SECONDS_MAX = 30.0
"""The time for a request once its first line has come; between requests there is no limit."""


class ClientGone(ConnectionError):
    """The client closed the connection before its answer was complete."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An `HttpRequest` is a request with its whole body; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """An `Exchange` reads requests from one connection and writes answers to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self) -> HttpRequest | None:
        """Reads the next request; None when the client has no more."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            return None
        method, _, rest = line.decode("latin-1").partition(" ")
        path = rest.split(" ")[0].partition("?")[0]
        async with asyncio.timeout(HEADER_SECONDS_MAX):
            headers: dict[str, str] = {}
            while (line := await self._reader.readline()).strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            size = int(headers.get("content-length") or 0)
            if size > BODY_BYTES_MAX:
                raise ValueError("the body is too large")
            body = await self._reader.readexactly(size)
        return HttpRequest(method, path, headers, body)

    async def answer(
        self, status: int, body: object, headers: Mapping[str, str] | None = None
    ) -> None:
        """Sends a whole answer: JSON, or text when the body is text."""
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        data = text.encode("utf-8", "surrogatepass")
        kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(data))}, headers)
        self._writer.write(data)
        await self._flush()

    async def begin_events(self) -> None:
        """Sends the head of an answer that comes in events."""
        self._head(
            200, {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"},
            {"Transfer-Encoding": "chunked"},
        )  # fmt: skip
        await self._flush()

    async def event(self, data: bytes, name: str = "") -> None:
        """Sends one event, with the name of its kind where its wire has names."""
        payload = (f"event: {name}\n".encode() if name else b"") + b"data: " + data + b"\n\n"
        self._writer.write(b"%x\r\n%b\r\n" % (len(payload), payload))
        await self._flush()

    async def end_events(self) -> None:
        """Ends an answer that came in events; the connection stays."""
        self._writer.write(b"0\r\n\r\n")
        await self._flush()

    async def pause(self, seconds: float | None) -> None:
        """Waits, for ever when None. Raises ClientGone as soon as the client closes."""
        if seconds == 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._reader.read(1)
        except TimeoutError:
            return
        raise ClientGone("the client closed the connection")

    def close(self) -> None:
        """Closes at once; what was not sent is dropped."""
        self._writer.transport.abort()

    def _head(
        self, status: int, headers: Mapping[str, str], more: Mapping[str, str] | None
    ) -> None:
        lines = [f"HTTP/1.1 {status} {_phrase(status)}"]
        lines += [f"{name}: {value}" for name, value in {**headers, **(more or {})}.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    async def _flush(self) -> None:
        if self._reader.at_eof():
            raise ClientGone("the client closed the connection")
        await self._writer.drain()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Unknown"
