"""This module encodes a Request as the body of a request to OpenAI's Responses.

Nothing is kept at the endpoint: the whole conversation goes with each request, and with it what
the model thought, which only the endpoint can read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lsp_server.domain.messages import Message, Request
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models import carried_reasoning
from lsp_server.models.carried_reasoning import Part, Thoughts, dicts
from lsp_server.models.conversation_shape import shaped
from lsp_server.models.dialect import Dialect
from lsp_server.models.request_parts import (
    FRAGMENTS_MAX,
    json_bytes,
    require_free,
    temperature_of,
    valid_arguments,
    with_schema_in_words,
)
from lsp_server.models.shown_images import IMAGES_MAX, data_url
from lsp_server.models.vendor_fields import RESPONSES_ITEMS
from lsp_server.settings.sections import ModelSettings


class ResponsesEncoder:
    """A `ResponsesEncoder` encodes the requests to one endpoint.

    Raises ConfigurationError when `model.extra_body` has what Holdfast fills.
    """

    def __init__(self, settings: ModelSettings) -> None:
        require_free(settings, ("input", "instructions", "previous_response_id", "tools"))
        self._settings = settings
        self._items = lru_cache(maxsize=FRAGMENTS_MAX)(_items_of)
        self._image_items = lru_cache(maxsize=IMAGES_MAX)(_items_of)

    def body(self, request: Request, dialect: Dialect) -> bytes:
        """Returns the body of a request in a dialect."""
        if request.answer is not None and not dialect.response_format:
            request = with_schema_in_words(request, request.answer)
        names = tuple(tool.name for tool in request.tools)
        messages = shaped(
            request.messages, dialect.history, names, dialect.images_max, dialect.refused_images
        )
        head = self._head(dialect)
        if system := "\n\n".join(each.text for each in messages if each.role == "system"):
            head["instructions"] = system
        if request.tools:
            head["tools"] = [tool_value(tool) for tool in request.tools]
        items = [
            item
            for each in messages
            for item in (self._image_items if each.images else self._items)(
                each, dialect.carries(each)
            )
        ]
        parts = [json_bytes(head)[:-1], b',"input":[', b",".join(items), b"]"]
        if tail := self._tail(request, dialect):
            parts += [b",", json_bytes(tail)[1:-1]]
        return b"".join([*parts, b"}"])

    def _head(self, dialect: Dialect) -> dict[str, object]:
        """The parameters of every request to this endpoint."""
        head: dict[str, object] = {"model": self._settings.name, "stream": dialect.stream}
        if dialect.store:
            head["store"] = False
        if dialect.include:
            head["include"] = ["reasoning.encrypted_content"]
        head["max_output_tokens"] = dialect.answer_tokens_max or self._settings.output_tokens_max
        return head | {
            key: each for key, each in self._settings.extra_body.items() if key != "text"
        }

    def _tail(self, request: Request, dialect: Dialect) -> dict[str, object]:
        """The parameters of this request alone."""
        tail: dict[str, object] = {}
        temperature = temperature_of(request, self._settings)
        if temperature is not None and dialect.temperature:
            tail["temperature"] = temperature
        text: dict[str, object] = dict(self._settings.extra_body.get("text") or {})
        if request.answer is not None and dialect.response_format:
            text["format"] = {
                "type": "json_schema",
                "name": request.answer.name,
                "schema": request.answer.schema,
                "strict": True,
            }
        if text:
            tail["text"] = text
        extra = self._settings.extra_body.keys() - {"text"}
        return {key: each for key, each in tail.items() if key not in extra}


def tool_value(tool: ToolSpec) -> dict[str, object]:
    """Returns a tool in the form of the API, where a schema counts as strict unless it says not."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": False,
    }


def _items_of(message: Message, carries: bool) -> tuple[bytes, ...]:
    """The items of a message; what the model thought among them if it `carries` that."""
    if message.role == "system":
        return ()
    if message.role == "assistant":
        return tuple(map(json_bytes, _answer_items(message, carries=carries)))
    if message.tool_call_id is not None:
        call_id = message.tool_call_id
        output = {"type": "function_call_output", "call_id": call_id, "output": message.text}
        return (json_bytes(output),)
    return (_said(message),)


def _said(message: Message) -> bytes:
    content: list[dict[str, Any]] = [{"type": "input_text", "text": message.text}]
    content += ({"type": "input_image", "image_url": each.digest} for each in message.images)
    encoded = json_bytes({"type": "message", "role": "user", "content": content})
    for image in message.images:
        # Inside of a text the quotes would be escaped.
        place = f'"image_url":"{image.digest}"'.encode()
        encoded = encoded.replace(place, b'"image_url":"%b"' % data_url(image), 1)
    return encoded


def _answer_items(message: Message, *, carries: bool) -> Iterator[dict[str, object]]:
    parts, thoughts = carried_reasoning.kept(message, RESPONSES_ITEMS)
    text, calls = message.text if message.text.strip() else "", iter(message.tool_calls)
    for part in parts if carries else ():
        match part:
            case {"type": "reasoning"}:
                yield _reasoning(part, thoughts)
            case {"type": "message"} if text:
                content = [{"type": "output_text", "text": text, "annotations": []}]
                yield {**part, "role": "assistant", "content": content}
                text = ""
            case {"type": "function_call"} if (call := next(calls, None)) is not None:
                yield _call_item(call) | part
            case _:
                pass
    if text:
        content = [{"type": "output_text", "text": text}]
        yield {"type": "message", "role": "assistant", "content": content}
    yield from map(_call_item, calls)


def _reasoning(part: Part, thoughts: Thoughts) -> dict[str, object]:
    item: dict[str, object] = dict(part)
    for key in ("summary", "content"):
        if isinstance(part.get(key), list):
            texts = [{**each, "text": thoughts.next(each["text"])} for each in dicts(part[key])]
            item[key] = texts if thoughts.whole else []
    return item


def _call_item(call: ToolCall) -> dict[str, object]:
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": valid_arguments(call),
    }
