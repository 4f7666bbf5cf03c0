"""This module has the first message on the socket of a background server, and the answer to it.

They are frames as those of the protocol. Who cannot show the token gets a refusal and no more.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from lsp_server.server.transport.framing import Frames, frame
from lsp_server.system.message_stream import BrokenStream

GREETING_SECONDS = 10.0
GREETING_BYTES_MAX = 64 * 2**10
READ_BYTES = 1
"""What follows the greeting belongs to the editor, so no byte more is read."""

Wish: TypeAlias = Literal["attach", "status", "stop"]


@dataclass(frozen=True, slots=True)
class Greeting:
    """A `Greeting` says who wants what: `version` is that of the front process."""

    token: str
    version: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Welcome:
    """A `Welcome` is the server's answer.

    With a `problem` the connection is over; `again` says that the server ends, and that a
    new one may be started. The rest says how it stands: `folders` are those of its sessions.
    """

    version: str = ""
    problem: str = ""
    again: bool = False
    pid: int = 0
    folders: tuple[str, ...] = ()
    editors: int = 0
    runs: int = 0


def greet(client: socket.socket, greeting: Greeting) -> Welcome | None:
    """Greets a server and returns its answer, None when it went away. Raises TimeoutError.

    Blocking, for GREETING_SECONDS at most.
    """
    try:
        client.settimeout(GREETING_SECONDS)
        client.sendall(_framed(greeting))
        return _welcome(_receive(client))
    except TimeoutError:
        raise
    except (OSError, BrokenStream):
        return None


async def read_greeting(client: socket.socket, token: str) -> Greeting | None:
    """Reads the greeting of a client; None where it lacks the token. Raises OSError, TimeoutError.

    The socket does not block.
    """
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            told = await _receive_soon(client)
    except BrokenStream:
        return None
    shown, version, wish = told.get("token"), told.get("version"), told.get("wish")
    # Takes as long for a wrong token as for a right one, so that none can be guessed by time.
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), token.encode()):
        return None
    if not isinstance(version, str) or wish not in ("attach", "status", "stop"):
        return None
    return Greeting(shown, version, wish)


async def welcome(client: socket.socket, answer: Welcome) -> None:
    """Answers a greeting. Raises OSError, TimeoutError. The socket does not block."""
    async with asyncio.timeout(GREETING_SECONDS):
        await asyncio.get_running_loop().sock_sendall(client, _framed(answer))


def _framed(message: Greeting | Welcome) -> bytes:
    return frame(json.dumps(asdict(message)).encode())


def _receive(client: socket.socket) -> dict[str, Any]:
    """The first message. Raises OSError and BrokenStream."""
    frames, count = Frames(), 0
    end = time.monotonic() + GREETING_SECONDS
    while count < GREETING_BYTES_MAX:
        client.settimeout(max(end - time.monotonic(), 0.001))
        data = client.recv(READ_BYTES)
        if not data:
            raise BrokenStream("it went away")
        count += len(data)
        if bodies := frames.feed(data):
            return _object(bodies[0])
    raise BrokenStream("the greeting is too long")


async def _receive_soon(client: socket.socket) -> dict[str, Any]:
    frames, loop = Frames(), asyncio.get_running_loop()
    for _ in range(GREETING_BYTES_MAX):
        data = await loop.sock_recv(client, READ_BYTES)
        if not data:
            raise BrokenStream("it went away")
        if bodies := frames.feed(data):
            return _object(bodies[0])
    raise BrokenStream("the greeting is too long")


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BrokenStream("no JSON") from error
    if not isinstance(told, dict):
        raise BrokenStream("no object")
    return told


def _welcome(told: dict[str, Any]) -> Welcome:
    """Reads an answer; what a server of another version says beyond is left out."""
    known = {name: told[name] for name in Welcome.__dataclass_fields__ if name in told}
    known["folders"] = tuple(map(str, known.get("folders") or ()))
    return Welcome(**known)
