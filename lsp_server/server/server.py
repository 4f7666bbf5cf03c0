"""This module serves an editor over standard input and output, or over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sys

from lsp_server.server.connection import Connection
from lsp_server.server.sessions import ClosingSessions
from lsp_server.server.transport.tcp import authenticated_client
from lsp_server.system.message_stream import ByteStream, standard_streams

TOKEN_BYTES = 24


def serve_stdio(*, parent_process_id: int | None = None) -> int:
    """Serves the client on stdin and stdout; the exit code of the process.

    The server also ends with the process `parent_process_id`, and with the one that the
    client names in `initialize`.
    """
    with standard_streams() as stream:
        return _serve(stream, parent_process_id)


def serve_tcp(
    host: str, port: int, token: str | None = None, *, parent_process_id: int | None = None
) -> int:
    """Serves the first client that shows the token; the exit code of the process.

    The client sends the token as `initializationOptions.token` of `initialize`, its
    first message. None makes a random one. One line on stderr names the port, as 0
    lets the system choose it, and the token if it was made here. Raises
    ConfigurationError when it cannot listen.
    """
    wanted = token or secrets.token_urlsafe(TOKEN_BYTES)

    def listening(chosen: int) -> None:
        made = "" if token else f", token {wanted}"
        sys.stderr.write(f"holdfast listens on {host}:{chosen}{made}\n")
        sys.stderr.flush()

    with authenticated_client(host, port, wanted, listening) as stream:
        return _serve(stream, parent_process_id)


async def _alone(
    stream: ByteStream, parent_process_id: int | None, deadline: contextlib.ExitStack
) -> int:
    connection = Connection(stream, parent_process_id, ClosingSessions())
    return await connection.serve_alone(deadline)


def _serve(stream: ByteStream, parent_process_id: int | None) -> int:
    # pygls logs whole messages: source code, and what is secret in it.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as deadline:
        return asyncio.run(_alone(stream, parent_process_id, deadline))
