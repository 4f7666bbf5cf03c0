"""This module turns Events into the conversation that goes with the next request.

Within a cycle it only grows at the end, so that the endpoint's prefix cache holds.
A long tool result is cut here and nowhere else; the journal keeps it whole and
`recall` fetches the rest by the id that the cut names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from lsp_server.domain.events import (
    CycleStarted,
    Event,
    ModelAnswered,
    RunResumed,
    Told,
    ToolReturned,
)
from lsp_server.domain.messages import Message
from lsp_server.domain.tools import Malformed, ToolSpec
from lsp_server.text.count import count_of

BYTES_PER_TOKEN = 4.0
"""The estimate before the endpoint has counted once: English and code are near 4."""

BYTES_PER_TOKEN_RANGE = (1.0, 8.0)
"""The limits within which an endpoint's count corrects the estimate; others are miscounts."""

SHORTENED_CHARS_MIN = 100
"""No kept result is cut to less, since the note about the cut takes about as much."""

COUNTED_TOKENS_MIN = 200
"""A smaller prompt is mostly the frame of messages, and no measure of what text takes."""


class Context:
    """A `Context` is the prompt so far, and knows how large it is.

    Its size is the endpoint's own count of the last prompt plus an estimate of what came
    since; each count also corrects how many bytes the estimate takes for a token. No
    tokenizer is needed, whose vocabulary would have to fit the model.
    `result_chars_max` is the length at which a tool result is cut, in characters.

    >>> context = Context(result_chars_max=8000)
    >>> context.fold(CycleStarted(1, "the run starts", "You are an agent.", "Fix the parser."))
    >>> [message.role for message in context.messages]
    ['system', 'user']
    >>> context.tokens
    16
    """

    def __init__(self, result_chars_max: int) -> None:
        self._result_chars_max = result_chars_max
        self._messages: list[Message] = []
        self._bytes = 0
        self._tool_bytes = 0
        self._bytes_per_token = BYTES_PER_TOKEN
        self._counted: tuple[int, int] | None = None
        """Bytes of messages and tools, and the endpoint's count, of one and the same prompt."""

    def pin(self, tools: Sequence[ToolSpec]) -> None:
        """Sets the tools that go with every request; they count into its size."""
        begins = not self._tool_bytes
        self._tool_bytes = sum(_spec_bytes(tool) for tool in tools)
        if begins and self._counted is not None:
            # What a replayed journal has counted had tools too, which were not known then.
            size, tokens = self._counted
            self._measure(size + self._tool_bytes, tokens)

    @property
    def messages(self) -> tuple[Message, ...]:
        """Returns the messages of the next request."""
        return tuple(self._messages)

    @property
    def tokens(self) -> int:
        """Estimates the size of the next prompt, tools included."""
        size, tokens = self._counted or (0, 0)
        return tokens + round((self._bytes + self._tool_bytes - size) / self._bytes_per_token)

    def measure(self, text: str) -> int:
        """Estimates the size of a text in tokens."""
        return round(_size(text) / self._bytes_per_token)

    def chars(self, tokens: int, text: str) -> int:
        """Estimates how many characters of this text so many tokens are."""
        return round(tokens * self._bytes_per_token * len(text) / max(1, _size(text)))

    @property
    def tool_tokens(self) -> int:
        """Estimates the size of the tools' descriptions in tokens."""
        return round(self._tool_bytes / self._bytes_per_token)

    def fold(self, event: Event) -> None:
        """Takes an Event in. Only this changes the messages."""
        match event:
            case CycleStarted():
                self._begin(event)
            case ModelAnswered():
                # The count is of the prompt without its answer, so it comes first.
                self._count(event.usage.prompt_tokens)
                self._append(_make_replayable(event.message))
            case ToolReturned():
                text = cut_result(event.result.text, self._result_chars_max, event.call_id)
                images = event.result.images
                self._append(Message("tool", text, tool_call_id=event.call_id, images=images))
            case Told():
                self._append(Message("user", event.text, images=event.images))
            case RunResumed(note) if note:
                self._append(Message("user", note))
            case _:
                pass

    def _count(self, tokens: int) -> None:
        """Takes the endpoint's count of the prompt as it is."""
        if tokens <= 0:
            return
        self._measure(self._bytes + self._tool_bytes, tokens)

    def _measure(self, size: int, tokens: int) -> None:
        self._counted = (size, tokens)
        if tokens >= COUNTED_TOKENS_MIN:
            low, high = BYTES_PER_TOKEN_RANGE
            measured = size / tokens
            self._bytes_per_token = min(high, max(low, measured))

    def tail(self, tokens_max: int) -> tuple[int, int]:
        """Returns how many of the last messages fit into `tokens_max`, and their tokens.

        Only whole steps are kept, the last one always. A tail begins with an answer of the
        model: endpoints refuse tool results without the calls that they answer.
        """
        kept, tokens, size = 0, 0, 0
        # The first two messages, system and task, are written again in each cycle.
        for index in range(len(self._messages) - 1, 1, -1):
            size += _message_bytes(self._messages[index])
            if kept and size / self._bytes_per_token > tokens_max:
                break
            if self._messages[index].role == "assistant":
                kept, tokens = len(self._messages) - index, round(size / self._bytes_per_token)
        return kept, tokens

    def fit_results(self, kept: int, tokens_max: int) -> int:
        """Returns the characters to which tool results have to be cut for a tail to fit.

        The tail is the last `kept` messages, which may take `tokens_max`.
        """
        tail = self._messages[len(self._messages) - kept :]
        results = [message.text for message in tail if message.role == "tool"]
        others = sum(_message_bytes(message) for message in tail) - sum(map(_size, results))
        left = tokens_max - round(others / self._bytes_per_token)
        chars = self.chars(max(0, left), "".join(results)) // max(1, len(results))
        # The note about the cut needs room as well.
        return max(SHORTENED_CHARS_MIN, chars - SHORTENED_CHARS_MIN)

    def _begin(self, event: CycleStarted) -> None:
        tail = self._messages[len(self._messages) - event.kept :]
        self._messages, self._bytes, self._counted = [], 0, None
        self._append(Message("system", event.system))
        self._append(Message("user", event.opening, images=event.images))
        for message in tail:
            self._append(_shorten(message, event.result_chars_max))

    def _append(self, message: Message) -> None:
        self._messages.append(message)
        self._bytes += _message_bytes(message)


def cut_result(text: str, chars_max: int, call_id: str) -> str:
    """Returns the text, or its head and tail with a note of how to get the rest.

    `call_id` is the id with which `recall` finds the whole text. The head gets two thirds of
    the room, the tail one.

    >>> print(cut_result("0123456789" * 3, 12, "call-7"))
    01234567
    [18 characters cut; recall {"id": "call-7", "cursor": 8} shows them]
    6789
    """
    if len(text) <= chars_max:
        return text
    head, tail = chars_max * 2 // 3, chars_max // 3
    left_out = len(text) - head - tail
    recall = f'recall {{"id": "{call_id}", "cursor": {head}}} shows them'
    note = f"[{count_of(left_out, 'character')} cut; {recall}]"
    return f"{text[:head]}\n{note}\n{text[-tail:]}"


def _shorten(message: Message, chars_max: int | None) -> Message:
    """Cuts a tool result to the limit.

    Only its beginning is kept: behind that may be an earlier cut, whose note counts
    characters of the whole text.
    """
    if chars_max is None or message.role != "tool" or len(message.text) <= chars_max:
        return message
    call_id = message.tool_call_id
    note = f'[cut; recall {{"id": "{call_id}", "cursor": {chars_max}}} shows the rest]'
    return replace(message, text=f"{message.text[:chars_max]}\n{note}")


def _make_replayable(message: Message) -> Message:
    """Returns the message with arguments that every endpoint accepts back.

    Many parse the arguments in the history and refuse the whole prompt when one
    call was malformed; the tool's answer says to the model what it had sent.
    """
    calls = tuple(
        replace(call, arguments="{}") if isinstance(call.parsed, Malformed) else call
        for call in message.tool_calls
    )
    return message if calls == message.tool_calls else replace(message, tool_calls=calls)


def _message_bytes(message: Message) -> int:
    """Estimates what the message takes in the prompt, its frame included."""
    calls = sum(
        len(call.name) + _size(call.arguments) + _size(call.vendor_fields) + 40
        for call in message.tool_calls
    )
    said = _size(message.text) + _size(message.reasoning) + _size(message.vendor_fields)
    images = sum(round(image.tokens * BYTES_PER_TOKEN) for image in message.images)
    return said + images + calls + 16


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _spec_bytes(tool: ToolSpec) -> int:
    return len(tool.name) + len(tool.description) + len(json.dumps(dict(tool.parameters))) + 40
