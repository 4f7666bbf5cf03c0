"""`HostProxy` passes the connections of one command on to the hosts that it may reach.

The command has a network of its own with nothing on it but this proxy: it speaks HTTP, looks
names up outside, and connects to named hosts alone. What is encrypted goes through as it is.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lsp_server.sandbox.named_hosts import NamedHosts, split_address

HEAD_BYTES_MAX = 65_536
HEAD_SECONDS_MAX = 30.0
CONNECT_SECONDS_MAX = 15.0
IDLE_SECONDS_MAX = 600.0
CONNECTIONS_MAX = 128
REFUSED_MAX = 20
"""How many hosts are remembered that were asked for and are not named."""
_READ_BYTES = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_HOP_HEADERS = (b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"host")


class _Refused(Exception):
    """The proxy answers with this status line and no more."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What a client asks for: where to, and what is sent there first."""

    name: str
    port: int
    head: bytes
    is_tunnel: bool


class HostProxy:
    """A `HostProxy` serves one command. Close it after that."""

    def __init__(self, hosts: NamedHosts) -> None:
        self._hosts = hosts
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.refused: dict[str, None] = {}
        """Hosts that were asked for and are not named, in their order."""

    async def serve(self, listener: socket.socket) -> None:
        """Begins to take connections at a socket that listens, which is closed with the proxy."""
        self._server = await asyncio.start_server(self._take, sock=listener, limit=HEAD_BYTES_MAX)

    async def close(self) -> None:
        """Ends all connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._pass_on(reader, writer)
        except _Refused as refusal:
            with suppress(OSError):
                writer.write(f"HTTP/1.1 {refusal}\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # The one at the other end sees a connection that ended.
        finally:
            self._connections.discard(task)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) > CONNECTIONS_MAX:
            raise _Refused("503 too many connections")
        request = await self._request(reader)
        if not self._hosts.names(request.name, request.port):
            self._note(request)
            raise _Refused(f"403 {request.name} is not among the hosts of this sandbox")
        far_reader, far_writer = await self._connect(request)
        try:
            if request.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            far_writer.write(request.head)
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, far_writer))
                group.create_task(_copy(far_reader, writer))
        except* (OSError, TimeoutError):
            pass
        finally:
            far_writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> _Request:
        try:
            async with asyncio.timeout(HEAD_SECONDS_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise _Refused("431 the head of the request is too long") from None
        try:
            return _parsed(head)
        except ValueError:
            raise _Refused("400 this proxy speaks HTTP/1.1 alone") from None

    async def _connect(
        self, request: _Request
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the address that was looked at, as a second look-up might give another one."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                for address in await _addresses(request):
                    if self._hosts.admits(request.name, request.port, address):
                        with suppress(OSError):
                            return await asyncio.open_connection(address, request.port)
        except OSError as error:
            raise _Refused(f"502 {request.name} cannot be reached: {error.strerror}") from error
        self._note(request)
        raise _Refused(f"502 {request.name} cannot be reached, or leads into a private network")

    def _note(self, request: _Request) -> None:
        if len(self.refused) < REFUSED_MAX:
            self.refused[f"{request.name}:{request.port}"] = None


def _parsed(head: bytes) -> _Request:
    """Raises ValueError for what is no request to a proxy."""
    line, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, version = line.decode("ascii").split(" ")
    # What ends a line to some servers would hide a header, such as another host.
    if _CONTROL.search(line) or any(map(_CONTROL.search, headers)):
        raise ValueError(head)
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    if method == "CONNECT":
        name, port = split_address(target)
        if port is None:
            raise ValueError(target)
        return _Request(name, port, b"", is_tunnel=True)
    parts = urlsplit(target)
    if parts.scheme != "http" or "@" in parts.netloc:
        raise ValueError(target)
    name, port = split_address(parts.netloc, 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # One request for each connection: a second one could be for another host.
    lines = [f"{method} {path} {version}", f"Host: {parts.netloc}", "Connection: close"]
    kept = list(_kept(headers))
    return _Request(
        name,
        port or 80,
        b"\r\n".join([*(one.encode("ascii") for one in lines), *kept, b"", b""]),
        is_tunnel=False,
    )


def _kept(headers: Iterable[bytes]) -> Iterator[bytes]:
    for header in headers:
        name, colon, _ = header.partition(b":")
        if not colon or name.strip() != name:
            raise ValueError(header)
        if name.lower() not in _HOP_HEADERS:
            yield header


async def _addresses(request: _Request) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(request.name, request.port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes bytes on until there are no more."""
    while True:
        async with asyncio.timeout(IDLE_SECONDS_MAX):
            data = await reader.read(_READ_BYTES)
        if not data:
            break
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
