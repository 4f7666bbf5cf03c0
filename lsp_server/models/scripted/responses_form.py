"""This module gives scripted answers in the form of OpenAI's Responses.

Thoughts are encrypted, as far as a client can tell, so that an endpoint can check that they
come back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count
from typing import Any

from lsp_server.domain.messages import ReasoningDelta, TextDelta
from lsp_server.models.scripted.scenario import ScriptedAnswer
from lsp_server.models.scripted.wire_form import CallId, Counts, Value, response_format, text_of

_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def encrypted(thought: str) -> str:
    """Returns what stands for a thought that only the endpoint can read."""
    return "gAAA" + hashlib.sha256(thought.encode("utf-8", "replace")).hexdigest()


class ResponsesForm:
    """A `ResponsesForm` reads requests and writes answers as OpenAI's Responses do."""

    def chat_body(self, body: Value) -> Value:
        """Returns a request as chat completions have it."""
        messages: list[Value] = []
        if body.get("instructions"):
            messages.append({"role": "system", "content": body["instructions"]})
        given = body.get("input") or ()
        for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
            messages += _chat_messages(item)
        tools = [
            {
                "type": "function",
                "function": {"name": tool["name"], "parameters": tool["parameters"]},
            }
            for tool in body.get("tools") or ()
            if tool["type"]
            == "function"  # Others are the endpoint's own, which a script calls not.
        ]
        chat = {**body, "messages": messages, "tools": tools}
        wanted = (body.get("text") or {}).get("format") or {}
        if wanted.get("type") == "json_schema":
            chat["response_format"] = response_format(wanted["name"], wanted["schema"])
        elif wanted:
            chat["response_format"] = wanted
        return chat

    def prompt(self, raw: bytes) -> bytes:
        """Returns a body, all of which is a prompt."""
        return raw

    def events(
        self, answer: ScriptedAnswer, counts: Counts, call_id: CallId, body: Value
    ) -> Iterator[Value]:
        """Returns the events of a streamed answer, each with its type."""
        number = count()
        begun = {**_response([], "in_progress"), "usage": None}
        yield {"type": "response.created", "response": begun, "sequence_number": next(number)}
        yield {"type": "response.in_progress", "response": begun, "sequence_number": next(number)}
        output = []
        for place, (item, kind, pieces) in enumerate(_items(answer, call_id, body)):
            at = {"output_index": place, "item_id": item["id"]}
            empty = {key: _EMPTY.get(key, each) for key, each in item.items()}
            yield {
                "type": "response.output_item.added",
                **at,
                "item": empty,
                "sequence_number": next(number),
            }
            for piece in pieces:
                more = {"summary_index": 0} if item["type"] == "reasoning" else {}
                yield {"type": kind, **at, **more, "delta": piece, "sequence_number": next(number)}
            yield {
                "type": "response.output_item.done",
                **at,
                "item": item,
                "sequence_number": next(number),
            }
            output.append(item)
        last = self._complete(answer, output, counts)
        yield {
            "type": f"response.{last['status']}",
            "response": last,
            "sequence_number": next(number),
        }

    def whole(self, answer: ScriptedAnswer, counts: Counts, call_id: CallId, body: Value) -> Value:
        """Returns an answer that is not streamed."""
        return self._complete(
            answer, [item for item, _, _ in _items(answer, call_id, body)], counts
        )

    def error(self, message: str, code: str) -> Value:
        """Returns an error as the API writes it into a stream."""
        return {"type": "error", "code": code, "message": message, "param": None}

    def _complete(self, answer: ScriptedAnswer, output: list[Any], counts: Counts) -> Value:
        reason = _REASONS.get(answer.finish)
        return {
            **_response(output, "incomplete" if reason else "completed"),
            "incomplete_details": {"reason": reason} if reason else None,
            "usage": {
                "input_tokens": counts.prompt,
                "input_tokens_details": {"cached_tokens": counts.cached},
                "output_tokens": counts.answer,
                "output_tokens_details": {"reasoning_tokens": len(answer.reasoning.encode()) // 4},
                "total_tokens": counts.prompt + counts.answer,
            },
        }


_EMPTY: dict[str, Any] = {"content": [], "summary": [], "arguments": "", "encrypted_content": ""}


def _chat_messages(item: Value) -> Iterator[Value]:
    match item:
        case {"type": "function_call"}:
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": function}
            yield {"role": "assistant", "content": None, "tool_calls": [call]}
        case {"type": "function_call_output"}:
            yield {
                "role": "tool",
                "tool_call_id": item["call_id"],
                "content": text_of(item["output"]),
            }
        case {"role": str(role), "content": content}:
            yield {"role": role, "content": text_of(content)}
        case _:
            pass


def _items(
    answer: ScriptedAnswer, call_id: CallId, body: Value
) -> Iterator[tuple[dict[str, Any], str, list[str]]]:
    """The items of an answer, each with the event of its pieces and these."""
    pieces = list(answer.pieces())
    if answer.reasoning:
        item = {
            "type": "reasoning",
            "id": f"rs_{call_id()}",
            "summary": [{"type": "summary_text", "text": answer.reasoning}],
        }
        if "reasoning.encrypted_content" in (body.get("include") or ()):
            item["encrypted_content"] = encrypted(answer.reasoning)
        thoughts = [piece.text for piece in pieces if isinstance(piece, ReasoningDelta)]
        yield item, "response.reasoning_summary_text.delta", thoughts
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        message = {"type": "message", "id": f"msg_{call_id()}", "status": "completed",
                   "role": "assistant", "content": content}  # fmt: skip
        texts = [piece.text for piece in pieces if isinstance(piece, TextDelta)]
        yield message, "response.output_text.delta", texts
    for call in answer.tool_calls:
        item = {"type": "function_call", "id": f"fc_{call_id()}", "call_id": call_id(),
                "name": call.name, "arguments": call.arguments_json, "status": "completed"}  # fmt: skip
        yield item, "response.function_call_arguments.delta", [call.arguments_json]


def _response(output: list[Any], status: str) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "status": status, "model": "scripted",
            "error": None, "incomplete_details": None, "output": output}  # fmt: skip
