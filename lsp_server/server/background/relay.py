"""This module passes bytes on between an editor and the socket of a server, and knows nothing of them.

Each direction has a thread and one buffer: who writes faster than the other reads has to wait.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from lsp_server.system.message_stream import READ_BYTES, ByteStream
from lsp_server.system.process_watch import POLL_SECONDS

LAST_BYTES_SECONDS = 5.0
"""How long the server may take to end the connection once the editor is gone."""


def relay(
    editor: ByteStream,
    server: socket.socket,
    first: bytes,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Passes bytes on in both directions, until the server ends the connection. Blocking.

    `first` was read from the editor before. Ends soon after the editor has closed its side,
    or after `is_over` says so.
    """
    server.settimeout(None)
    to_server = threading.Thread(target=_to_server, args=(editor, server, first), daemon=True)
    to_editor = threading.Thread(target=_to_editor, args=(editor, server), daemon=True)
    to_server.start()
    to_editor.start()
    while to_editor.is_alive() and to_server.is_alive() and not is_over():
        to_editor.join(POLL_SECONDS)
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)
    to_editor.join(LAST_BYTES_SECONDS)


def _to_server(editor: ByteStream, server: socket.socket, first: bytes) -> None:
    with suppress(OSError):
        data = first
        while data:
            server.sendall(data)
            data = editor.receive(READ_BYTES)
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)


def _to_editor(editor: ByteStream, server: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(READ_BYTES):
            editor.send(data)
    # An editor that reads no more is gone, and the server has to know.
    with suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
