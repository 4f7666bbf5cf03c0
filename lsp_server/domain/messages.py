"""The chat vocabulary, as model APIs and the Agent Client Protocol use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.domain.tools import ToolCall, ToolSpec

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
StopReason: TypeAlias = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation.

    `reasoning` is kept because some endpoints want it back inside a tool loop.
    `tool_call_id` is set on `tool` messages alone.
    """

    role: Role
    text: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more requests; `cached_tokens` are part of `prompt_tokens`."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input_usd: float = 0.0
    cached_usd: float = 0.0
    output_usd: float = 0.0

    def cost_usd(self, usage: Usage) -> float:
        uncached = usage.prompt_tokens - usage.cached_tokens
        return (
            uncached * self.input_usd
            + usage.cached_tokens * self.cached_usd
            + usage.completion_tokens * self.output_usd
        ) / 1_000_000


FREE = Prices()
"""Where no prices are known."""


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """A JSON schema that the whole answer has to follow."""

    name: str
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    `temperature` None leaves the model's own default. `choices` above 1 asks for
    several answers to one prompt; an endpoint may give fewer.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    choices: int = 1
    answer: AnswerSchema | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a request."""

    message: Message
    stop_reason: StopReason


@dataclass(frozen=True, slots=True)
class Response:
    """The answers to one request, at least one.

    `usage` is what the chosen answer cost, the measure for context estimates.
    `billed` is everything that was paid to get it, `usage` included, and `cost_usd`
    its price where prices are known.
    """

    choices: tuple[Choice, ...]
    usage: Usage
    billed: Usage
    cost_usd: float = 0.0

    @property
    def message(self) -> Message:
        return self.choices[0].message

    @property
    def stop_reason(self) -> StopReason:
        return self.choices[0].stop_reason


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the visible answer of choice number `choice`."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of the model's reasoning."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call: its name once, then its arguments as they come."""

    name: str
    arguments: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request failed and is sent again after `delay_seconds`; what came is void."""

    reason: str
    attempt: int
    delay_seconds: float


Delta: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | Waiting
Listener: TypeAlias = Callable[[Delta], None]


def ignore_deltas(delta: Delta) -> None:
    """The listener of those who only want the response."""
