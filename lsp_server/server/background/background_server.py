"""This module is the server in the background: it serves every editor that comes, until nobody needs it.

It ends by itself when no editor was attached and no run worked for a while, on a signal,
and when somebody with the token says so. Its sessions are closed then, which leaves runs at
work to be resumed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lsp_server import __version__
from lsp_server.server.background.kept_sessions import KeptSessions
from lsp_server.server.connection import EXIT_SECONDS, Connection
from lsp_server.server.meeting.greeting import Greeting, Welcome, read_greeting, welcome
from lsp_server.server.meeting.meeting_place import WAITING_MAX, MeetingPlace
from lsp_server.settings.layers import load
from lsp_server.system.message_stream import ByteStream
from lsp_server.system.task_set import TaskSet
from lsp_server.system.termination import on_termination
from lsp_server.text.count import count_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often it is looked whether anybody needs the server."""
EDITORS_MAX = 16
CLOSE_SECONDS_MAX = 3.0


def serve_background(descriptor: int, folder: Path, log_to: Callable[[Path], None]) -> int:
    """Serves on a socket that listens already and whose place is `folder`; the exit code."""
    place = MeetingPlace(folder)
    place.make_room_in_log()
    log_to(place.log)
    # pygls logs whole messages: source code, and what is secret in it.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # Else a program that is started here could answer in our place.
    os.set_inheritable(descriptor, False)
    with socket.socket(fileno=descriptor) as listener, contextlib.ExitStack() as deadline:
        return asyncio.run(_serve(listener, place, deadline))


async def _serve(
    listener: socket.socket, place: MeetingPlace, deadline: contextlib.ExitStack
) -> int:
    return await BackgroundServer(listener, place).serve(deadline)


class BackgroundServer:
    """A `BackgroundServer` accepts editors on `listener`, whose socket is in `place`."""

    def __init__(self, listener: socket.socket, place: MeetingPlace) -> None:
        self._listener = listener
        self._place = place
        self._token = place.token()
        self._sessions = KeptSessions()
        self._connections: set[Connection] = set()
        self._tasks = TaskSet()
        self._ended = asyncio.Event()
        self._needed_at = time.monotonic()

    async def serve(self, deadline: contextlib.ExitStack) -> int:
        """Serves until the end; the exit code of the process.

        An end that takes too long is forced. `deadline` takes that back once the loop is closed.
        """
        log.info("Holdfast %s serves in the background, process %d", __version__, os.getpid())
        with on_termination(self._ended.set):
            self._tasks.start(self._accept(), "acceptance of editors")
            self._tasks.start(self._end_when_idle(), "watch of an idle server")
            await self._ended.wait()
        # First the socket and then the listener: who comes now is cut off, and starts a new server.
        self._place.remove_socket()
        self._listener.close()
        forced = threading.Timer(EXIT_SECONDS + CLOSE_SECONDS_MAX, os._exit, (1,))
        forced.daemon = True
        forced.start()
        deadline.callback(forced.cancel)
        log.info("the server in the background ends")
        for connection in tuple(self._connections):
            connection.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._sessions.close()
        await self._tasks.close()
        return 0

    async def _accept(self) -> None:
        self._listener.setblocking(False)
        loop = asyncio.get_running_loop()
        room = asyncio.Semaphore(WAITING_MAX + EDITORS_MAX)
        while True:
            await room.acquire()
            client, _ = await loop.sock_accept(self._listener)
            task = self._tasks.start(self._serve(client), "an editor")
            task.add_done_callback(lambda _: room.release())

    async def _serve(self, client: socket.socket) -> None:
        """Serves one client, whatever it wants, to its end."""
        with client, contextlib.suppress(OSError):
            client.setblocking(False)
            greeting = await read_greeting(client, self._token)
            answer = self._answer(greeting)
            await welcome(client, answer)
            if greeting is None:
                return
            if answer.again or greeting.wish == "stop":
                self._ended.set()
            elif greeting.wish == "attach" and not answer.problem:
                client.setblocking(True)
                await self._attach(client)

    async def _attach(self, client: socket.socket) -> None:
        stream = ByteStream(receive=client.recv, send=client.sendall)
        connection = Connection(stream, None, self._sessions)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._needed_at = time.monotonic()
            # Both threads of the connection may wait for the socket.
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _answer(self, greeting: Greeting | None) -> Welcome:
        if greeting is None:
            return Welcome(problem="this is not the token of the background server")
        stands = Welcome(
            __version__,
            pid=os.getpid(),
            folders=tuple(sorted({str(one.root) for one in self._sessions.sessions})),
            editors=len(self._connections),
            runs=self._runs,
        )
        if greeting.wish != "attach":
            return stands
        if greeting.version != __version__:
            if not self._connections and not self._runs:
                return Welcome(__version__, "it makes way for another version", again=True)
            return Welcome(
                __version__,
                f"the background server is Holdfast {__version__}, and this is Holdfast "
                f"{greeting.version}; {count_of(self._runs, 'run')} at work and "
                f"{count_of(len(self._connections), 'editor')} "
                "attached there: end it with `holdfast serve --stop`, and start again",
            )
        if len(self._connections) >= EDITORS_MAX:
            return Welcome(
                __version__, f"{EDITORS_MAX} editors are attached already; close one of them"
            )
        return stands

    @property
    def _runs(self) -> int:
        return sum(len(session.runs.active()) for session in self._sessions.sessions)

    async def _end_when_idle(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._connections or self._runs:
                self._needed_at = time.monotonic()
            elif time.monotonic() - self._needed_at > await self._idle_seconds():
                log.info("no editor was attached and no run worked")
                self._ended.set()

    async def _idle_seconds(self) -> float:
        """The setting of the session that was opened last, else the person's own."""
        if self._sessions.idle_timeout_seconds is not None:
            return self._sessions.idle_timeout_seconds
        loaded = await asyncio.to_thread(load, self._place.folder)
        return loaded.settings.background.idle_timeout_seconds
