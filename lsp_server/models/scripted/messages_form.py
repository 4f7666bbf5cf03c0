"""This module gives scripted answers in the form of Anthropic's Messages.

Thoughts are signed, so that an endpoint can check that they come back as they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from lsp_server.domain.messages import ReasoningDelta, TextDelta, ToolCallDelta
from lsp_server.models.scripted.scenario import ScriptedAnswer
from lsp_server.models.scripted.wire_form import (
    CallId,
    Counts,
    Value,
    has_text,
    response_format,
    text_of,
)

_STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens",
          "content_filter": "refusal"}  # fmt: skip
REDACTED = "redacted_thinking"
"""The vendor field of a scripted answer that is a thought nobody may read."""


def signature(thought: str) -> str:
    """Returns what a thought is signed with."""
    return "sig_" + hashlib.sha256(thought.encode("utf-8", "replace")).hexdigest()[:24]


class MessagesForm:
    """A `MessagesForm` reads requests and writes answers as Anthropic's Messages do."""

    def chat_body(self, body: Value) -> Value:
        """Returns a request as chat completions have it."""
        messages: list[Value] = []
        if body.get("system"):
            messages.append({"role": "system", "content": text_of(body["system"])})
        for message in body.get("messages") or ():
            content = message["content"]
            blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
            messages += _chat_messages(message["role"], blocks)
        tools = [
            {
                "type": "function",
                "function": {"name": tool["name"], "parameters": tool.get("input_schema")},
            }
            for tool in body.get("tools") or ()
        ]
        chat = {**body, "messages": messages, "tools": tools}
        if name := _answer_tool(body):
            schema = next(tool["input_schema"] for tool in body["tools"] if tool["name"] == name)
            chat |= {"tools": [], "response_format": response_format(name, schema)}
        return chat

    def prompt(self, raw: bytes) -> bytes:
        """Returns a body without the marks in it, which are no part of a prompt."""
        return raw.replace(b',"cache_control":{"type":"ephemeral"}', b"")

    def events(
        self, answer: ScriptedAnswer, counts: Counts, call_id: CallId, body: Value
    ) -> Iterator[Value]:
        """Returns the events of a streamed answer, each with its type."""
        usage = _usage(counts, body)
        start = {**_message([]), "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
        yield {"type": "message_start", "message": start}
        yield {"type": "ping"}
        index = -1
        for block, pieces in _streamed(answer, call_id, _answer_tool(body)):
            index += 1
            yield {"type": "content_block_start", "index": index, "content_block": block}
            for delta in pieces:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        delta = {"stop_reason": _STOPS[answer.finish], "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": counts.answer}}
        yield {"type": "message_stop"}

    def whole(self, answer: ScriptedAnswer, counts: Counts, call_id: CallId, body: Value) -> Value:
        """Returns an answer that is not streamed."""
        blocks = [_whole_block(*each) for each in _streamed(answer, call_id, _answer_tool(body))]
        return {
            **_message(blocks),
            "stop_reason": _STOPS[answer.finish],
            "usage": _usage(counts, body),
        }

    def error(self, message: str, code: str) -> Value:
        """Returns an error as the API writes it, alone or in a stream."""
        return {"type": "error", "error": {"type": code, "message": message}}


def _whole_block(block: dict[str, Any], pieces: list[Value]) -> Value:
    """A block with its pieces in it."""

    def whole(key: str) -> str:
        return "".join(piece.get(key, "") for piece in pieces)

    match block["type"]:
        case "thinking":
            return {**block, "thinking": whole("thinking"), "signature": whole("signature")}
        case "text":
            return {**block, "text": whole("text")}
        case "tool_use":
            return {**block, "input": _object(whole("partial_json"))}
        case _:
            return block


def _object(arguments: str) -> Value:
    """The arguments of a call, which a whole answer cannot have malformed."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        value = {"malformed": arguments}
    return value if isinstance(value, dict) else {"value": value}


def _chat_messages(role: str, blocks: list[dict[str, Any]]) -> Iterator[Value]:
    for block in blocks:
        if block["type"] == "tool_result":
            content = text_of(block["content"])
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": content}
    calls = [
        {"id": each["id"], "type": "function",
         "function": {"name": each["name"], "arguments": json.dumps(each["input"])}}
        for each in blocks if each["type"] == "tool_use"
    ]  # fmt: skip
    if has_text(blocks) or calls:
        message = {"role": role, "content": text_of(blocks)}
        yield {**message, "tool_calls": calls} if calls else message


def _answer_tool(body: Value) -> str | None:
    """The tool that a request demands, whose arguments are the text of the script."""
    choice = body.get("tool_choice") or {}
    return choice.get("name") if choice.get("type") == "tool" else None


def _streamed(
    answer: ScriptedAnswer, call_id: CallId, answer_tool: str | None
) -> Iterator[tuple[dict[str, Any], list[Value]]]:
    """The blocks of an answer as they begin, each with the pieces that come behind."""
    pieces = list(answer.pieces())
    if thoughts := [piece.text for piece in pieces if isinstance(piece, ReasoningDelta)]:
        deltas: list[Value] = [{"type": "thinking_delta", "thinking": each} for each in thoughts]
        deltas.append({"type": "signature_delta", "signature": signature("".join(thoughts))})
        yield {"type": "thinking", "thinking": "", "signature": ""}, deltas
    if redacted := answer.vendor_fields.get(REDACTED):
        yield {"type": "redacted_thinking", "data": redacted}, []
    texts = [piece.text for piece in pieces if isinstance(piece, TextDelta)]
    if texts and answer_tool:
        block = {"type": "tool_use", "id": call_id(), "name": answer_tool, "input": {}}
        yield block, [{"type": "input_json_delta", "partial_json": each} for each in texts]
    elif texts:
        yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": each} for each in texts]
    calls: list[tuple[dict[str, Any], list[Value]]] = []
    for piece in pieces:
        match piece:
            case ToolCallDelta(name, "") if name:
                calls.append(({"type": "tool_use", "id": call_id(), "name": name, "input": {}}, []))
            case ToolCallDelta(_, arguments):
                calls[-1][1].append({"type": "input_json_delta", "partial_json": arguments})
            case _:
                pass
    yield from calls


def _message(content: list[Value]) -> Mapping[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted",
            "content": content, "stop_reason": None, "stop_sequence": None}  # fmt: skip


def _usage(counts: Counts, body: Value) -> Value:
    """The counts; what is marked and was not read is written to the cache."""
    fresh = counts.prompt - counts.cached
    is_marked = "cache_control" in json.dumps(body)
    return {
        "input_tokens": 0 if is_marked else counts.prompt,
        "cache_read_input_tokens": counts.cached if is_marked else 0,
        "cache_creation_input_tokens": fresh if is_marked else 0,
        "output_tokens": counts.answer,
    }
