"""The messages of the next request, as a fold over Events.

Within a cycle they only grow at the end, so the endpoint's prefix cache holds.
A long tool result is cut here and nowhere else; the journal keeps it whole and
`recall` fetches the rest by the id that the cut names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from lsp_server.domain.events import (
    CycleStarted,
    Event,
    ModelAnswered,
    RunResumed,
    Told,
    ToolReturned,
)
from lsp_server.domain.messages import Message, ToolCall, ToolSpec

CHARS_PER_TOKEN = 4.0
"""The estimate before the endpoint has counted once: English and code lie near 4."""

CHARS_PER_TOKEN_RANGE = (1.0, 8.0)
"""What an endpoint's own count may correct the estimate to; outside it has miscounted."""


class Context:
    """The prompt so far, and how large it is."""

    def __init__(self, result_chars_max: int) -> None:
        self._result_chars_max = result_chars_max
        self._messages: list[Message] = []
        self._chars = 0
        self._tool_chars = 0
        self._counted: tuple[int, int] | None = None
        """Characters of messages and the endpoint's token count, of one and the same prompt."""

    def pin(self, tools: Sequence[ToolSpec]) -> None:
        """The tools that go with every request; they count into its size."""
        self._tool_chars = sum(_spec_chars(tool) for tool in tools)

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    @property
    def tokens(self) -> int:
        """The estimated size of the next prompt, tools included."""
        return round((self._chars + self._tool_chars) / self._chars_per_token)

    def measure(self, text: str) -> int:
        """The estimated size of a text, in tokens."""
        return round(len(text) / self._chars_per_token)

    @property
    def _chars_per_token(self) -> float:
        if self._counted is None:
            return CHARS_PER_TOKEN
        chars, tokens = self._counted
        low, high = CHARS_PER_TOKEN_RANGE
        return min(high, max(low, (chars + self._tool_chars) / tokens))

    def fold(self, event: Event) -> None:
        match event:
            case CycleStarted():
                self._begin(event)
            case ModelAnswered():
                if event.usage.prompt_tokens > 0:
                    self._counted = (self._chars, event.usage.prompt_tokens)
                self._append(_replayable(event.message))
            case ToolReturned():
                text = cut(event.result.text, self._result_chars_max, event.call_id)
                self._append(Message("tool", text, tool_call_id=event.call_id))
            case Told():
                self._append(Message("user", event.text))
            case RunResumed():
                self._append(Message("user", event.note))
            case _:
                pass

    def tail(self, tokens_max: int) -> int:
        """How many of the last messages fit, whole steps only and the last step always.

        A tail begins with an answer of the model, since its tool results cannot
        stand without the calls they answer.
        """
        kept, chars = 0, 0
        for index in range(len(self._messages) - 1, 1, -1):
            chars += _chars(self._messages[index])
            if kept and chars / self._chars_per_token > tokens_max:
                break
            if self._messages[index].role == "assistant":
                kept = len(self._messages) - index
        return kept

    def _begin(self, event: CycleStarted) -> None:
        tail = self._messages[len(self._messages) - event.kept :]
        self._messages, self._chars = [], 0
        for message in (Message("system", event.system), Message("user", event.opening), *tail):
            self._append(message)

    def _append(self, message: Message) -> None:
        self._messages.append(message)
        self._chars += _chars(message)


def cut(text: str, chars_max: int, call_id: str) -> str:
    """The text, or its head and tail and how to get the rest."""
    if len(text) <= chars_max:
        return text
    head, tail = chars_max * 2 // 3, chars_max // 3
    left_out = len(text) - head - tail
    note = f'[{left_out} characters cut; recall {{"id": "{call_id}", "cursor": {head}}} shows them]'
    return f"{text[:head]}\n{note}\n{text[-tail:]}"


def _replayable(message: Message) -> Message:
    """The message with arguments that every endpoint accepts back.

    Many parse the arguments in the history and refuse the whole prompt when one
    call was malformed; the tool's answer tells the model what it had sent.
    """
    calls = tuple(
        call if call.well_formed else ToolCall(call.id, call.name, "{}")
        for call in message.tool_calls
    )
    if calls == message.tool_calls:
        return message
    return Message(message.role, message.text, message.reasoning, calls, message.tool_call_id)


def _chars(message: Message) -> int:
    """About what the message takes in the prompt, its frame included."""
    calls = sum(len(call.name) + len(call.arguments) + 40 for call in message.tool_calls)
    return len(message.text) + len(message.reasoning) + calls + 16


def _spec_chars(tool: ToolSpec) -> int:
    return len(tool.name) + len(tool.description) + len(json.dumps(dict(tool.parameters))) + 40
