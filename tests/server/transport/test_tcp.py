from __future__ import annotations

import json
import socket
import threading
from queue import Queue

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.server.transport.framing import frame
from lsp_server.server.transport.tcp import authenticated_client
from lsp_server.system.message_stream import ByteStream

TOKEN = "right"


def hello(token: object) -> bytes:
    params = {"initializationOptions": {"token": token}}
    return frame(json.dumps({"id": 1, "method": "initialize", "params": params}).encode())


def listening() -> tuple[int, Queue[bytes]]:
    """The port of a listener, and what the client it accepts says first."""
    port: Queue[int] = Queue()
    heard: Queue[bytes] = Queue()

    def serve() -> None:
        with authenticated_client("127.0.0.1", 0, TOKEN, port.put) as stream:
            assert isinstance(stream, ByteStream)
            heard.put(stream.receive(7) + stream.receive(1000))
            stream.send(b"welcome")

    threading.Thread(target=serve, daemon=True).start()
    return port.get(timeout=5), heard


def test_the_client_with_the_token_is_served_from_its_first_byte() -> None:
    port, heard = listening()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(hello(TOKEN) + b"more")
        assert heard.get(timeout=5) == hello(TOKEN) + b"more"
        assert client.recv(100) == b"welcome"


@pytest.mark.parametrize(
    "first",
    [
        hello("wrong"),
        hello(3),
        hello(None),
        frame(b"{}"),
        frame(b"[]"),
        frame(b"{broken"),
        b"Content-Length: 99999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"",
    ],
)
def test_others_are_turned_away_and_the_next_one_is_heard(first: bytes) -> None:
    port, heard = listening()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
        stranger.sendall(first)
        stranger.shutdown(socket.SHUT_WR)
        assert stranger.recv(100) == b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(hello(TOKEN))
        assert heard.get(timeout=5) == hello(TOKEN)


def test_nobody_else_is_accepted_afterwards() -> None:
    port, _ = listening()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(hello(TOKEN))
        assert client.recv(100) == b"welcome"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize("host", ["0.0.0.0", "example.org", "192.0.2.1", "::"])
def test_only_this_machine_can_connect(host: str) -> None:
    with (
        pytest.raises(ConfigurationError, match="not this machine"),
        authenticated_client(host, 0, TOKEN, lambda port: None),
    ):
        pass


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}"),
            authenticated_client("127.0.0.1", port, TOKEN, lambda port: None),
        ):
            pass
