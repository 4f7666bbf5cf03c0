"""This module builds a Response from the pieces of an answer, streamed or whole.

Streamed pieces (`choices[].delta`) and whole answers (`choices[].message`) have
one shape, so a whole answer is one large piece. Fields that are missing or have
an odd form are read as kindly as can be done without guessing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from lsp_server.domain.errors import ModelMisbehaved, ModelUnavailable
from lsp_server.domain.messages import (
    Choice,
    Listener,
    Message,
    ReasoningDelta,
    Response,
    StopReason,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models import vendor_fields
from lsp_server.models.arguments_text import whole_arguments
from lsp_server.models.dialect import ReasoningKey
from lsp_server.models.surrogates import Joining, joined, without_lone_escapes
from lsp_server.models.thinking_tags import Kind, ThinkingTags, without_late_thought

BYTES_PER_TOKEN = 4
"""The estimate for an endpoint that does not count: about 10 % high for code."""


class ResponseBuilder:
    """Collects one answer and calls `listen` with each piece.

    `tools` are those that the request offered: names and arguments are read in their light.
    """

    def __init__(self, listen: Listener, tools: Sequence[ToolSpec] = ()) -> None:
        self._listen = listen
        self._tools = {tool.name: tool for tool in tools}
        self._choices: dict[int, _Answer] = {}
        self._usage: Usage | None = None
        self.reasoning_key: ReasoningKey | None = None
        """The key under which the endpoint gave reasoning; None as long as it gave none."""
        self.ended = False
        """Never known before the stream's own end."""
        self.odd: dict[str, object] | None = None
        """The last piece that had no choices where some were due."""

    @property
    def has_choices(self) -> bool:
        """Returns whether the endpoint began any answer."""
        return bool(self._choices)

    @property
    def complete(self) -> bool:
        """Returns whether the endpoint has finished every choice that it began."""
        return bool(self._choices) and all(each.finish for each in self._choices.values())

    def add(self, piece: dict[str, object]) -> None:
        """Takes a piece of a stream, or a whole answer."""
        self._count(piece.get("usage"))
        if not piece.get("choices"):
            self.odd = piece
        for choice in _dicts(piece.get("choices")):
            number = _integer(choice.get("index"))
            answer = self._choices.setdefault(number, _Answer(self._tools))
            if isinstance(content := choice.get("delta"), dict):
                self._take(number, answer, content)
            if isinstance(content := choice.get("message"), dict):
                self._take(number, answer, _with_numbered_calls(content))
            if isinstance(finish := choice.get("finish_reason"), str) and finish:
                answer.finish = finish
            self._count(choice.get("usage"))

    def response(self, *, prompt_bytes: int) -> Response:
        """Builds the answer; of several choices `usage` counts the first one's share.

        Raises ModelMisbehaved when there is no choice, ModelUnavailable when the
        endpoint says that it failed.
        """
        if not self._choices:
            raise ModelMisbehaved("the model's answer has no choices; ask again")
        for answer in self._choices.values():
            if answer.finish in _FAILED:
                raise ModelUnavailable(f"the endpoint gave up its answer ({answer.finish})")
        for number, answer in self._choices.items():
            for kind, part in (*answer.tags.take(answer.joining.end()), *answer.tags.end()):
                self._hear(number, answer, kind, part)
        ordered = [self._choices[number] for number in sorted(self._choices)]
        sizes = [answer.size_bytes for answer in ordered]
        billed = self._usage or Usage(
            prompt_bytes // BYTES_PER_TOKEN, 0, sum(sizes) // BYTES_PER_TOKEN
        )
        share = sizes[0] / sum(sizes) if sum(sizes) else 1.0
        completion, reasoning = billed.completion_tokens * share, billed.reasoning_tokens * share
        usage = replace(
            billed, completion_tokens=round(completion), reasoning_tokens=round(reasoning)
        )
        return Response(tuple(answer.choice() for answer in ordered), usage, billed)

    def _take(self, number: int, answer: _Answer, content: dict[str, object]) -> None:
        answer.vendor_fields = vendor_fields.grown(
            answer.vendor_fields, vendor_fields.of_message(content)
        )
        for piece in self._reasoning(content):
            if reasoning := answer.reasoning.add(piece):
                self._listen(ReasoningDelta(reasoning, number))
        for piece in (*_texts(content.get("content"), "text"), _string(content.get("refusal"))):
            for kind, part in answer.tags.take(answer.joining.take(piece)):
                self._hear(number, answer, kind, part)
        for each in _dicts(content.get("tool_calls")):
            call, name, piece = answer.take_call(each)
            arguments = call.arguments.add(piece)
            call.vendor_fields = vendor_fields.grown(
                call.vendor_fields, vendor_fields.of_call(each)
            )
            if name or arguments:
                self._listen(ToolCallDelta(name, arguments, number))

    def _hear(self, number: int, answer: _Answer, kind: Kind, part: str) -> None:
        if kind == "text":
            answer.text.append(part)
            self._listen(TextDelta(part, number))
        elif reasoning := answer.reasoning.add(part):
            self._listen(ReasoningDelta(reasoning, number))

    def _reasoning(self, content: dict[str, object]) -> Iterator[str]:
        """The reasoning under one of the two keys: some endpoints give the same text under both."""
        keys: tuple[ReasoningKey, ...] = ("reasoning_content", "reasoning")
        for key in keys:
            if text := _string(content.get(key)):
                self.reasoning_key = key
                yield text
                return
        yield from _texts(content.get("content"), "thinking")

    def _count(self, value: object) -> None:
        # The last usage counts: some endpoints send it in each piece.
        if isinstance(value, dict) and (usage := _usage(value)).total_tokens:
            self._usage = usage


@dataclass(slots=True)
class _Text:
    """A text that grows, without halves of surrogate pairs."""

    pieces: list[str] = field(default_factory=list)
    joining: Joining = field(default_factory=Joining)

    def add(self, piece: str) -> str:
        """What of it is certain by now."""
        text = self.joining.take(piece)
        self.pieces.append(text)
        return text

    def whole(self) -> str:
        return "".join(self.texts())

    def texts(self) -> list[str]:
        """The pieces, once no more come."""
        return [*self.pieces, self.joining.end()]


@dataclass(slots=True)
class _Call:
    """A tool call that grows. `index` is the endpoint's, None where it gives none."""

    index: int | None
    id: str = ""
    name: str = ""
    arguments: _Text = field(default_factory=_Text)
    vendor_fields: dict[str, Any] = field(default_factory=dict)

    def is_followed_by(self, id_: str, name: str, arguments: str, tools: Collection[str]) -> bool:
        """Returns whether a piece at the same index begins another call.

        Ollama and Gemini have numbered every call 0, others number none, and
        some repeat the name in each piece.
        """
        if not (name and self.name):
            return False
        if id_ and self.id:
            return id_ != self.id
        if not any(self.arguments.pieces) and _grown_name(self.name, name, tools):
            return False
        return name != self.name or bool(arguments and _is_json("".join(self.arguments.pieces)))


@dataclass(slots=True)
class _Answer:
    """One choice that grows; `tools` are those that the request offered, by name."""

    tools: Mapping[str, ToolSpec]
    text: list[str] = field(default_factory=list)
    tags: ThinkingTags = field(default_factory=ThinkingTags)
    joining: Joining = field(default_factory=Joining)
    reasoning: _Text = field(default_factory=_Text)
    calls: list[_Call] = field(default_factory=list)
    finish: str = ""
    vendor_fields: dict[str, Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        calls = (piece for call in self.calls for piece in (call.name, *call.arguments.pieces))
        pieces = (*self.text, *self.reasoning.pieces, *calls)
        return sum(len(piece.encode()) for piece in pieces)

    def take_call(self, piece: dict[str, object]) -> tuple[_Call, str, str]:
        """The call that a piece belongs to, its name if it is news, and its arguments."""
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        id_, name = joined(_string(piece.get("id"))), joined(_string(function.get("name")))
        arguments = function.get("arguments")
        if arguments is None:
            arguments = ""
        elif not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)  # Ollama's own form
        index = piece.get("index")
        call = self._call(index if isinstance(index, int) else None, id_, name, arguments)
        call.id = call.id or id_
        if call.name and name and (grown := _grown_name(call.name, name, self.tools)):
            call.name = grown
            return call, "", arguments
        news = "" if call.name else name
        call.name = call.name or name
        return call, news, arguments

    def choice(self) -> Choice:
        """The finished choice. A call without name and arguments is left out."""
        used: set[str] = set()
        calls = tuple(
            self._finished(call, used) for call in self.calls if call.name or call.arguments.pieces
        )
        stop_reason = _STOP_REASONS.get(self.finish, "stop")
        if calls and stop_reason == "stop":
            stop_reason = "tool_calls"
        thought, text = without_late_thought("".join(self.text))
        message = Message(
            "assistant",
            text,
            self.reasoning.whole() + thought,
            calls,
            vendor_fields=vendor_fields.written(self.vendor_fields),
        )
        return Choice(message, stop_reason)

    def _finished(self, call: _Call, used: set[str]) -> ToolCall:
        # `functions.read` and `default_api:read` are how some models say `read`.
        name = call.name if call.name in self.tools else re.split(r"[.:/]", call.name)[-1]
        name = name if name in self.tools else call.name
        arguments = without_lone_escapes(whole_arguments(call.arguments.texts()))
        tool = self.tools.get(name)
        if arguments.strip() in ("", "null") and tool and not tool.parameters.get("required"):
            arguments = "{}"
        written = vendor_fields.written(call.vendor_fields)
        return ToolCall(_unused_id(call.id, used), name, arguments, written)

    def _call(self, index: int | None, id_: str, name: str, arguments: str) -> _Call:
        """The call that a piece continues, else a new one."""
        same = [call for call in self.calls if index is None or call.index == index]
        if index is None and id_ and (known := [call for call in same if call.id == id_]):
            return known[-1]
        if same and not same[-1].is_followed_by(id_, name, arguments, self.tools):
            return same[-1]
        call = _Call(index)
        self.calls.append(call)
        return call


_STOP_REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "repetition_truncation": "length",
    "content_filter": "content_filter",
}
"""Anything else counts as "stop"."""

_FAILED = frozenset({"error", "abort", "insufficient_system_resource", "network_error"})
"""How OpenRouter, SGLang, DeepSeek and Zhipu end an answer that broke off on their side."""


def _grown_name(name: str, piece: str, tools: Collection[str]) -> str | None:
    """The name of a call with a further piece of it, or so far anew; None where it is no piece."""
    if name in tools:
        return None
    grown = piece if piece != name and piece.startswith(name) else name + piece
    return grown if any(tool.startswith(grown) for tool in tools) else None


def _unused_id(id_: str, used: set[str]) -> str:
    """The id, or a new one if it is empty or taken."""
    # Nine letters and digits, which is the strictest form (Mistral's).
    if not id_ or id_ in used:
        id_ = uuid4().hex[:9]
    used.add(id_)
    return id_


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _with_numbered_calls(message: dict[str, object]) -> dict[str, object]:
    """A whole message with its calls numbered by their place, as streamed ones are."""
    calls = enumerate(_dicts(message.get("tool_calls")))
    return {**message, "tool_calls": [{**call, "index": place} for place, call in calls]}


def _usage(value: dict[str, object]) -> Usage:
    prompt, completion = (
        _integer(value.get("prompt_tokens")),
        _integer(value.get("completion_tokens")),
    )
    cached = (
        _detail(value, "prompt_tokens_details", "cached_tokens"),
        _integer(value.get("prompt_cache_hit_tokens")),  # DeepSeek
        _integer(value.get("cached_tokens")),  # Moonshot
    )
    cached_tokens = min(prompt, max(cached))
    written = _detail(value, "prompt_tokens_details", "cache_write_tokens")
    reasoning = _detail(value, "completion_tokens_details", "reasoning_tokens")
    return Usage(
        prompt,
        cached_tokens,
        completion,
        cache_write_tokens=min(prompt - cached_tokens, written),
        reasoning_tokens=min(completion, reasoning),
    )


def _detail(value: dict[str, object], key: str, name: str) -> int:
    details = value.get(key)
    return _integer(details.get(name)) if isinstance(details, dict) else 0


def _texts(content: object, kind: str) -> Iterator[str]:
    """The texts of a content: a string, or a list of typed parts as Mistral writes it."""
    if isinstance(content, str) and kind == "text":
        yield content
    for part in _dicts(content):
        if part.get("type") == kind:
            value = part.get(kind)
            yield from (value,) if isinstance(value, str) else _texts(value, "text")


def _dicts(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: object) -> int:
    """A count of at least 0; 0 for anything else."""
    return max(0, value) if isinstance(value, int) else 0
