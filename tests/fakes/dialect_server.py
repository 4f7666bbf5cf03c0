"""A server that answers a probe as one vendor's would: what it takes, ignores and refuses, in its words."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from lsp_server.models.scripted.endpoint import CHAT_PATH, FORMS
from lsp_server.models.scripted.exchange import Exchange, HttpRequest
from lsp_server.models.scripted.scenario import ScriptedAnswer, ScriptedCall
from lsp_server.models.scripted.wire_form import Counts
from lsp_server.settings.sections import Wire

Body: TypeAlias = Mapping[str, Any]
Refusal: TypeAlias = tuple[int, Any]
"""A status and what it comes with."""
Taken: TypeAlias = Literal["yes", "ignored"]

PIECES = 12
PATHS: Mapping[Wire, str] = MappingProxyType(
    {"chat": CHAT_PATH, "messages": "/v1/messages", "responses": "/v1/responses"}
)


@dataclass(frozen=True, slots=True)
class ServedDialect:
    """What one vendor's server does. `window` is in tokens, and a word is one."""

    model: str
    wire: Wire = "chat"
    listed: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Refusal] = field(default_factory=dict)
    """What is said to an empty request, by path; anything else is `nowhere`."""
    nowhere: Refusal = (404, {"detail": "Not Found"})
    n: Taken | Refusal = "yes"
    calls: int | Refusal = 2
    tool_choice: Taken | Refusal = "yes"
    json_schema: Taken | Refusal = "yes"
    json_object: Taken | Refusal = "yes"
    images: str | Refusal = "Red."
    temperature: Refusal | None = None
    reasoning: Mapping[str, Any] = field(default_factory=dict)
    cached: Callable[[int], Mapping[str, Any]] = lambda tokens: {}
    usage: bool = True
    window: int = 32_768
    overflow: Refusal | None = None
    """None cuts the prompt in silence."""
    answer_tokens_max: int | None = None
    too_long_answer: Refusal = (400, {})
    headers: Mapping[str, str] = field(default_factory=dict)


class DialectServer:
    """Serves one dialect. `bodies` are all requests that were answered, `answers_max` at most: then it ends."""

    def __init__(self, dialect: ServedDialect, answers_max: int | None = None) -> None:
        self._dialect = dialect
        self._answers_max = answers_max
        self._seen = set[bytes]()
        self.bodies: list[Body] = []
        self.base_url = ""
        self._end: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[DialectServer]:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(self._serve(Exchange(reader, writer))))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._end = server.close
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, exchange: Exchange) -> None:
        try:
            while request := await exchange.request():
                await self._route(request, exchange)
                if len(self.bodies) == self._answers_max:
                    break
        except ConnectionError:
            pass  # the client cancelled
        finally:
            exchange.close()

    async def _route(self, request: HttpRequest, exchange: Exchange) -> None:
        dialect, path = self._dialect, request.path.removeprefix("/v1/")
        if request.method == "GET" and path == "models":
            entries = [{"id": dialect.model, "object": "model", **dialect.listed}]
            await exchange.answer(200, {"object": "list", "data": entries})
        elif request.path == PATHS[dialect.wire]:
            asked = self._asked(request.body)
            if (refused := self._refusal(asked)) is not None:
                await exchange.answer(*refused, dialect.headers)
            else:
                self.bodies.append(asked.body)
                await self._answer(asked, exchange)
                if len(self.bodies) == self._answers_max:
                    self._end()
        else:
            await exchange.answer(*dialect.places.get(path, dialect.nowhere))

    def _asked(self, raw: bytes) -> _Asked:
        body, form = json.loads(raw), FORMS.get(PATHS[self._dialect.wire])
        return _Asked(raw, body, form.chat_body(body) if form is not None else body)

    def _refusal(self, asked: _Asked) -> Refusal | None:
        """What the vendor says to a request that it does not take."""
        dialect = self._dialect
        wishes: list[tuple[object, bool]] = [
            (dialect.calls, asked.has_tools),
            (dialect.n, asked.n > 1),
            (dialect.tool_choice, asked.forced),
            (dialect.json_schema, asked.form == "json_schema"),
            (dialect.json_object, asked.form == "json_object"),
            (dialect.temperature, "temperature" in asked.body),
            (dialect.images, asked.has_image),
        ]
        for what, wished in wishes:
            if wished and isinstance(what, tuple):
                return what[0], what[1]
        if dialect.answer_tokens_max is not None and asked.tokens > dialect.answer_tokens_max:
            return dialect.too_long_answer
        return dialect.overflow if asked.words > dialect.window else None

    async def _answer(self, asked: _Asked, exchange: Exchange) -> None:
        await exchange.begin_events()
        for event in self._events(asked):
            await exchange.event(json.dumps(event).encode(), str(event.get("type", "")))
        if self._dialect.wire == "chat":
            await exchange.event(b"[DONE]")
        await exchange.end_events()

    def _events(self, asked: _Asked) -> Iterator[Body]:
        form = FORMS.get(PATHS[self._dialect.wire])
        answers = [self._scripted(asked, number) for number in range(self._choices(asked))]
        counts = self._counts(asked)
        if form is None:
            yield from self._chunks(answers, counts)
        else:
            numbers = count(1)
            yield from form.events(answers[0], counts, lambda: f"call_{next(numbers)}", asked.body)

    def _chunks(self, answers: list[ScriptedAnswer], counts: Counts) -> Iterator[Body]:
        for number, answer in enumerate(answers):
            for delta in _deltas(answer, self._dialect.reasoning):
                yield {"choices": [{"index": number, "delta": delta}]}
        for number, answer in enumerate(answers):
            yield {"choices": [{"index": number, "delta": {}, "finish_reason": answer.finish}]}
        if self._dialect.usage:
            counted = {"prompt_tokens": counts.prompt, "completion_tokens": counts.answer}
            yield {"choices": [], "usage": counted | dict(self._dialect.cached(counts.cached))}

    def _choices(self, asked: _Asked) -> int:
        return asked.n if self._dialect.n == "yes" else 1

    def _counts(self, asked: _Asked) -> Counts:
        tokens = min(asked.words, self._dialect.window)
        seen = asked.raw in self._seen
        self._seen.add(asked.raw)
        return Counts(tokens, tokens if seen else 0, PIECES)

    def _scripted(self, asked: _Asked, number: int) -> ScriptedAnswer:
        calls = self._calls(asked)
        return ScriptedAnswer(
            text="" if calls else self._text(asked, number),
            reasoning="Hm." if self._dialect.reasoning else "",
            tool_calls=tuple(
                ScriptedCall(name="weather", arguments={"city": city})
                for city in ("Paris", "Rome")[:calls]
            ),
        )

    def _calls(self, asked: _Asked) -> int:
        if not asked.has_tools or asked.form == "json_schema":
            return 0
        if asked.forced:
            return 1 if self._dialect.tool_choice == "yes" else 0
        return self._dialect.calls if isinstance(self._dialect.calls, int) else 0

    def _text(self, asked: _Asked, number: int) -> str:
        dialect = self._dialect
        if asked.form == "json_schema" and dialect.json_schema == "yes":
            return '{"verdict": "met"}'
        if asked.form == "json_object" and dialect.json_object == "yes":
            return '{"colour": "white"}'
        if asked.has_image:
            return str(dialect.images)
        if b"verdict" in asked.raw:  # asked for in words
            return '{"verdict": "met"}'
        return " ".join(f"{number}.{word}" for word in range(PIECES))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, whatever its wire."""

    raw: bytes
    body: Body
    chat: Body

    @property
    def has_tools(self) -> bool:
        return bool(self.chat.get("tools"))

    @property
    def n(self) -> int:
        return int(self.body.get("n", 1))

    @property
    def forced(self) -> bool:
        return self.body.get("tool_choice") in ("required", {"type": "any"})

    @property
    def form(self) -> str | None:
        """The form that the answer has to have; Anthropic's wire asks for a schema by a tool."""
        match self.body:
            case {"response_format": {"type": str(kind)}} | {
                "text": {"format": {"type": str(kind)}}
            }:
                return kind
            case {"tool_choice": {"type": "tool"}}:
                return "json_schema"
            case _:
                return None

    @property
    def tokens(self) -> int:
        keys = ("max_completion_tokens", "max_tokens", "max_output_tokens")
        return max(int(self.body.get(key) or 0) for key in keys)

    @property
    def words(self) -> int:
        return sum(len(str(message.get("content")).split()) for message in self.chat["messages"])

    @property
    def has_image(self) -> bool:
        return any(
            mark in self.raw for mark in (b'"image_url"', b'"input_image"', b'"type":"image"')
        )


def _deltas(answer: ScriptedAnswer, reasoning: Body) -> Iterator[Body]:
    if reasoning:
        yield reasoning
    for place, call in enumerate(answer.tool_calls):
        function = {"name": call.name, "arguments": call.arguments_json}
        yield {
            "tool_calls": [
                {"index": place, "id": f"call_{place}", "type": "function", "function": function}
            ]
        }
    for word in re.findall(r"\S+\s*", answer.text):
        yield {"content": word}
