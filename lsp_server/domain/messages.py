"""This module defines the chat vocabulary, as model APIs and the Agent Client Protocol use it.

A `Request` goes to a Model, `Delta`s come while it answers, and a `Response` is the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id, VendorFields
from lsp_server.domain.images import Image
from lsp_server.domain.tools import ToolCall, ToolSpec

CACHE_WRITE_FACTOR = 1.25
"""What Anthropic takes for keeping a prompt for five minutes, of the price of reading it."""

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
ModelRole: TypeAlias = Literal["worker", "judge", "cheap", "children"]
"""What a model is asked for: to work, to judge, to write briefs. `children` are subagents and
attempts, each a run of its own with roles of its own."""
StopReason: TypeAlias = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Message:
    """A `Message` is one entry of a conversation.

    `reasoning` is kept because some endpoints want it back inside a tool loop.
    `tool_calls` are set on `assistant` messages alone, `tool_call_id` on `tool` ones,
    where it names the call that `text` answers. `vendor_fields` are given back as they came.
    `images` go with the text, which describes them.
    """

    role: Role
    text: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: Id | None = None
    vendor_fields: VendorFields = ""
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """A `Usage` counts the tokens of one or more requests, as the endpoint reports them.

    `cached_tokens` are a part of `prompt_tokens`, and so are `cache_write_tokens`, which an
    endpoint counts that takes money for keeping them. `reasoning_tokens` are a part of
    `completion_tokens`.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens - other.prompt_tokens,
            self.cached_tokens - other.cached_tokens,
            self.completion_tokens - other.completion_tokens,
            self.cache_write_tokens - other.cache_write_tokens,
            self.reasoning_tokens - other.reasoning_tokens,
        )

    @property
    def total_tokens(self) -> int:
        """Adds up all tokens, cached ones in full."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def cache_hit_rate(self) -> float | None:
        """Returns the share of the prompts that the endpoint had in its cache, 0 to 1; None without prompts.

        >>> Usage(1_000, cached_tokens=900).cache_hit_rate
        0.9
        """
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else None


@dataclass(frozen=True, slots=True)
class Prices:
    """The `Prices` of a model are in US dollars per million tokens.

    `cache_write_usd` is for those of a prompt that the endpoint keeps, where it counts them; None
    is a quarter more than `input_usd`, as Anthropic takes.
    """

    input_usd: float = 0.0
    cached_usd: float = 0.0
    output_usd: float = 0.0
    cache_write_usd: float | None = None

    def cost_usd(self, usage: Usage) -> float:
        """Returns the price of a usage in US dollars.

        >>> prices = Prices(input_usd=1.0, cached_usd=0.1, output_usd=5.0)
        >>> prices.cost_usd(Usage(1_000_000, cached_tokens=500_000, completion_tokens=100_000))
        1.05
        """
        uncached = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens
        write_usd = self.cache_write_usd
        if write_usd is None:
            write_usd = self.input_usd * CACHE_WRITE_FACTOR
        return (
            uncached * self.input_usd
            + usage.cache_write_tokens * write_usd
            + usage.cached_tokens * self.cached_usd
            + usage.completion_tokens * self.output_usd
        ) / 1_000_000


@dataclass(frozen=True, slots=True)
class RoleSpending:
    """A `RoleSpending` is what the model of one role took in a run, in tokens and US dollars."""

    role: ModelRole
    billed: Usage
    cost_usd: float


FREE = Prices()
"""The prices where none are known."""


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """An `AnswerSchema` is a JSON schema that the whole answer has to follow."""

    name: str
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """A `Request` is one question to a model: the messages so far, and the tools it may call.

    `temperature` None leaves the model's own default. `choices` above 1 asks for
    several answers to one prompt; an endpoint may give fewer. `answer` demands JSON.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    choices: int = 1
    answer: AnswerSchema | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A `Choice` is one answer to a request, and why it ended."""

    message: Message
    stop_reason: StopReason


@dataclass(frozen=True, slots=True)
class Response:
    """A `Response` holds the answers to one request, at least one.

    `usage` is what the first choice took; estimates of the context's size rest on it.
    `billed` is everything that was paid to get it, `usage` included, and `cost_usd` its
    price, 0 where no prices are known. With `without_images` the endpoint was found to take
    none, or not all that the request had. `role` is that of the model that answered.
    """

    choices: tuple[Choice, ...]
    usage: Usage
    billed: Usage
    cost_usd: float = 0.0
    without_images: bool = False
    role: ModelRole = "worker"

    @property
    def message(self) -> Message:
        """Returns the message of the first choice."""
        return self.choices[0].message

    @property
    def stop_reason(self) -> StopReason:
        """Returns the stop reason of the first choice."""
        return self.choices[0].stop_reason


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A `TextDelta` is a piece of the visible answer; `choice` counts answers from 0."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A `ReasoningDelta` is a piece of the model's reasoning."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A `ToolCallDelta` is a piece of a tool call: its name once, then its arguments."""

    name: str
    arguments: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request failed and is sent again after `delay_seconds`; earlier pieces are void."""

    reason: str
    attempt: int
    delay_seconds: float


Delta: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | Waiting
Listener: TypeAlias = Callable[[Delta], None]
"""Is called with each piece of an answer, synchronously on the event loop."""


def ignore_deltas(delta: Delta) -> None:
    """Does nothing: a listener for callers that only want the response."""
