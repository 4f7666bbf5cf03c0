"""This module answers requests from a script, as an OpenAI-compatible endpoint or Anthropic's would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from lsp_server.domain.messages import ReasoningDelta, TextDelta, ToolCallDelta
from lsp_server.models.scripted.exchange import Exchange
from lsp_server.models.scripted.messages_form import MessagesForm
from lsp_server.models.scripted.responses_form import ResponsesForm
from lsp_server.models.scripted.scenario import EndpointBehaviour, Piece, ScriptedAnswer
from lsp_server.models.scripted.script_player import (
    ScriptedReply,
    ScriptPlayer,
    Step,
    count_tokens,
    interleave_choices,
    round_tokens,
)
from lsp_server.models.scripted.vendor_checks import refusal
from lsp_server.models.scripted.wire_checks import IGNORED
from lsp_server.models.scripted.wire_form import Counts, WireForm

CHAT_PATH = "/v1/chat/completions"
FORMS: Mapping[str, WireForm] = MappingProxyType(
    {"/v1/messages": MessagesForm(), "/v1/responses": ResponsesForm()}
)
"""The forms of the wires beside chat completions, by their resources."""

Ending: TypeAlias = Literal["open", "answered", "refused", "dropped", "client gone"]


@dataclass(slots=True)
class LoggedRequest:
    """A `LoggedRequest` is one request to the endpoint, and says what became of it.

    `at_seconds` counts from the server's start; `common_bytes` is the longest
    prefix that its `prompt` shares with an earlier one. `headers` have no credentials.
    """

    raw: bytes
    headers: Mapping[str, str]
    at_seconds: float
    common_bytes: int
    ending: Ending = "open"
    path: str = CHAT_PATH
    prompt: bytes = b""
    """The body without what says only where to cache it."""

    @property
    def body(self) -> dict[str, Any]:
        """Returns the parsed body, anew each time: a long log would hold every prompt twice."""
        body = json.loads(self.raw)
        if not isinstance(body, dict):
            raise ValueError("the body is no JSON object")  # noqa: TRY004 - the client's mistake
        return body

    @property
    def form(self) -> WireForm | None:
        """Returns the form of the request's wire; None for chat completions."""
        return FORMS.get(self.path)


class ScriptedEndpoint:
    """Plays a script to requests of any wire. Tests derive one that fails."""

    def __init__(self, player: ScriptPlayer, behaviour: EndpointBehaviour) -> None:
        self._player = player
        self._behaviour = behaviour
        self._calls = 0

    @property
    def models(self) -> tuple[str, ...]:
        """Returns the names of the models that it lists."""
        return self._behaviour.models

    async def respond(self, request: LoggedRequest, exchange: Exchange) -> Ending:
        """Answers one request; returns how that ended. Raises ConnectionError."""
        body, form = request.body, request.form
        vendor = self._behaviour.vendor
        if vendor is not None and (refused := refusal(vendor, body, request.path)) is not None:
            await exchange.answer(*refused)
            return "refused"
        n = body.get("n") or 1 if form is None else 1
        if n > 1 and self._behaviour.n == "refuse":
            error = error_value("only n = 1 is supported", "invalid_request_error", "n")
            await exchange.answer(400, error)
            return "refused"
        choices = {"ignore": 1, "fewer": max(1, n - 1)}.get(self._behaviour.n, n)
        chat_body = body if form is None else form.chat_body(self._understood(form, request))
        reply = self._player.next_reply(chat_body, choices)
        ending = await self._play(reply, request, exchange)
        if ending == "answered":
            self._player.finish(reply)
        return ending

    async def _play(
        self, reply: ScriptedReply, request: LoggedRequest, exchange: Exchange
    ) -> Ending:
        await exchange.pause(reply.turn.first_token_seconds)
        body, usage = request.body, _usage(reply, request)
        if request.form is not None:
            await self._play_form(request.form, reply, request, exchange)
        elif self._streams(body):
            wants_usage = (body.get("stream_options") or {}).get("include_usage")
            await self._stream(reply, exchange, usage if wants_usage else None)
        else:
            await self._answer_whole(reply, exchange, usage)
        return "answered"

    async def _play_form(
        self, form: WireForm, reply: ScriptedReply, request: LoggedRequest, exchange: Exchange
    ) -> None:
        """Answers in the form of another wire."""
        answer, body = reply.answers[0], self._understood(form, request)
        counts = _counts(reply, request)
        if not self._streams(body):
            await exchange.answer(200, form.whole(answer, counts, self._call_id, body))
            return
        await exchange.begin_events()
        rate = reply.turn.tokens_per_second
        for event in form.events(answer, counts, self._call_id, body):
            data = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
            await exchange.event(data, event["type"])
            size = len(json.dumps(event.get("delta") or ""))
            await exchange.pause(count_tokens(size) / rate if rate else 0)
        await exchange.end_events()

    def _understood(self, form: WireForm, request: LoggedRequest) -> Mapping[str, Any]:
        """A request without what the vendor takes no notice of."""
        ignored = IGNORED.get(request.path, {}).get(self._behaviour.vendor or "", frozenset())
        body = json.loads(form.prompt(request.raw)) if "cache_control" in ignored else request.body
        return {key: each for key, each in body.items() if key not in ignored}

    def _streams(self, body: Mapping[str, Any]) -> bool:
        return bool(body.get("stream"))

    async def _stream(
        self, reply: ScriptedReply, exchange: Exchange, usage: dict[str, Any] | None
    ) -> None:
        """Streams the answers side by side."""
        await exchange.begin_events()
        rate = reply.turn.tokens_per_second
        calls = [-1] * len(reply.answers)
        for number in range(len(reply.answers)):
            await _send(exchange, number, {"role": "assistant", "content": ""})
        for steps in interleave_choices(reply.answers):
            for number, step in enumerate(steps):
                calls[number] += isinstance(step, ToolCallDelta) and step.name != ""
                if isinstance(step, str) and (delta := reply.answers[number].vendor_delta):
                    await _send(exchange, number, delta)
                await self._send_step(exchange, number, step, calls[number])
            await exchange.pause(round_tokens(steps) / rate if rate else 0)
        if usage is not None:
            await exchange.event(json.dumps(_chunk([], usage=usage)).encode())
        await exchange.event(b"[DONE]")
        await exchange.end_events()

    async def _send_step(
        self, exchange: Exchange, number: int, step: Step | None, call: int
    ) -> None:
        """Sends a step of choice `number`, which is at its call number `call`."""
        if isinstance(step, str):
            await _send(exchange, number, {}, finish=step)
        elif step is not None:
            await _send(exchange, number, self._delta(step, call))

    def _delta(self, piece: Piece, call: int) -> dict[str, Any]:
        match piece:
            case TextDelta(text):
                return {"content": text}
            case ReasoningDelta(text):
                return {"reasoning_content": text}
            case ToolCallDelta(name, arguments):
                function = {"arguments": arguments}
                value: dict[str, Any] = {"index": call, "function": function}
                if name:
                    value |= {"id": self._call_id(), "type": "function"}
                    function["name"] = name
                return {"tool_calls": [value]}

    async def _answer_whole(
        self, reply: ScriptedReply, exchange: Exchange, usage: dict[str, Any]
    ) -> None:
        choices = [
            {"index": number, "message": self._message(answer), "finish_reason": answer.finish}
            for number, answer in enumerate(reply.answers)
        ]
        await exchange.answer(200, _chunk(choices, usage=usage))

    def _message(self, answer: ScriptedAnswer) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        message |= answer.vendor_fields
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        calls = [
            {
                "id": self._call_id(),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments_json},
                **call.vendor_fields,
            }
            for call in answer.tool_calls
        ]
        return {**message, "tool_calls": calls} if calls else message

    def _call_id(self) -> str:
        self._calls += 1
        return f"call_{self._calls}"


def error_value(message: str, code: str, parameter: str | None = None) -> dict[str, Any]:
    """Returns an error as the API writes it."""
    return {"error": {"message": message, "type": code, "code": code, "param": parameter}}


async def _send(
    exchange: Exchange, number: int, delta: dict[str, Any], *, finish: str | None = None
) -> None:
    choice = {"index": number, "delta": delta, "finish_reason": finish}
    text = json.dumps(_chunk([choice]), ensure_ascii=False)
    await exchange.event(text.encode("utf-8", "replace"))


def _chunk(choices: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "model": "scripted", "choices": choices, **more}


def _usage(reply: ScriptedReply, request: LoggedRequest) -> dict[str, Any]:
    counts = _counts(reply, request)
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.answer,
        "total_tokens": counts.prompt + counts.answer,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
    }


def _counts(reply: ScriptedReply, request: LoggedRequest) -> Counts:
    answer_bytes = sum(answer.size_bytes for answer in reply.answers)
    return Counts(
        count_tokens(len(request.raw)),
        count_tokens(request.common_bytes),
        count_tokens(answer_bytes),
    )
