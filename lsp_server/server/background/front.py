"""This module is the process that an editor starts: it joins it to the background server.

Of two that start at once one starts the server, under a lock, and the other finds it. The
socket listens before the server runs, so nobody has to wait for that: who connects is
answered once it is there, or cut off if it does not come.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from lsp_server import __version__
from lsp_server.domain.errors import ConfigurationError
from lsp_server.server.background.relay import relay
from lsp_server.server.meeting.greeting import Greeting, greet
from lsp_server.server.meeting.meeting_place import MeetingPlace, place_of
from lsp_server.server.transport.framing import Frames, frame
from lsp_server.settings.folders import data_folder
from lsp_server.system.message_stream import (
    READ_BYTES,
    BrokenStream,
    ByteStream,
    standard_streams,
)
from lsp_server.system.process_watch import process_is_alive

TRIES_MAX = 4
"""A server may end just as somebody comes, or have to make way for another version."""
START_SECONDS = 30.0
"""How long another process may take that looks for the server or starts it."""
SHOWN_BYTES_MAX = 2000
REFUSED = -32803


def serve_in_background(flags: Sequence[str] = (), watched_process_id: int | None = None) -> int:
    """Passes messages on between the editor at stdin and stdout and a server that outlives it.

    A server that has to be started gets the `flags`. Returns the exit code of the process: 1 when there is no server, or none any more.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # There is nothing to be tidied up here.
    with standard_streams() as editor:
        read, request = _first_message(editor)
        if not read:
            return 1
        place = place_of(data_folder(), first_folder(request))
        try:
            server = attach(place, flags)
        except ConfigurationError as error:
            sys.stderr.write(f"holdfast serve: {error}\n")
            with suppress(OSError):
                editor.send(frame(_refusal(request, str(error))))
            return 1
        with server:
            relay(editor, server, read, _end_of(watched_process_id))
        return 0 if _is_there(place) else 1


def attach(place: MeetingPlace, flags: Sequence[str] = ()) -> socket.socket:
    """Returns a connection to the server that is met there, and starts one if there is none.

    Raises ConfigurationError. Blocking.
    """
    place.prepare()
    for _ in range(TRIES_MAX):
        try:
            with place.lock.waiting(START_SECONDS):
                server = place.connect() or _start(place, flags)
                welcome = greet(server, Greeting(place.token(), __version__, "attach"))
        except (OSError, TimeoutError) as error:
            raise ConfigurationError(
                f"the background server in {place.folder} does not answer ({error}); "
                "run: holdfast serve --stop"
            ) from error
        if welcome is not None and not welcome.problem:
            return server
        server.close()
        if welcome is not None and not welcome.again:
            raise ConfigurationError(welcome.problem)
    raise ConfigurationError(
        f"the background server ended as it started: {_last_words(place)}; see {place.said}"
    )


def first_folder(request: object) -> str:
    """Returns the first folder of the workspace that `initialize` names, "" where it names none.

    >>> first_folder({"params": {"rootUri": "file:///no/such%20folder"}})
    '/no/such folder'
    """
    params: Any = request.get("params") if isinstance(request, dict) else None
    with suppress(LookupError, TypeError, AttributeError, ValueError):
        uri = (params.get("workspaceFolders") or [{"uri": params.get("rootUri")}])[0]["uri"]
        path = unquote(urlsplit(uri).path) if uri else params.get("rootPath")
        return os.path.realpath(path) if path else ""
    return ""


def _first_message(editor: ByteStream) -> tuple[bytes, object]:
    """The bytes up to the first message and beyond, and what it says; no bytes at the end."""
    frames, read = Frames(), bytearray()
    with suppress(OSError, BrokenStream):
        while data := editor.receive(READ_BYTES):
            read += data
            if bodies := frames.feed(data):
                with suppress(ValueError, RecursionError):
                    return bytes(read), json.loads(bodies[0])
                return bytes(read), None
    return b"", None


def _start(place: MeetingPlace, flags: Sequence[str]) -> socket.socket:
    """Starts the server and connects to it. Raises ConfigurationError, OSError."""
    with place.listen() as listener:
        _spawn(place, listener.fileno(), flags)
        client = place.connect()
    if client is None:
        raise ConfigurationError(f"the socket in {place.folder} vanished; start again")
    return client


def _spawn(place: MeetingPlace, listener: int, more: Sequence[str]) -> None:
    """Starts the server so that nothing that ends the editor ends it. Raises OSError."""
    argv = (sys.executable, "-P", "-m", "lsp_server", "serve", "--background-server")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    said = os.open(place.said, flags, 0o600)
    # A child of this process would be ended with it by editors that end all children.
    between = os.fork()
    if between == 0:
        status = 1
        try:
            os.setsid()
            subprocess.Popen(
                (*argv, str(listener), str(place.folder), *more),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=(listener,),
            )
            status = 0
        finally:
            os._exit(status)
    os.close(said)
    _, ended = os.waitpid(between, 0)
    if ended:
        raise OSError("the background server cannot be started")


def _last_words(place: MeetingPlace) -> str:
    with suppress(OSError):
        text = place.said.read_bytes()[-SHOWN_BYTES_MAX:].decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2] or "it said nothing"
    return "it said nothing"


def _refusal(request: object, problem: str) -> bytes:
    """The answer to `initialize` where no server is there."""
    number = request.get("id") if isinstance(request, dict) else None
    error = {"code": REFUSED, "message": problem, "data": {"retry": False}}
    return json.dumps({"jsonrpc": "2.0", "id": number, "error": error}).encode()


def _end_of(process_id: int | None) -> Callable[[], bool]:
    return lambda: process_id is not None and not process_is_alive(process_id)


def _is_there(place: MeetingPlace) -> bool:
    """Whether the server is still there. One that is killed may listen for a moment longer."""
    with suppress(ConfigurationError, OSError):
        if (client := place.connect()) is not None:
            with client:
                return greet(client, Greeting(place.token(), __version__, "status")) is not None
    return False
