"""This module refuses the histories that a vendor refuses, in that vendor's words.

A scripted endpoint that names a vendor in its behaviour checks each request as the vendor does.
The checks are rows: add one for what an endpoint was seen to refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias

from lsp_server.models.scripted.wire_checks import WIRE_VENDORS

Body: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[Body], str | None]
"""Returns what the vendor says to a body that it refuses; None for one that it takes."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_SHORT_ID = re.compile(r"[A-Za-z0-9]{9}\Z")


def refusal(vendor: str, body: Body, path: str = "") -> tuple[int, dict[str, Any]] | None:
    """Returns the status and the body with which a vendor refuses a request; None if it takes it.

    `path` is the resource of the wire; without one of `WIRE_VENDORS` it is chat completions.

    >>> body = {"messages": [{"role": "assistant", "content": ""}]}
    >>> refusal("moonshot", body)[0]
    400
    """
    of_wire = WIRE_VENDORS.get(path)
    status, checks = VENDORS[vendor] if of_wire is None else (400, of_wire[vendor])
    for check in checks:
        if sentence := check(body):
            error = {"message": sentence, "type": "invalid_request_error", "code": status}
            return status, {"error": error}
    return None


def _answers(body: Body) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for place, message in enumerate(body["messages"]):
        if message["role"] == "assistant":
            yield place, message


def _calls(body: Body) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for place, message in _answers(body):
        for call in message.get("tool_calls") or ():
            yield place, call


def _no_empty_answer(body: Body) -> str | None:
    for place, message in _answers(body):
        if not str(message.get("content") or "").strip() and not message.get("tool_calls"):
            return f"the message at position {place} with role 'assistant' must not be empty"
    return None


def _no_blank_text(body: Body) -> str | None:
    for place, message in enumerate(body["messages"]):
        if isinstance(message.get("content"), str) and not message["content"].strip():
            return f"messages.{place}: text content blocks must be non-empty"
    return None


def _no_null_content(body: Body) -> str | None:
    for _, message in _answers(body):
        if "content" in message and message["content"] is None:
            return "invalid message content type: <nil>"
    return None


def _content_is_text(body: Body) -> str | None:
    for place, message in _answers(body):
        if not isinstance(message.get("content"), str):
            return f"body.messages.{place}.content: Input should be a valid string"
    return None


def _template_renders(body: Body) -> str | None:
    for _, message in _answers(body):
        if not isinstance(message.get("content"), str):
            return "Value is not callable: null at row 58, column 31 of the chat template: content"
    return None


def _valid_names(body: Body) -> str | None:
    for place, call in _calls(body):
        if not _NAME.match(call["function"]["name"]):
            return (
                f"Invalid 'messages[{place}].tool_calls[0].function.name': string does not match "
                "pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )
    return None


def _known_names(body: Body) -> str | None:
    tools = {tool["function"]["name"] for tool in body.get("tools") or ()}
    for _, call in _calls(body):
        if (name := call["function"]["name"]) not in tools:
            return f"attempted to call tool '{name}' which was not in request.tools"
    return None


def _ids_of_40(body: Body) -> str | None:
    for place, call in _calls(body):
        if not 1 <= len(call["id"]) <= 40:
            return (
                f"Invalid 'messages[{place}].tool_calls[0].id': string too long. Expected a string "
                f"with maximum length 40, but got a string with length {len(call['id'])} instead."
            )
    return None


def _ids_of_9(body: Body) -> str | None:
    for _, call in _calls(body):
        if not _SHORT_ID.match(call["id"]):
            return f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9."
    return None


def _results_follow_calls(body: Body) -> str | None:
    open_ids: set[str] = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_ids:
                return "messages with role 'tool' must be a response to a preceding 'tool_calls'"
            open_ids.discard(message["tool_call_id"])
        elif open_ids:
            return "An assistant message with 'tool_calls' must be followed by tool messages"
        open_ids |= {call["id"] for call in message.get("tool_calls") or ()}
    return None


def _valid_arguments(body: Body) -> str | None:
    for _, call in _calls(body):
        try:
            if isinstance(json.loads(call["function"]["arguments"]), dict):
                continue
        except ValueError:
            pass
        return "invalid tool call arguments: they are no JSON object"
    return None


def _no_user_after_tool(body: Body) -> str | None:
    for before, message in pairwise(body["messages"]):
        if (before["role"], message["role"]) == ("tool", "user"):
            return "Unexpected role 'user' after role 'tool'"
    return None


def _roles_alternate(body: Body) -> str | None:
    said = [each["role"] for each in body["messages"]
            if each["role"] == "user" or (each["role"] == "assistant" and not each.get("tool_calls"))]  # fmt: skip
    if any(before == role for before, role in pairwise(said)):
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    return None


def _no_system(body: Body) -> str | None:
    if any(message["role"] == "system" for message in body["messages"]):
        return "System role not supported"
    return None


def _one_call(body: Body) -> str | None:
    if any(len(message.get("tool_calls") or ()) > 1 for _, message in _answers(body)):
        return "This model only supports single tool-calls at once!"
    return None


def _signature_comes_back(body: Body) -> str | None:
    for place, call in _calls(body):
        if "extra_content" not in call:
            return f"Function call in position {place} is missing a thought_signature."
    return None


def _details_come_back(body: Body) -> str | None:
    for place, message in _answers(body):
        if message.get("tool_calls") and not message.get("reasoning_details"):
            return f"reasoning_details of message {place} have to be passed back"
    return None


def _reasoning_comes_back(body: Body) -> str | None:
    has_reasoning = ["reasoning_content" in message for _, message in _answers(body)]
    if any(has_reasoning) and not all(has_reasoning):
        place = has_reasoning.index(False)
        return (
            f"thinking is enabled but reasoning_content is missing in assistant message at {place}"
        )
    return None


def _reasoning_with_calls(body: Body) -> str | None:
    for _, message in _answers(body):
        if message.get("tool_calls") and "reasoning_content" not in message:
            return "The `reasoning_content` in the thinking mode must be passed back to the API."
    return None


def _only(*fields: str) -> Check:
    def check(body: Body) -> str | None:
        for place, message in enumerate(body["messages"]):
            if unknown := sorted(message.keys() - {"role", "content", *fields}):
                return f"messages.{place}.{unknown[0]}: Extra inputs are not permitted"
            for call in message.get("tool_calls") or ():
                if unknown := sorted(call.keys() - {"id", "type", "function"}):
                    return (
                        f"messages.{place}.tool_calls.{unknown[0]}: Extra inputs are not permitted"
                    )
        return None

    return check


_COMMON = (_results_follow_calls, _valid_arguments, _valid_names)
_PLAIN = _only("tool_calls", "tool_call_id", "name")

VENDORS: Mapping[str, tuple[int, Sequence[Check]]] = MappingProxyType(
    {
        "anthropic": (400, (*_COMMON, _no_blank_text, _ids_of_40)),
        "deepseek": (400, (*_COMMON, _no_empty_answer, _reasoning_with_calls, _reasoning_comes_back)),
        "gemini": (400, (*_COMMON, _no_empty_answer, _signature_comes_back)),
        "gemma": (400, (*_COMMON, _no_system, _roles_alternate)),
        "groq": (400, (*_COMMON, _known_names, _PLAIN)),
        "llama.cpp": (500, (*_COMMON, _template_renders)),
        "llama3": (400, (*_COMMON, _one_call)),
        "lm studio": (400, _COMMON),
        "mimo": (400, (*_COMMON, _no_empty_answer, _reasoning_with_calls)),
        "mistral": (422, (*_COMMON, _ids_of_9, _no_user_after_tool, _PLAIN)),
        "moonshot": (400, (*_COMMON, _no_empty_answer, _ids_of_40)),
        "ollama": (400, (*_COMMON, _no_null_content)),
        "openai": (400, (*_COMMON, _ids_of_40, _PLAIN)),
        "openrouter": (400, (*_COMMON, _no_empty_answer, _details_come_back)),
        "strict": (400, (*_COMMON, _content_is_text, _no_blank_text, _known_names, _ids_of_9,
                         _no_user_after_tool, _roles_alternate, _PLAIN)),
        "vllm": (400, (*_COMMON, _content_is_text, _known_names)),
    }
)  # fmt: skip
"""What each vendor checks, and the status with which it refuses."""
