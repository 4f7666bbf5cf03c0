"""This module encodes a Request as the body of a `/chat/completions` request.

Whatever is the same at each step comes first, then the conversation, then what
only this request has, so that a growing conversation shares all but its end with
the request before. A message is encoded once and then copied, so a long history
costs no more than its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

from lsp_server.domain.messages import Message, Request
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models.conversation_shape import shaped
from lsp_server.models.dialect import Dialect, ReasoningKey
from lsp_server.models.history_form import NO_WORDS, PLAIN, ContentBesideCalls, HistoryForm
from lsp_server.models.request_parts import (
    FRAGMENTS_MAX,
    json_bytes,
    require_free,
    temperature_of,
    valid_arguments,
    with_schema_in_words,
)
from lsp_server.models.shown_images import IMAGES_MAX, data_url
from lsp_server.models.vendor_fields import names_in, put_back
from lsp_server.settings.sections import ModelSettings

_BESIDE_CALLS: Mapping[ContentBesideCalls, dict[str, str | None]] = MappingProxyType(
    {
        "null": {"content": None},
        "absent": {},
        "empty": {"content": ""},
        "words": {"content": NO_WORDS},
    }
)
"""What stands in the place of a text that a message with tool calls does not have."""


class RequestEncoder:
    """Encodes the requests to one endpoint.

    Raises ConfigurationError when `model.extra_body` has what Holdfast fills.
    """

    def __init__(self, settings: ModelSettings) -> None:
        require_free(settings, ("messages", "tools"))
        self._settings = settings
        self._fragment = lru_cache(maxsize=FRAGMENTS_MAX)(_message_json)
        self._image_fragment = lru_cache(maxsize=IMAGES_MAX)(_message_json)

    def body(self, request: Request, dialect: Dialect) -> bytes:
        """Returns the body of a request in a dialect."""
        if request.answer is not None and not dialect.response_format:
            request = with_schema_in_words(request, request.answer)
        parts = [json_bytes(self._head(dialect))[:-1]]
        if request.tools:
            parts += [b',"tools":', json_bytes([tool_value(tool) for tool in request.tools])]
        key, form = dialect.reasoning_key, dialect.history
        tools = tuple(tool.name for tool in request.tools)
        messages = shaped(request.messages, form, tools, dialect.images_max, dialect.refused_images)
        names = _tool_names(messages) if form.named_results else {}
        fragments = [
            self._encoding(message)(message, key, form, names.get(message.tool_call_id, ""))
            for message in messages
        ]
        parts += [b',"messages":[', b",".join(fragments), b"]"]
        if tail := self._tail(request, dialect):
            parts += [b",", json_bytes(tail)[1:-1]]
        parts.append(b"}")
        return b"".join(parts)

    def _encoding(self, message: Message) -> Callable[..., bytes]:
        """What encodes a message; of those with images fewer are kept, as they are large."""
        return self._image_fragment if message.images else self._fragment

    def _head(self, dialect: Dialect) -> dict[str, object]:
        """The parameters of every request to this endpoint."""
        head: dict[str, object] = {"model": self._settings.name, "stream": dialect.stream}
        if dialect.stream and dialect.stream_options:
            head["stream_options"] = {"include_usage": True}
        head[dialect.tokens_key] = dialect.answer_tokens_max or self._settings.output_tokens_max
        return head | self._settings.extra_body

    def _tail(self, request: Request, dialect: Dialect) -> dict[str, object]:
        """The parameters of this request alone."""
        tail: dict[str, object] = {}
        temperature = temperature_of(request, self._settings)
        if temperature is not None and dialect.temperature:
            tail["temperature"] = temperature
        if request.choices > 1 and dialect.n:
            tail["n"] = request.choices
        if request.answer is not None and dialect.response_format:
            tail["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": request.answer.name,
                    "schema": request.answer.schema,
                    "strict": True,
                },
            }
        # A key that a person has set for the endpoint is in the head already.
        return {key: tail[key] for key in tail if key not in self._settings.extra_body}


def message_value(
    message: Message,
    reasoning_key: ReasoningKey | None,
    form: HistoryForm = PLAIN,
    tool_name: str = "",
) -> dict[str, object]:
    """Returns a message in the form of the API; `tool_name` is that of the tool of a result.

    Images stand in it by their digests: what is in them is large, and no text to be escaped.
    """
    value: dict[str, object] = {"role": message.role, "content": _content(message)}
    if message.tool_calls:
        if not message.text.strip():
            del value["content"]
            value |= _BESIDE_CALLS[form.content]
        value["tool_calls"] = [_call_value(call, form) for call in message.tool_calls]
    reasoning = message.reasoning
    if form.reasoning_everywhere and message.role == "assistant":
        reasoning = reasoning or NO_WORDS
    if reasoning and reasoning_key:
        value[reasoning_key] = reasoning
    if message.tool_call_id is not None:
        value["tool_call_id"] = message.tool_call_id
    if tool_name:
        value["name"] = tool_name
    return put_back(value, message.vendor_fields, form.left_out)


def _content(message: Message) -> object:
    if not message.images:
        return message.text
    images = ({"type": "image_url", "image_url": {"url": each.digest}} for each in message.images)
    return [{"type": "text", "text": message.text}, *images]


def vendor_fields_of(request: Request) -> frozenset[str]:
    """Returns the names of all fields of a vendor that a request gives back."""
    given = [message.vendor_fields for message in request.messages]
    given += [call.vendor_fields for each in request.messages for call in each.tool_calls]
    return frozenset().union(*map(names_in, given))


def tool_value(tool: ToolSpec) -> dict[str, object]:
    """Returns a tool in the form of the API."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    }


def _call_value(call: ToolCall, form: HistoryForm) -> dict[str, object]:
    value: dict[str, object] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": valid_arguments(call)},
    }
    return put_back(value, call.vendor_fields, form.left_out)


def _tool_names(messages: tuple[Message, ...]) -> dict[str | None, str]:
    """The name of the tool of each call, by the call's id."""
    return {call.id: call.name for message in messages for call in message.tool_calls}


def _message_json(
    message: Message, reasoning_key: ReasoningKey | None, form: HistoryForm, tool_name: str
) -> bytes:
    encoded = json_bytes(message_value(message, reasoning_key, form, tool_name))
    for image in message.images:
        # Inside of a text the quotes would be escaped.
        place = f'"url":"{image.digest}"'.encode()
        encoded = encoded.replace(place, b'"url":"%b"' % data_url(image), 1)
    return encoded
