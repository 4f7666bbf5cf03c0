"""A `SamplingRequest` is one request for candidates and keeps what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias, assert_never

from lsp_server.domain.errors import ModelError, ModelUnavailable
from lsp_server.domain.messages import (
    Delta,
    ReasoningDelta,
    Request,
    Response,
    TextDelta,
    ToolCallDelta,
    Usage,
    Waiting,
)
from lsp_server.domain.ports import Model

CHARS_PER_TOKEN = 4
"""For attempts that the endpoint never counted."""
ALONE_CHARS = 200
"""Where several answers come at once, the second has begun by then."""

Clock: TypeAlias = Callable[[], float]
"""Seconds of the event loop."""


class SamplingRequest:
    """A `SamplingRequest` runs one request. Waiting to try again counts as failing."""

    def __init__(self, request: Request, begun: Callable[[SamplingRequest], None]) -> None:
        self.request = request
        self.response: Response | None = None
        self.error: ModelError | None = None
        self.heard: dict[int, int] = {}
        """Characters so far, by number of the choice."""
        self.started = 0.0
        self.seconds = 0.0
        self.beside = 0
        self.is_second = False
        self.ended = asyncio.Event()
        self.clear = asyncio.Event()
        """Set at the end, and before it once no second answer is to be expected."""
        self._begun = begun
        self._task: asyncio.Task[None] | None = None

    @property
    def chars(self) -> int:
        """Returns the number of characters that came so far, of all choices together."""
        return sum(self.heard.values())

    def start(self, model: Model, tasks: asyncio.TaskGroup, clock: Clock) -> None:
        """Sends the request to `model`, as a task of `tasks`."""
        self.started = clock()
        self._task = tasks.create_task(self._run(model, clock))

    def cancel(self) -> None:
        """Cancels the request when it is under way, which closes its connection."""
        if self._task is not None:
            self._task.cancel()

    def billed(self, prompt: Usage) -> Usage:
        """Returns what the request cost; a cancelled one is estimated, with `prompt` in it."""
        if self.response is not None:
            return self.response.billed
        if self.error is not None and not self.heard:
            return Usage()
        return prompt + Usage(completion_tokens=self.chars // CHARS_PER_TOKEN)

    def may_end_by(
        self, deadline: float, now: float, chars_least: int, seconds_least: float
    ) -> bool:
        """Says whether it may end by `deadline` with an answer that is long enough.

        At its pace up to `now` it has to give `chars_least` characters by then. Before its
        first piece, there have to be `seconds_least` seconds left. Times are those of the
        event loop's clock.
        """
        if not self.heard:
            return deadline - now >= seconds_least
        pace = self.chars / max(now - self.started, 1e-9)
        return pace * (deadline - self.started) >= chars_least

    async def _run(self, model: Model, clock: Clock) -> None:
        try:
            self.response = await model.respond(self.request, self._on_delta)
        except ModelError as error:
            self.error = error
        finally:
            self.seconds = clock() - self.started
            self.ended.set()
            self.clear.set()
            self._begun(self)

    def _on_delta(self, delta: Delta) -> None:
        match delta:
            case Waiting(reason):
                raise ModelUnavailable(reason)
            case TextDelta(text, choice) | ReasoningDelta(text, choice):
                size = len(text)
            case ToolCallDelta(name, arguments, choice):
                size = len(name) + len(arguments)
            case _:
                assert_never(delta)
        is_first = not self.heard
        self.heard[choice] = self.heard.get(choice, 0) + size
        if is_first:
            self._begun(self)
        if len(self.heard) == 1 and self.chars > ALONE_CHARS:
            self.clear.set()
