"""This module serves a script over HTTP on loopback, as an OpenAI-compatible endpoint or Anthropic's.

For tests, demos and benchmarks of anything that speaks to a model over the wire.
As a process: `python -m lsp_server.models.scripted.server SCENARIO.json` writes
one JSON line with its `base_url` to stdout and serves until stdin ends or it is
asked to terminate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, TypeAlias

from lsp_server.domain.errors import ConfigurationError
from lsp_server.models.scripted.endpoint import (
    CHAT_PATH,
    FORMS,
    LoggedRequest,
    ScriptedEndpoint,
    error_value,
)
from lsp_server.models.scripted.exchange import Exchange, HttpRequest
from lsp_server.models.scripted.scenario import EndpointBehaviour, Scenario, Source
from lsp_server.models.scripted.script_player import ScriptPlayer

CREDENTIALS = frozenset({"authorization", "x-api-key"})


class ScriptedServer:
    """Serves at `base_url` for as long as an `async with` block runs.

    `source` is a scenario, a list of turns, or a function from a request body to
    a turn; `behaviour` is the endpoint's, a scenario brings its own. `log` gets
    each request as a line of JSON once it has ended.

    >>> from lsp_server.models.scripted.scenario import ScriptedTurn
    >>> async def example() -> int:
    ...     async with ScriptedServer([ScriptedTurn(text="Hello.")]) as server:
    ...         assert server.base_url.startswith("http://127.0.0.1:")
    ...         return len(server.requests)
    >>> asyncio.run(example())
    0
    """

    def __init__(
        self,
        source: Source = (),
        *,
        port: int = 0,
        behaviour: EndpointBehaviour | None = None,
        log: TextIO | None = None,
    ) -> None:
        own = source if isinstance(source, Scenario) else EndpointBehaviour()
        self._endpoint = self._open_endpoint(source, behaviour or own)
        self._port = port
        self._log = log
        self._started = time.monotonic()
        self._connections: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.connections_seen = 0
        self.requests: list[LoggedRequest] = []
        """The requests to the model, in the order in which they came."""

    @property
    def base_url(self) -> str:
        """Returns the value for `model.base_url`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def open_connections(self) -> int:
        """Returns the number of connections that neither side has closed."""
        return len(self._connections)

    async def wait_until(self, holds: Callable[[], bool], *, seconds_max: float = 5.0) -> None:
        """Waits for something about this server to hold. Raises TimeoutError."""
        async with asyncio.timeout(seconds_max):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _open_endpoint(self, source: Source, behaviour: EndpointBehaviour) -> ScriptedEndpoint:
        return ScriptedEndpoint(ScriptPlayer(source), behaviour)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_seen += 1
        connection = asyncio.create_task(self._serve(Exchange(reader, writer)))
        self._connections.add(connection)
        connection.add_done_callback(self._forget)

    def _forget(self, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        self._changed.set()

    async def _serve(self, exchange: Exchange) -> None:
        """Answers the requests of one connection, one after the other."""
        try:
            while request := await exchange.request():
                await self._route(request, exchange)
        except (ConnectionError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            pass  # the client's doing; it sees the connection close
        finally:
            exchange.close()

    async def _route(self, request: HttpRequest, exchange: Exchange) -> None:
        match request.method, request.path:
            case "GET", "/v1/models":
                models = [{"id": name, "object": "model"} for name in self._endpoint.models]
                await exchange.answer(200, {"object": "list", "data": models})
            case "POST", path if path == CHAT_PATH or path in FORMS:
                await self._play(request, exchange)
            case _:
                await exchange.answer(404, error_value(f"there is no {request.path}", "not_found"))

    async def _play(self, request: HttpRequest, exchange: Exchange) -> None:
        form = FORMS.get(request.path)
        prompt = request.body if form is None else form.prompt(request.body)
        logged = LoggedRequest(
            request.body,
            {name: each for name, each in request.headers.items() if name not in CREDENTIALS},
            time.monotonic() - self._started,
            _common_prefix(prompt, (each.prompt for each in reversed(self.requests))),
            path=request.path,
            prompt=prompt,
        )
        # What is no JSON object is not logged: nobody could read its body.
        _ = logged.body
        self.requests.append(logged)
        self._changed.set()
        try:
            logged.ending = await self._endpoint.respond(logged, exchange)
        except ConnectionError:
            logged.ending = "client gone"
            raise
        finally:
            self._changed.set()
            if self._log is not None:
                self._log.write(json.dumps(_log_line(logged)) + "\n")
                self._log.flush()


def _common_prefix(body: bytes, earlier: Iterable[bytes]) -> int:
    """The length of the longest prefix that the body shares with an earlier one.

    A long log is quick when the newest come first: an older one is looked at only
    if it shares more than the best so far.
    """
    best = 0
    for other in earlier:
        if len(other) <= best or not body.startswith(other[: best + 1]):
            continue
        low, high = best + 1, min(len(body), len(other))
        while low < high:
            middle = (low + high + 1) // 2
            same = body[low:middle] == other[low:middle]
            low, high = (middle, high) if same else (low, middle - 1)
        best = low
    return best


def _log_line(logged: LoggedRequest) -> dict[str, Any]:
    return {
        "at_seconds": logged.at_seconds,
        "ending": logged.ending,
        "bytes": len(logged.raw),
        "common_bytes": logged.common_bytes,
        "headers": dict(logged.headers),
        "body": logged.body,
    }


OpenServer: TypeAlias = Callable[[Path, int, TextIO | None], ScriptedServer]
"""Makes a server of a scenario file, a port and a log. Raises ConfigurationError."""


def _open_server(scenario: Path, port: int, log: TextIO | None) -> ScriptedServer:
    return ScriptedServer(Scenario.load(scenario), port=port, log=log)


def main(open_server: OpenServer = _open_server) -> int:
    """Runs a server as a process; 2 when the scenario cannot be read."""
    parser = argparse.ArgumentParser(description="Serve a scripted model over HTTP.")
    parser.add_argument("scenario", type=Path, help="a JSON file of turns")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--log", type=Path, help="file that gets each request as a line of JSON")
    arguments = parser.parse_args()
    log = arguments.log.open("a", encoding="utf-8") if arguments.log else None
    try:
        asyncio.run(_serve(open_server(arguments.scenario, arguments.port, log)))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        if log is not None:
            log.close()
    return 0


async def _serve(server: ScriptedServer) -> None:
    """Serves until stdin ends or a signal comes."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with server:
        sys.stdout.write(json.dumps({"base_url": server.base_url}) + "\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as group:
            stdin_ends = group.create_task(_read_to_end(reader))
            stdin_ends.add_done_callback(lambda _: stop.set())
            await stop.wait()
            stdin_ends.cancel()


async def _read_to_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass


if __name__ == "__main__":
    sys.exit(main())
