"""This module accepts one client over TCP, from this machine only and only with the token.

The first message has to be `initialize` with `initializationOptions.token`. A client
that cannot show it is turned away and the next one may try. Once a client is in, nobody
else is accepted.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import socket
import time
from collections.abc import Callable, Iterator

from lsp_server.domain.errors import ConfigurationError
from lsp_server.server.transport.framing import Frames
from lsp_server.system.message_stream import READ_BYTES, BrokenStream, ByteStream

FIRST_MESSAGE_SECONDS = 10.0
"""How long a client may take to show its token; others wait that long at most."""


@contextlib.contextmanager
def authenticated_client(
    host: str, port: int, token: str, listening: Callable[[int], None]
) -> Iterator[ByteStream]:
    """Listens and gives the stream of the first client that shows the token.

    `port` 0 lets the system choose one; `listening` is called with the port. Raises
    ConfigurationError when the host is not this machine or the port is taken.
    """
    with contextlib.ExitStack() as stack:
        with _listener(host, port) as listener:
            listening(listener.getsockname()[1])
            client, read = _first_with_token(listener, token)
            stack.enter_context(client)
        yield ByteStream(receive=_receive_after(read, client), send=client.sendall)


def _listener(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(f"{host!r} is not this machine; listen on 127.0.0.1")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        # One client is served, so no more than one may wait.
        return socket.create_server((address, port), family=family, backlog=1)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def _first_with_token(listener: socket.socket, token: str) -> tuple[socket.socket, bytes]:
    """The first client that shows the token, and the bytes that were read from it so far."""
    while True:
        client, _ = listener.accept()
        with contextlib.suppress(OSError, BrokenStream):
            read = _read_first_message(client, token)
            if read is not None:
                client.settimeout(None)
                return client, read
        client.close()


def _read_first_message(client: socket.socket, token: str) -> bytes | None:
    """The bytes up to the first message and beyond, None when it lacks the token."""
    frames, read = Frames(), bytearray()
    deadline = time.monotonic() + FIRST_MESSAGE_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        client.settimeout(left)
        data = client.recv(READ_BYTES)
        if not data:
            return None
        read += data
        if bodies := frames.feed(data):
            return bytes(read) if _shows(bodies[0], token) else None
    return None


def _shows(body: bytes, token: str) -> bool:
    try:
        message = json.loads(body)
        shown = message["params"]["initializationOptions"]["token"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return False
    # Takes as long for a wrong token as for a right one, so that none can be guessed by time.
    return isinstance(shown, str) and hmac.compare_digest(shown.encode(), token.encode())


def _receive_after(read: bytes, client: socket.socket) -> Callable[[int], bytes]:
    """A function that receives the bytes that were read before, then those that come."""
    left = bytearray(read)

    def receive(count: int) -> bytes:
        if not left:
            return client.recv(count)
        taken = bytes(left[:count])
        del left[:count]
        return taken

    return receive
