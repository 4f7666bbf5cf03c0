"""This module asks an endpoint one question at a time, within limits, and keeps what came back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsp_server.domain.errors import ModelError, ModelUnavailable
from lsp_server.domain.messages import (
    Delta,
    Prices,
    Request,
    Response,
    Usage,
    Waiting,
)
from lsp_server.domain.ports import Model
from lsp_server.models.exchange_recorder import ExchangeRecorder, RecordedExchange
from lsp_server.models.response_builder import BYTES_PER_TOKEN
from lsp_server.models.retrying import Retrying
from lsp_server.models.token_limits import TokenLimits, stated_limits
from lsp_server.settings.sections import ModelSettings

QUESTION_SECONDS_MAX = 60.0
PROBE_SECONDS_MAX = 300.0
RETRY_SECONDS_MAX = 20.0
"""An endpoint that is asked too often is asked again once."""


@dataclass(frozen=True, slots=True)
class ProbedAnswer:
    """A `ProbedAnswer` is what became of a question: a response, or the error, and what went over the wire.

    `pieces` counts what was streamed, from `first_seconds` to `last_seconds` after the question
    was sent. With `stopped` the answer was cancelled after as many pieces as were wanted, which
    took `stop_seconds`.
    """

    request: Request
    exchanges: tuple[RecordedExchange, ...]
    api_key: str | None
    response: Response | None = None
    error: ModelError | None = None
    pieces: int = 0
    first_seconds: float = 0.0
    last_seconds: float = 0.0
    stopped: bool = False
    stop_seconds: float = 0.0

    @property
    def text(self) -> str:
        """Returns what the endpoint answered, as far as it came."""
        return self.response.message.text if self.response else ""

    @property
    def taken(self) -> RecordedExchange | None:
        """Returns the exchange in which the endpoint took the question."""
        return next((each for each in reversed(self.exchanges) if each.status == 200), None)

    @property
    def refused(self) -> RecordedExchange | None:
        """Returns the first exchange in which the endpoint refused it."""
        return next((each for each in self.exchanges if each.status != 200), None)

    @property
    def refused_last(self) -> RecordedExchange | None:
        """Returns the exchange in which it was refused for good."""
        last = self.exchanges[-1] if self.exchanges else None
        return last if last is not None and last.status != 200 else None

    @property
    def refusal(self) -> str:
        """Returns the status and the words of the first refusal, else the error; empty without any."""
        return self.said(self.refused) or (str(self.error) if self.error else "")

    def said(self, exchange: RecordedExchange | None) -> str:
        """Returns the status and the words of a refusal; empty for None."""
        if exchange is None:
            return ""
        words = exchange.error(self.api_key).quoted.removeprefix(": ")
        return f"status {exchange.status}: {words}" if words else f"status {exchange.status}"

    def limits(self) -> TokenLimits:
        """Returns what the endpoint says of its limits where it refused for good."""
        last = self.refused_last
        return stated_limits(last.error(self.api_key).words) if last else TokenLimits()

    @property
    def cut_off_thinking(self) -> bool:
        """Returns whether the answer ended at its length before its first word."""
        response = self.response
        return (
            response is not None
            and response.stop_reason == "length"
            and not response.message.text.strip()
            and not response.message.tool_calls
        )

    def fields(self, *names: str) -> Iterator[tuple[str, Any]]:
        """Yields what the answer has under keys of these names, wherever they stand."""
        for exchange in self.exchanges:
            if exchange.status == 200:
                for value in exchange.values:
                    yield from fields_in(value, names)


def fields_in(value: object, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Yields the entries of a JSON value that have one of these names, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in names:
                yield name, inner
            yield from fields_in(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from fields_in(inner, names)


class _Enough(Exception):
    """As many pieces were heard as are wanted. It never leaves this module."""


class Asker:
    """An `Asker` asks the questions of one probe; close it.

    An endpoint that cannot be reached any more is not waited for a second time.

    `billed` adds up what the answers took, estimated for those that were cancelled.
    """

    def __init__(self, settings: ModelSettings, api_key: str | None, *, seconds_max: float) -> None:
        self.settings = settings
        self.api_key = api_key
        self.billed = Usage()
        self._recorder = ExchangeRecorder(settings, api_key)
        self._is_gone = False
        self._refusals = set[str]()
        self._wires = dict[str, Model]()
        self._started = time.monotonic()
        self._seconds_max = seconds_max

    @property
    def exchanges(self) -> list[RecordedExchange]:
        """Returns all that went over the wire."""
        return self._recorder.exchanges

    @property
    def seconds(self) -> float:
        """Returns the time since the probe began."""
        return time.monotonic() - self._started

    @property
    def prices(self) -> Prices:
        """Returns what the settings know of the endpoint's prices."""
        return self.settings.prices

    async def fetched(
        self, method: str, path: str, body: bytes | None = None
    ) -> RecordedExchange | ModelError:
        """Sends a request that no model answers."""
        try:
            return await self._recorder.request(method, path, body, seconds_max=self._seconds())
        except ModelError as error:
            return error

    async def ask(
        self,
        request: Request,
        changes: Mapping[str, Any] | None = None,
        *,
        pieces_max: int | None = None,
        again: bool = True,
    ) -> ProbedAnswer:
        """Asks a question, with changed settings, and cancels the answer after `pieces_max` pieces.

        Without `again` it is asked once, however the endpoint is at that moment.
        """
        wire = self._wire(dict(changes or {}))
        again = again and not self._is_gone
        model: Model = Retrying(wire, wall_seconds_max=RETRY_SECONDS_MAX) if again else wire
        before, listening = len(self.exchanges), _Listening(pieces_max)
        response: Response | None = None
        error: ModelError | None = None
        try:
            async with asyncio.timeout(self._seconds()):
                response = await model.respond(request, listening)
        except _Enough:
            pass
        except ModelError as raised:
            error = raised
        except TimeoutError:
            error = ModelUnavailable(f"no answer within {QUESTION_SECONDS_MAX:g} s")
        exchanges = tuple(self._news(self.exchanges[before:]))
        answered = listening.answered(request, exchanges, self.api_key, response, error)
        self.billed += _billed(answered)
        self._is_gone = error is not None and not answered.exchanges
        return answered

    def _wire(self, changes: dict[str, Any]) -> Model:
        """The wire for changed settings, which knows what was refused there before."""
        key = json.dumps(changes, sort_keys=True)
        if key not in self._wires:
            settings = self.settings.model_copy(update=changes)
            self._wires[key] = self._recorder.open_wire(settings)
        return self._wires[key]

    def _news(self, exchanges: list[RecordedExchange]) -> Iterator[RecordedExchange]:
        """The exchanges of a question, without refusals that an earlier question has met as well.

        A question with settings of its own is asked anew in the form that most take.
        """
        for exchange in exchanges:
            words = "" if exchange.status == 200 else exchange.error(self.api_key).words
            if exchange is exchanges[-1] or words not in self._refusals:
                yield exchange
            if words:
                self._refusals.add(words)

    async def close(self) -> None:
        """Closes the connections."""
        await self._recorder.close()

    def _seconds(self) -> float:
        """The time that the next question gets. Raises ModelUnavailable when none is left."""
        left = self._seconds_max - self.seconds
        if left <= 0:
            raise ModelUnavailable(f"the probe's {self._seconds_max:g} s were over")
        return min(QUESTION_SECONDS_MAX, left)


class _Listening:
    """What is heard of an answer while it comes."""

    def __init__(self, pieces_max: int | None) -> None:
        self._pieces_max = pieces_max
        self._began = time.monotonic()
        self._first = self._last = self._began
        self._pieces = 0
        self._stopped_at: float | None = None

    def __call__(self, delta: Delta) -> None:
        if isinstance(delta, Waiting):
            self._began, self._pieces = time.monotonic() + delta.delay_seconds, 0
            return
        self._last = time.monotonic()
        if not self._pieces:
            self._first = self._last
        self._pieces += 1
        if self._pieces == self._pieces_max:
            self._stopped_at = self._last
            raise _Enough

    def answered(
        self,
        request: Request,
        exchanges: tuple[RecordedExchange, ...],
        api_key: str | None,
        response: Response | None,
        error: ModelError | None,
    ) -> ProbedAnswer:
        """What became of the question."""
        stopped = self._stopped_at is not None
        return ProbedAnswer(
            request,
            exchanges,
            api_key,
            response,
            error,
            self._pieces,
            self._first - self._began,
            self._last - self._began,
            stopped,
            time.monotonic() - self._stopped_at if self._stopped_at is not None else 0.0,
        )


def _billed(answered: ProbedAnswer) -> Usage:
    """What a question took; an estimate where its answer was cancelled."""
    if answered.response is not None:
        return answered.response.billed
    if answered.stopped and answered.taken is not None:
        return Usage(len(answered.taken.sent) // BYTES_PER_TOKEN, 0, answered.pieces)
    return Usage()
