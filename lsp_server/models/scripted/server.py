"""A real OpenAI-compatible HTTP server on loopback that plays a script.

For tests, demos and benchmarks of anything that speaks to a model over the wire.
As a process: `python -m lsp_server.models.scripted.server SCENARIO.json` writes
one JSON line with its `base_url` to stdout and serves until stdin ends or it is
told to terminate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO, TypeAlias

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.messages import ReasoningDelta, TextDelta, ToolCallDelta
from lsp_server.models.scripted.exchange import Exchange, HttpRequest
from lsp_server.models.scripted.scenario import (
    Drop,
    EndpointBehaviour,
    ErrorInStream,
    HttpError,
    InvalidUtf8,
    Piece,
    Scenario,
    ScriptedAnswer,
    ScriptedReply,
    ScriptPlayer,
    Silence,
    Source,
    Step,
    count_tokens,
    interleave_choices,
    interleaved_tokens,
)

Ending: TypeAlias = Literal["open", "answered", "refused", "dropped", "client gone"]


@dataclass(slots=True)
class LoggedRequest:
    """One request to the server and what became of it.

    `at_seconds` counts from the server's start; `common_bytes` is the longest
    prefix that its body shares with an earlier one. `headers` have no credentials.
    """

    raw: bytes
    headers: Mapping[str, str]
    at_seconds: float
    common_bytes: int
    ending: Ending = "open"

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body, anew each time: a long log would hold every prompt twice."""
        body = json.loads(self.raw)
        if not isinstance(body, dict):
            raise ValueError("the body is no JSON object")  # noqa: TRY004 - the client's mistake
        return body


class ScriptedServer:
    """`async with ScriptedServer(script) as server:` serves at `server.base_url`.

    `script` is a scenario, a list of turns, or a function from a request body to
    a turn; `conduct` says how the endpoint behaves, a scenario brings its own.
    `log` gets each request as a line of JSON once it has ended.
    """

    def __init__(
        self,
        script: Source = (),
        *,
        port: int = 0,
        conduct: EndpointBehaviour | None = None,
        log: TextIO | None = None,
    ) -> None:
        self._script = ScriptPlayer(script)
        own = script if isinstance(script, Scenario) else EndpointBehaviour()
        self._conduct = conduct or own
        self._port = port
        self._log = log
        self._started = time.monotonic()
        self._connections: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._in_flight = 0
        self._calls = 0
        self.connections_seen = 0
        self.requests: list[LoggedRequest] = []
        """The chat requests, in the order in which they came."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def open_connections(self) -> int:
        """Connections that neither side has closed."""
        return len(self._connections)

    async def until(self, holds: Callable[[], bool], *, seconds_max: float = 5.0) -> None:
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

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_seen += 1
        connection = asyncio.create_task(self._serve(Exchange(reader, writer)))
        self._connections.add(connection)
        connection.add_done_callback(self._forget)

    def _forget(self, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        self._changed.set()

    async def _serve(self, exchange: Exchange) -> None:
        """One connection, request after request."""
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
                models = [{"id": name, "object": "model"} for name in self._conduct.models]
                await exchange.answer(200, {"object": "list", "data": models})
            case "POST", "/v1/chat/completions":
                await self._chat(request, exchange)
            case _:
                await exchange.answer(404, _error(f"there is no {request.path}", "not_found"))

    async def _chat(self, request: HttpRequest, exchange: Exchange) -> None:
        logged = LoggedRequest(
            request.body,
            {name: value for name, value in request.headers.items() if name != "authorization"},
            time.monotonic() - self._started,
            _common_prefix(request.body, (each.raw for each in reversed(self.requests))),
        )
        body = logged.body
        self.requests.append(logged)
        self._in_flight += 1
        self._changed.set()
        try:
            logged.ending = await self._reply(body, logged, exchange)
        except ConnectionError:
            logged.ending = "client gone"
            raise
        finally:
            self._in_flight -= 1
            self._changed.set()
            if self._log is not None:
                self._log.write(json.dumps(_log_line(logged)) + "\n")
                self._log.flush()

    async def _reply(
        self, body: dict[str, Any], logged: LoggedRequest, exchange: Exchange
    ) -> Ending:
        if refused := self._refused(body, logged):
            await exchange.answer(*refused)
            return "refused"
        n = body.get("n") or 1
        choices = {"ignore": 1, "fewer": max(1, n - 1)}.get(self._conduct.n, n)
        cue = self._script.cue(body, choices)
        if isinstance(cue.fault, HttpError):
            asked = cue.fault.retry_after
            headers = {} if asked is None else {"Retry-After": str(asked)}
            answer = cue.fault.body or _error("scripted fault", "server_error")
            await exchange.answer(cue.fault.status, answer, headers)
            return "refused"
        if isinstance(cue.fault, Silence) and cue.fault.after_pieces is None:
            await exchange.pause(None)
        await exchange.pause(cue.turn.first_token_seconds)
        usage = _usage(cue, logged)
        if self._conduct.streams and body.get("stream"):
            counts = (body.get("stream_options") or {}).get("include_usage")
            whole = await self._stream(cue, exchange, usage if counts else None)
        else:
            whole = await self._answer_whole(cue, exchange, usage)
        if not whole:
            exchange.close()
            return "dropped"
        self._script.over(cue)
        return "answered"

    def _refused(
        self, body: dict[str, Any], logged: LoggedRequest
    ) -> tuple[int, dict[str, Any]] | None:
        """The status and body for a request that this endpoint does not take."""
        conduct = self._conduct
        if conduct.parallel_max is not None and self._in_flight > conduct.parallel_max:
            return 429, _error("too many requests at once", "rate_limit_exceeded")
        if conduct.n == "refuse" and (body.get("n") or 1) > 1:
            return 400, _error("only n = 1 is supported", "invalid_request_error", "n")
        for name in conduct.refuses:
            if body.get(name):
                text = f"unsupported parameter: '{name}'"
                return 400, _error(text, "invalid_request_error", name)
        prompt_tokens, limit = count_tokens(len(logged.raw)), conduct.prompt_tokens_max
        if limit is not None and prompt_tokens > limit:
            text = f"the maximum context length is {limit} tokens, the prompt has {prompt_tokens}"
            return 400, _error(text, "context_length_exceeded")
        return None

    async def _stream(
        self, cue: ScriptedReply, exchange: Exchange, usage: dict[str, Any] | None
    ) -> bool:
        """Streams the answers side by side; False when a fault cut them off."""
        await exchange.begin_events()
        rate = cue.turn.tokens_per_second
        left = _pieces_before_fault(cue)
        calls = [-1] * len(cue.answers)
        for number in range(len(cue.answers)):
            await self._send(exchange, number, {"role": "assistant", "content": ""})
        for steps in interleave_choices(cue.answers):
            for number, step in enumerate(steps):
                if step is None:
                    continue
                if left == 0 or (left > 0 and isinstance(step, str)):
                    await _play_fault(cue, exchange)
                    return False
                left -= 1
                calls[number] += isinstance(step, ToolCallDelta) and step.name != ""
                await self._send_step(exchange, number, step, calls[number], cue)
            await exchange.pause(interleaved_tokens(steps) / rate if rate else 0)
        if usage is not None:
            await exchange.event(json.dumps(_chunk([], usage=usage)).encode())
        await exchange.event(b"[DONE]")
        await exchange.end_events()
        return True

    async def _send_step(
        self, exchange: Exchange, number: int, step: Step, call: int, cue: ScriptedReply
    ) -> None:
        """A step of choice `number`, which is at its call number `call`."""
        if isinstance(step, str):
            return await self._send(exchange, number, {}, finish=step)
        spoil = isinstance(cue.fault, InvalidUtf8) and isinstance(step, TextDelta)
        return await self._send(exchange, number, self._delta(step, call), spoil=spoil)

    async def _send(
        self,
        exchange: Exchange,
        number: int,
        delta: dict[str, Any],
        *,
        finish: str | None = None,
        spoil: bool = False,
    ) -> None:
        choice = {"index": number, "delta": delta, "finish_reason": finish}
        data = json.dumps(_chunk([choice]), ensure_ascii=False).encode("utf-8", "replace")
        await exchange.event(
            data.replace(b'"content": "', b'"content": "\xff\xfe') if spoil else data
        )

    def _delta(self, piece: Piece, index: int) -> dict[str, Any]:
        match piece:
            case TextDelta(text):
                return {"content": text}
            case ReasoningDelta(text):
                return {"reasoning_content": text}
            case ToolCallDelta(name, arguments):
                function = {"arguments": arguments}
                call: dict[str, Any] = {"index": index, "function": function}
                if name:
                    self._calls += 1
                    call |= {"id": f"call_{self._calls}", "type": "function"}
                    function["name"] = name
                return {"tool_calls": [call]}

    async def _answer_whole(
        self, cue: ScriptedReply, exchange: Exchange, usage: dict[str, Any]
    ) -> bool:
        if isinstance(cue.fault, Drop | ErrorInStream):
            return False
        choices = []
        for number, answer in enumerate(cue.answers):
            message = self._message(answer)
            choices.append({"index": number, "message": message, "finish_reason": answer.finish})
        await exchange.answer(200, _chunk(choices, usage=usage))
        return True

    def _message(self, answer: ScriptedAnswer) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        calls = []
        for call in answer.tool_calls:
            self._calls += 1
            function = {"name": call.name, "arguments": call.arguments_json}
            calls.append({"id": f"call_{self._calls}", "type": "function", "function": function})
        return {**message, "tool_calls": calls} if calls else message


def _pieces_before_fault(cue: ScriptedReply) -> int:
    """How many pieces a fault lets through; -1: all of them."""
    match cue.fault:
        case Drop(after_pieces=int(due)) | Silence(after_pieces=int(due)):
            return due
        case ErrorInStream(after_pieces=due):
            return due
        case _:
            return -1


async def _play_fault(cue: ScriptedReply, exchange: Exchange) -> None:
    """What comes instead of the rest of the answer."""
    match cue.fault:
        case Silence():
            await exchange.pause(None)
        case ErrorInStream(error=error):
            await exchange.event(json.dumps({"error": error}).encode())
        case _:
            pass


def _chunk(choices: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "model": "scripted", "choices": choices, **more}


def _usage(cue: ScriptedReply, logged: LoggedRequest) -> dict[str, Any]:
    written = sum(answer.size_bytes for answer in cue.answers)
    return {
        "prompt_tokens": count_tokens(len(logged.raw)),
        "completion_tokens": count_tokens(written),
        "total_tokens": count_tokens(len(logged.raw)) + count_tokens(written),
        "prompt_tokens_details": {"cached_tokens": count_tokens(logged.common_bytes)},
    }


def _error(message: str, code: str, parameter: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": code, "code": code, "param": parameter}}


def _common_prefix(body: bytes, earlier: Iterable[bytes]) -> int:
    """The longest prefix that the body shares with an earlier one, quickest newest first."""
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


async def _main(scenario: Scenario, port: int, log: TextIO | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with ScriptedServer(scenario, port=port, log=log) as server:
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


def main() -> int:
    """Runs the server as a process; 2 when the scenario cannot be read."""
    parser = argparse.ArgumentParser(description="Serve a scripted model over HTTP.")
    parser.add_argument("scenario", type=Path, help="a JSON file of turns")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--log", type=Path, help="file that gets each request as a line of JSON")
    arguments = parser.parse_args()
    try:
        scenario = Scenario.load(arguments.scenario)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if arguments.log is None:
        asyncio.run(_main(scenario, arguments.port, None))
    else:
        with arguments.log.open("a", encoding="utf-8") as log:
            asyncio.run(_main(scenario, arguments.port, log))
    return 0


if __name__ == "__main__":
    sys.exit(main())
