"""This module holds the small Models that hold another Model: one that redacts, one that
shows what is hidden, one at a temperature, one that knows prices.

The larger ones, `Retrying` and `CutRepetition`, have files of their own. Which
wraps which is on one page, `assemble/model_chain.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from lsp_server.domain.messages import (
    Listener,
    Message,
    ModelRole,
    Prices,
    Request,
    Response,
    ignore_deltas,
)
from lsp_server.domain.ports import Model
from lsp_server.domain.tools import ToolSpec
from lsp_server.redaction.redactor import Redactor
from lsp_server.text.legible import legible

MESSAGES_MAX = 4_096
"""Messages that were redacted are kept: a prompt repeats all but a few at each step."""


class RedactingModel:
    """A `RedactingModel` is a Model that replaces secrets by markers before its Model is asked."""

    def __init__(self, model: Model, redactor: Redactor) -> None:
        self._model = model
        self._redacted = lru_cache(MESSAGES_MAX)(redactor.about)

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns its Model's answer. Raises ModelError."""
        messages: tuple[Message, ...] = tuple(map(self._redacted, request.messages))
        return await self._model.respond(replace(request, messages=messages), listen)


class LegibleModel:
    """A `LegibleModel` is a Model that shows its Model what is hidden in texts, as `legible` does.

    Texts are those of messages and what tools say of themselves. What the model itself wrote is sent back as it is.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._shown = lru_cache(MESSAGES_MAX)(_legible_message)

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns its Model's answer. Raises ModelError."""
        messages: tuple[Message, ...] = tuple(map(self._shown, request.messages))
        shown = replace(request, messages=messages, tools=tuple(map(_legible_tool, request.tools)))
        return await self._model.respond(shown, listen)


class TemperedModel:
    """A `TemperedModel` is a Model that asks its Model at a temperature, where a request names none."""

    def __init__(self, model: Model, temperature: float) -> None:
        self._model = model
        self._temperature = temperature

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns its Model's answer. Raises ModelError."""
        if request.temperature is None:
            request = replace(request, temperature=self._temperature)
        return await self._model.respond(request, listen)


class PricedModel:
    """A `PricedModel` is a Model that says what its Model's answers cost at `prices`, and in which role."""

    def __init__(self, model: Model, prices: Prices, role: ModelRole = "worker") -> None:
        self.model = model
        self.prices = prices
        self.role: ModelRole = role

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns the answer with the price of all that was billed. Raises ModelError."""
        response = await self.model.respond(request, listen)
        return replace(response, cost_usd=self.prices.cost_usd(response.billed), role=self.role)


def _legible_message(message: Message) -> Message:
    if message.role == "assistant":
        return message
    return replace(message, text=legible(message.text))


def _legible_tool(tool: ToolSpec) -> ToolSpec:
    """Others write what a tool from elsewhere says of itself."""
    parameters = {name: _legible_value(value) for name, value in tool.parameters.items()}
    return replace(tool, description=legible(tool.description), parameters=parameters)


def _legible_value(value: object) -> object:
    match value:
        case str():
            return legible(value)
        case Mapping():
            return {key: _legible_value(item) for key, item in value.items()}
        case list() | tuple():
            return [_legible_value(item) for item in value]
        case _:
            return value
