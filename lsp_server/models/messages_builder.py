"""This module builds a Response from the answer of Anthropic's Messages, streamed or whole.

Its pieces are handed on in the form of chat completions, so that what `ResponseBuilder` knows of
odd names, cut characters and missing counts holds here as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from lsp_server.domain.messages import Listener, Request, Response
from lsp_server.models import carried_reasoning
from lsp_server.models.carried_reasoning import Part, Separating, dicts
from lsp_server.models.response_builder import ResponseBuilder
from lsp_server.models.surrogates import joined
from lsp_server.models.vendor_fields import MESSAGES_BLOCKS

_FINISHES = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "pause_turn": "stop",
        "tool_use": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "refusal": "content_filter",
    }
)
"""The stop reasons, in the words of chat completions."""
_EVENTS = frozenset({"ping", "message_start", "message_delta", "message_stop", "content_block_start",
                     "content_block_delta", "content_block_stop"})  # fmt: skip


class MessagesBuilder:
    """A `MessagesBuilder` collects one answer and calls `listen` with each piece.

    The arguments of a tool named after the JSON that a request demands are the answer itself.
    """

    def __init__(self, listen: Listener, request: Request) -> None:
        self._inner = ResponseBuilder(listen, request.tools)
        self._answer_tool = request.answer.name if request.answer is not None else None
        self._separating = Separating()
        self._blocks: dict[int, Part] = {}
        self._counts = _Counts()
        self.ended = False
        self.odd: dict[str, object] | None = None
        """The last piece that is no part of an answer."""

    @property
    def ignored_answer_tool(self) -> bool:
        """Returns whether the answer is not in the tool that it was asked for in."""
        names = {block.get("name") for block in self._blocks.values()}
        return self._answer_tool is not None and self._answer_tool not in names

    @property
    def has_choices(self) -> bool:
        """Returns whether the endpoint began an answer."""
        return self._inner.has_choices

    @property
    def complete(self) -> bool:
        """Returns whether the endpoint has said why its answer ended."""
        return self._inner.complete

    def add(self, piece: dict[str, object]) -> None:
        """Takes an event of a stream, or a whole answer."""
        match piece:
            case {"type": "message", "content": list()}:
                self._take_whole(piece)
            case {"type": "message_start", "message": dict() as message}:
                self._count(message.get("usage"))
            case {
                "type": "content_block_start",
                "index": int(index),
                "content_block": dict() as block,
            }:
                self._begin_block(index, block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict() as delta}:
                self._grow_block(index, delta)
            case {"type": "message_delta", "delta": dict() as delta}:
                self._count(piece.get("usage"))
                self._finish(delta.get("stop_reason"))
            case {"type": "message_stop"}:
                self.ended = self._inner.has_choices
            case {"type": str(kind)} if kind in _EVENTS or self._inner.has_choices:
                pass  # New kinds of events may come at any time.
            case _:
                self.odd = piece

    def response(self, *, prompt_bytes: int) -> Response:
        """Builds the answer. Raises ModelMisbehaved when there is none."""
        response = self._inner.response(prompt_bytes=prompt_bytes)
        parts, texts = _kept(self._blocks[index] for index in sorted(self._blocks))
        message = carried_reasoning.keep(response.message, MESSAGES_BLOCKS, parts, texts)
        return replace(response, choices=(replace(response.choices[0], message=message),))

    def _take_whole(self, message: dict[str, object]) -> None:
        self._count(message.get("usage"))
        for index, block in enumerate(dicts(message.get("content"))):
            self._begin_block(index, block)
        self._finish(message.get("stop_reason") or "end_turn")
        self.ended = True

    def _begin_block(self, index: int, block: Part) -> None:
        block = self._blocks[index] = _begun(block)
        match block:
            case {"type": "text", "text": str(text)}:
                self._add({"content": text})
            case {"type": "thinking", "thinking": str(thought)}:
                self._think(index, thought)
            case {"type": "tool_use", "name": name} if name != self._answer_tool:
                self._add_call(index, {"id": block.get("id"), "function": {"name": name}})
            case _:
                pass
        # Servers that do not stream arguments give all of them here.
        if block.get("type") == "tool_use" and block.get("input"):
            self._take_arguments(index, json.dumps(block["input"], ensure_ascii=False))

    def _grow_block(self, index: int, delta: Part) -> None:
        block = self._blocks.setdefault(index, _begun({"type": "text"}))
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                self._add({"content": text})
            case {"type": "thinking_delta", "thinking": str(thought)}:
                block["thinking"] += thought
                self._think(index, thought)
            case {"type": "signature_delta", "signature": str(signature)}:
                block["signature"] = block.get("signature", "") + signature
            case {"type": "input_json_delta", "partial_json": str(arguments)} if (
                block["type"] == "tool_use"
            ):
                self._take_arguments(index, arguments)
            case _:
                pass

    def _take_arguments(self, index: int, arguments: str) -> None:
        block = self._blocks[index]
        block["has_arguments"] = block.get("has_arguments") or bool(arguments)
        if block.get("name") == self._answer_tool:
            self._add({"content": arguments})
        else:
            self._add_call(index, {"function": {"arguments": arguments}})

    def _think(self, index: int, thought: str) -> None:
        self._add({"reasoning_content": self._separating.take(thought, index)})

    def _finish(self, reason: object) -> None:
        for index, block in self._blocks.items():
            if block["type"] == "tool_use" and not block.get("has_arguments"):
                self._take_arguments(index, "{}")
        if isinstance(reason, str) and reason:
            self._add({}, finish=_FINISHES.get(reason, "stop"))

    def _add(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._inner.add({"choices": [choice], "usage": self._counts.common})

    def _add_call(self, index: int, call: dict[str, Any]) -> None:
        self._add({"tool_calls": [{"index": index, **call}]})

    def _count(self, usage: object) -> None:
        self._counts.take(usage)
        self._add({})


def _begun(block: Part) -> Part:
    """A block as it begins, with texts where it grows, whatever the endpoint gave there."""
    made = {key: each for key, each in block.items() if key != "signature" or isinstance(each, str)}
    return made | {key: _string(block.get(key)) for key in ("type", "thinking")}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


@dataclass(slots=True)
class _Counts:
    """The counts of an answer, of which each event has some."""

    values: dict[str, int] = field(default_factory=dict)

    def take(self, usage: object) -> None:
        """Takes counts over; a later event has some of them anew."""
        if isinstance(usage, dict):
            self.values |= {
                key: each for key, each in usage.items() if isinstance(each, int) and each
            }

    @property
    def common(self) -> dict[str, object]:
        """The counts as chat completions have them, where a prompt has its cached part in it."""
        count = self.values.get
        cached = count("cache_read_input_tokens", 0)
        written = count("cache_creation_input_tokens", 0)
        return {
            "prompt_tokens": count("input_tokens", 0) + cached + written,
            "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
            "completion_tokens": count("output_tokens", 0),
        }


def _kept(blocks: Iterable[Part]) -> tuple[list[Part], list[str]]:
    """The blocks to keep, and the texts of thoughts; none without a thought in a block."""
    parts: list[Part] = []
    texts: list[str] = []
    for block in blocks:
        match block:
            case {"type": "thinking", "thinking": str(thought)}:
                texts.append(joined(thought))
                parts.append({**block, "thinking": len(texts[-1])})
            case {"type": "redacted_thinking"}:
                parts.append({key: block[key] for key in ("type", "data") if key in block})
            case {"type": "text" | "tool_use" as kind}:
                parts.append({"type": kind})
            case _:
                pass
    has_thoughts = any("thinking" in part["type"] for part in parts)
    return (parts, texts) if has_thoughts else ([], [])
