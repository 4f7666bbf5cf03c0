"""This module refuses what the vendors of Messages and of Responses refuse, in their words.

The checks are rows, as in `vendor_checks`: add one for what an endpoint was seen to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias

from lsp_server.models.scripted.messages_form import signature
from lsp_server.models.scripted.responses_form import encrypted

Body: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[Body], str | None]
"""Returns what the vendor says to a body that it refuses; None for one that it takes."""

_ID = re.compile(r"[a-zA-Z0-9_-]+\Z")
MARKS_MAX = 4
"""The most marks that Anthropic takes in one request."""


def _blocks(body: Body) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All blocks of the messages, each with its place."""
    for place, message in enumerate(body["messages"]):
        content = message["content"]
        for index, block in enumerate(content if isinstance(content, list) else ()):
            yield f"messages.{place}.content.{index}", block


def _needs_tokens(body: Body) -> str | None:
    return None if body.get("max_tokens", 0) > 0 else "max_tokens: Field required"


def _plain_roles(body: Body) -> str | None:
    roles = [message["role"] for message in body["messages"]]
    if set(roles) - {"user", "assistant"}:
        return "messages: Unexpected role. The Messages API accepts a top-level `system` parameter"
    if roles[:1] != ["user"]:
        return 'messages: first message must use the "user" role'
    return None


def _texts_say_something(body: Body) -> str | None:
    for place, block in _blocks(body):
        if block["type"] == "text" and not block["text"].strip():
            return f"{place}: text content blocks must contain non-whitespace text"
    return None


def _results_follow(body: Body) -> str | None:
    messages = [*body["messages"], {"role": "user", "content": []}]
    for place, (before, after) in enumerate(pairwise(messages)):
        if before["role"] != "assistant":
            continue
        asked = [each["id"] for each in before["content"] if each["type"] == "tool_use"]
        kinds = [each["type"] for each in after["content"]]
        given = [each["tool_use_id"] for each in after["content"] if each["type"] == "tool_result"]
        if set(asked) != set(given):
            return (
                f"messages.{place}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(set(asked) ^ set(given))}"
            )
        if kinds[: len(given)] != ["tool_result"] * len(given):
            return f"messages.{place + 1}: `tool_result` blocks must come first"
    return None


def _plain_ids(body: Body) -> str | None:
    for place, block in _blocks(body):
        if block["type"] == "tool_use" and not _ID.match(block["id"]):
            return f"{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    return None


def _few_marks(body: Body) -> str | None:
    parts = [*(body.get("system") or ()), *(body.get("tools") or ())]
    parts += [block for _, block in _blocks(body)]
    count = sum("cache_control" in part for part in parts if isinstance(part, Mapping))
    if count > MARKS_MAX:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {count}."
    return None


def _no_marks(body: Body) -> str | None:
    for place, block in _blocks(body):
        if "cache_control" in block:
            return f"{place}.cache_control: Extra inputs are not permitted"
    return None


def _thinks(body: Body) -> bool:
    return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def _thoughts_are_signed(body: Body) -> str | None:
    for place, block in _blocks(body):
        if block["type"] == "thinking" and block.get("signature") != signature(block["thinking"]):
            return f"{place}: Invalid `signature` in `thinking` block"
    return None


def _thoughts_come_back(body: Body) -> str | None:
    answers = [each for each in body["messages"] if each["role"] == "assistant"]
    last = answers[-1]["content"] if answers and isinstance(answers[-1]["content"], list) else []
    calls = any(block["type"] == "tool_use" for block in last)
    if _thinks(body) and calls and "thinking" not in last[0]["type"]:
        return (
            f"messages.{len(body['messages']) - 2}.content.0.type: Expected `thinking` or "
            f"`redacted_thinking`, but found `{last[0]['type']}`. When `thinking` is enabled, a "
            "final `assistant` message must start with a thinking block"
        )
    return None


def _choice_is_free(body: Body) -> str | None:
    if _thinks(body) and (body.get("tool_choice") or {}).get("type") in ("tool", "any"):
        return "Thinking may not be enabled when tool_choice forces tool use."
    return None


def _temperature_of_thought(body: Body) -> str | None:
    if _thinks(body) and body.get("temperature", 1) != 1:
        return "`temperature` may only be set to 1 when thinking is enabled"
    return None


def _outputs_follow(body: Body) -> str | None:
    items = body["input"] if isinstance(body["input"], list) else []
    asked = {item["call_id"] for item in items if item.get("type") == "function_call"}
    given = {item["call_id"] for item in items if item.get("type") == "function_call_output"}
    for call_id in sorted(asked - given):
        return f"No tool output found for function call {call_id}."
    for call_id in sorted(given - asked):
        return f"No tool call found for function call output with call_id {call_id}."
    return None


def _items_follow_reasoning(body: Body) -> str | None:
    items = [*(body["input"] if isinstance(body["input"], list) else ()), {"type": "end"}]
    for item, following in pairwise(items):
        if item.get("type") != "reasoning":
            continue
        if following.get("type") not in ("message", "function_call", "reasoning"):
            return (
                f"Item '{item['id']}' of type 'reasoning' was provided without its required "
                "following item."
            )
    return None


def _reasoning_is_encrypted(body: Body) -> str | None:
    for item in body["input"] if isinstance(body["input"], list) else ():
        if item.get("type") != "reasoning":
            continue
        if not item.get("encrypted_content"):
            return (
                f"Item with id '{item['id']}' not found. Items are not persisted when `store` is "
                "set to false. Try again with `store` set to true, or remove this item from your "
                "input."
            )
        thought = "".join(part["text"] for part in item["summary"])
        if item["encrypted_content"] != encrypted(thought):
            return (
                f"The encrypted content {item['encrypted_content'][:8]}... could not be verified."
            )
    return None


def _reasoning_comes_back(body: Body) -> str | None:
    items = body["input"] if isinstance(body["input"], list) else []
    has_reasoning = False
    for item in items:
        has_reasoning |= item.get("type") == "reasoning"
        if str(item.get("id", "")).startswith("fc_") and not has_reasoning:
            return (
                f"Item '{item['id']}' of type 'function_call' was provided without its "
                "required 'reasoning' item."
            )
    return None


def _no_encrypted(body: Body) -> str | None:
    if body.get("include"):
        return "include: reasoning.encrypted_content is not supported"
    return None


def _no_format(body: Body) -> str | None:
    if (body.get("text") or {}).get("format"):
        return "Unsupported parameter: 'text.format'"
    return None


_MESSAGES = (_needs_tokens, _plain_roles, _results_follow)
_ANTHROPIC = (*_MESSAGES, _texts_say_something, _plain_ids, _few_marks, _thoughts_are_signed,
              _thoughts_come_back, _choice_is_free, _temperature_of_thought)  # fmt: skip

WIRE_VENDORS: Mapping[str, Mapping[str, Sequence[Check]]] = MappingProxyType(
    {
        "/v1/messages": {
            "anthropic": _ANTHROPIC,
            "ollama": _MESSAGES,
            "lm studio": _MESSAGES,
            "vllm": _MESSAGES,
            "openrouter": _ANTHROPIC,
            "mimo": _MESSAGES,
            "strict": (*_ANTHROPIC, _no_marks),
        },
        "/v1/responses": {
            "openai": (_outputs_follow, _items_follow_reasoning, _reasoning_is_encrypted,
                       _reasoning_comes_back),
            "ollama": (_outputs_follow, _no_encrypted),
            "lm studio": (_outputs_follow, _no_encrypted, _no_format),
            "vllm": (_outputs_follow, _no_encrypted),
            "openrouter": (_outputs_follow,),
        },
    }
)  # fmt: skip
"""What each vendor checks, by the resource of its wire. Sources: platform.claude.com (thinking,
prompt caching, tool use), docs.ollama.com (Anthropic and OpenAI compatibility), lmstudio.ai
(developer/anthropic-compat, openai-compat), vllm/entrypoints/anthropic/protocol.py and
openai/responses, openrouter.ai/docs (responses, usage accounting), platform.xiaomimimo.com."""

IGNORED: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "/v1/messages": {
            "ollama": frozenset({"tool_choice", "metadata", "cache_control"}),
            "vllm": frozenset({"thinking", "cache_control"}),
            "lm studio": frozenset({"cache_control"}),
        }
    }
)
"""What a vendor takes no notice of."""
