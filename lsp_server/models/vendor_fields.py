"""This module keeps what an endpoint says beyond the common form, to give it back as it came.

Some endpoints refuse the next request when a field of theirs is missing in it, such as the
signature of a thought. What the fields mean is theirs alone. They are kept as JSON text, which
a journal can hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

VENDOR_BYTES_MAX = 256 * 1024
"""No signature is longer; more is no field to send with every request."""

MESSAGES_BLOCKS = "messages_blocks"
RESPONSES_ITEMS = "responses_items"
REASONING_DIGEST = "reasoning_digest"
_OF_OTHER_WIRES = frozenset({MESSAGES_BLOCKS, RESPONSES_ITEMS, REASONING_DIGEST})
"""What `carried_reasoning` keeps, which chat completions never send."""

_OF_MESSAGE = frozenset(
    ("role", "content", "refusal", "tool_calls", "function_call", "reasoning", "reasoning_content",
     "audio", "annotations", "name", "tool_call_id")
)  # fmt: skip
_OF_CALL = frozenset(("id", "type", "index", "function"))
_OF_FUNCTION = frozenset(("name", "arguments"))
_GROWING = frozenset(("text", "summary", "data", "content", "thinking", "signature"))
"""Texts that come in pieces; any other that comes twice alike came twice."""


def of_message(value: Mapping[str, object]) -> dict[str, Any]:
    """Returns the fields of a message, or of a piece of one, that only its vendor knows."""
    return _beyond(value, _OF_MESSAGE)


def of_call(value: Mapping[str, object]) -> dict[str, Any]:
    """Returns the fields of a tool call, or of a piece of one, that only its vendor knows."""
    fields = _beyond(value, _OF_CALL)
    function = value.get("function")
    if isinstance(function, dict) and (inner := _beyond(function, _OF_FUNCTION)):
        fields["function"] = inner
    return fields


def grown(before: dict[str, Any], piece: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields with those of a further piece, as the pieces of a stream add up.

    >>> grown({"s": [{"index": 0, "text": "a"}]}, {"s": [{"index": 0, "text": "b"}]})
    {'s': [{'index': 0, 'text': 'ab'}]}
    """
    made = dict(before)
    for key, value in piece.items():
        made[key] = _sum(key, made[key], value) if key in made else value
    return made


def written(fields: Mapping[str, Any]) -> str:
    """Returns the fields as JSON; nothing for none, and for more than anybody takes back."""
    text = json.dumps(fields, ensure_ascii=False) if fields else ""
    return text if len(text) <= VENDOR_BYTES_MAX else ""


def put_back(
    value: dict[str, object], vendor_fields: str, left_out: frozenset[str]
) -> dict[str, object]:
    """Returns a message or a call with the fields that came with it, but those `left_out`."""
    if not vendor_fields or "*" in left_out:
        return value
    left_out |= _OF_OTHER_WIRES
    fields = {key: each for key, each in json.loads(vendor_fields).items() if key not in left_out}
    inner, function = fields.pop("function", {}), value.get("function")
    if isinstance(inner, dict) and isinstance(function, dict):
        value = {**value, "function": {**inner, **function}}
    return {**fields, **value}


def names_in(vendor_fields: str) -> frozenset[str]:
    """Returns the names of the fields at the top of a text that `written` made."""
    return frozenset(json.loads(vendor_fields)) if vendor_fields else frozenset()


def _beyond(value: Mapping[str, object], known: frozenset[str]) -> dict[str, Any]:
    # What is empty says nothing; many endpoints list all the fields that there are.
    return {key: each for key, each in value.items() if each and key not in known}


def _sum(key: str, before: Any, piece: Any) -> Any:
    match before, piece:
        case str(), str():
            return before + piece if key in _GROWING or before != piece else before
        case dict(), dict():
            return grown(before, piece)
        case list(), list():
            return _joined(before, piece)
        case _:
            return piece


def _joined(before: list[Any], piece: list[Any]) -> list[Any]:
    """The items of both; one that goes on at the same place and of the same kind is one."""
    made = list(before)
    for item in piece:
        last = made[-1] if made else None
        if isinstance(last, dict) and isinstance(item, dict) and _goes_on(last, item):
            made[-1] = grown(last, item)
        else:
            made.append(item)
    return made


def _goes_on(last: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return "index" in item and all(last.get(key) == item.get(key) for key in ("index", "type"))
