"""This module encodes a Request as the body of a request to Anthropic's Messages.

The order is that in which Anthropic caches: tools, system prompt, conversation. Marks say up to
where: the system prompt, the task, the end of the request before, and the end of this one, so
that each step reads what the last one wrote.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from lsp_server.domain.images import Image, LoadedImage
from lsp_server.domain.messages import Message, Request
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models import carried_reasoning
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
from lsp_server.models.shown_images import IMAGES_MAX, MEDIA_TYPES
from lsp_server.models.vendor_fields import MESSAGES_BLOCKS
from lsp_server.settings.sections import ModelSettings

_MARK = b',"cache_control":{"type":"ephemeral"}}'
_NO_ID = re.compile(r"[^A-Za-z0-9_-]")


class MessagesEncoder:
    """A `MessagesEncoder` encodes the requests to one endpoint.

    Raises ConfigurationError when `model.extra_body` has what Holdfast fills.
    """

    def __init__(self, settings: ModelSettings) -> None:
        require_free(settings, ("messages", "system", "tools"))
        self._settings = settings
        self._blocks = lru_cache(maxsize=FRAGMENTS_MAX)(_blocks_of)
        self._image_blocks = lru_cache(maxsize=IMAGES_MAX)(_blocks_of)

    def asks_by_tool(self, request: Request, dialect: Dialect) -> bool:
        """Returns whether the JSON that a request demands is asked for as a tool's arguments.

        Not beside the tools of a conversation, since other tools are another prompt for the
        endpoint's cache, and not of a model that thinks: it chooses its tools itself.
        """
        if request.answer is None or request.tools or not dialect.response_format:
            return False
        thinking = self._settings.extra_body.get("thinking")
        return not isinstance(thinking, dict) or thinking.get("type") == "disabled"

    def body(self, request: Request, dialect: Dialect) -> bytes:
        """Returns the body of a request in a dialect."""
        tools = [tool_value(tool) for tool in request.tools]
        tail: dict[str, object] = {}
        if (temperature := temperature_of(request, self._settings)) is not None:
            tail |= {"temperature": temperature} if dialect.temperature else {}
        if request.answer is not None and self.asks_by_tool(request, dialect):
            name, schema = request.answer.name, request.answer.schema
            tools = [{"name": name, "description": "Give your answer.", "input_schema": schema}]
            tail["tool_choice"] = {"type": "tool", "name": name, "disable_parallel_tool_use": True}
        elif request.answer is not None:
            request = with_schema_in_words(request, request.answer)
        parts = [json_bytes(self._head(request, dialect))[:-1]]
        if tools:
            parts += [b',"tools":', json_bytes(tools)]
        parts += self._conversation(request, dialect)
        tail = {key: tail[key] for key in tail if key not in self._settings.extra_body}
        if tail:
            parts += [b",", json_bytes(tail)[1:-1]]
        return b"".join([*parts, b"}"])

    def _head(self, request: Request, dialect: Dialect) -> dict[str, object]:
        """The parameters of every request to this endpoint."""
        tokens = dialect.answer_tokens_max or self._settings.output_tokens_max
        extra = dict(self._settings.extra_body)
        if dialect.needs_thoughts and _lacks_thoughts(request, dialect):
            extra.pop("thinking", None)
        head = {"model": self._settings.name, "max_tokens": tokens, "stream": dialect.stream}
        return head | extra

    def _conversation(self, request: Request, dialect: Dialect) -> Iterator[bytes]:
        names = tuple(tool.name for tool in request.tools)
        messages = shaped(
            request.messages, dialect.history, names, dialect.images_max, dialect.refused_images
        )
        blocks = [
            list(self._encoded(message)(message, dialect.carries(message))) for message in messages
        ]
        if dialect.cache_marks:
            for place in _marked(messages, asks_once=request.answer is not None):
                blocks[place][-1] = blocks[place][-1][:-1] + _MARK
        pairs = list(zip(messages, blocks, strict=True))
        system = [one for message, each in pairs if message.role == "system" for one in each]
        if system:
            yield b',"system":[' + b",".join(system) + b"]"
        yield b',"messages":[' + b",".join(_turns(pairs)) + b"]"

    def _encoded(self, message: Message) -> Callable[[Message, bool], tuple[bytes, ...]]:
        """What encodes a message; of those with images fewer are kept, as they are large."""
        return self._image_blocks if message.images else self._blocks


def tool_value(tool: ToolSpec) -> dict[str, object]:
    """Returns a tool in the form of the API."""
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}


def _lacks_thoughts(request: Request, dialect: Dialect) -> bool:
    """Whether the last answer has calls and no thought before them."""
    answers = [message for message in request.messages if message.role == "assistant"]
    if not answers or not answers[-1].tool_calls:
        return False
    blocks = _answer_blocks(answers[-1], carries=dialect.carries(answers[-1]))
    return "thinking" not in str(next(blocks)["type"])


def _marked(messages: Sequence[Message], *, asks_once: bool) -> set[int]:
    """The places of the messages up to which the endpoint may cache; one less for a last question."""
    # Nobody asks for more after a verdict, so that its question is not worth keeping.
    end = len(messages) - (2 if asks_once else 1)
    answers = [place for place, each in enumerate(messages) if each.role == "assistant"]
    people = [place for place, each in enumerate(messages) if each.role == "user"]
    systems = [place for place, each in enumerate(messages) if each.role == "system"]
    wanted = {end, *people[:1], *systems[-1:]}
    wanted |= {answers[-1] - 1} if answers else set()
    return {place for place in wanted if 0 <= place <= end and messages[place].role != "assistant"}


def _turns(pairs: Sequence[tuple[Message, Sequence[bytes]]]) -> Iterator[bytes]:
    """The messages, in which all results of one answer are in one message of the user's."""
    said = [pair for pair in pairs if pair[0].role != "system"]
    for is_answer, group in groupby(said, key=lambda pair: pair[0].role == "assistant"):
        # Results stand first, whatever a person said meanwhile.
        ordered = sorted(group, key=lambda pair: pair[0].role == "user")
        content = b",".join(block for _, blocks in ordered for block in blocks)
        role = b"assistant" if is_answer else b"user"
        yield b'{"role":"%b","content":[%b]}' % (role, content)


def _blocks_of(message: Message, carries: bool) -> tuple[bytes, ...]:
    """The content of a message; the thoughts in it if it `carries` them."""
    if message.role == "assistant":
        return tuple(map(json_bytes, _answer_blocks(message, carries=carries)))
    if message.tool_call_id is not None:
        id_ = _NO_ID.sub("_", message.tool_call_id)
        block = {"type": "tool_result", "tool_use_id": id_, "content": message.text}
        return (json_bytes(block),)
    text = json_bytes({"type": "text", "text": message.text})
    return (text, *map(_image_block, message.images))


def _answer_blocks(message: Message, *, carries: bool) -> Iterator[dict[str, object]]:
    parts, thoughts = carried_reasoning.kept(message, MESSAGES_BLOCKS)
    text, calls = message.text if message.text.strip() else "", iter(message.tool_calls)
    for part in parts if carries else ():
        match part:
            case {"type": "thinking", "thinking": int(chars), **others}:
                thought = thoughts.next(chars)
                if thoughts.whole:
                    yield {"type": "thinking", "thinking": thought, **others}
            case {"type": "text"} if text:
                yield {"type": "text", "text": text}
                text = ""
            case {"type": "tool_use"}:
                yield from (_call_block(call) for call in _first(calls))
            case {"type": "redacted_thinking"}:
                yield part
            case _:
                pass
    if text:
        yield {"type": "text", "text": text}
    yield from map(_call_block, calls)


def _first(calls: Iterator[ToolCall]) -> Iterator[ToolCall]:
    if (call := next(calls, None)) is not None:
        yield call


def _call_block(call: ToolCall) -> dict[str, object]:
    # NaN is no JSON, and a text in the place of it says what was written.
    values = json.loads(valid_arguments(call), parse_constant=str)
    return {
        "type": "tool_use",
        "id": _NO_ID.sub("_", call.id),
        "name": call.name,
        "input": values,
    }


def _image_block(image: Image) -> bytes:
    data = base64.b64encode(image.data if isinstance(image, LoadedImage) else b"")
    return b'{"type":"image","source":{"type":"base64","media_type":"%b","data":"%b"}}' % (
        MEDIA_TYPES[image.format].encode(),
        data,
    )
