"""This module serves scripts with faults in them over HTTP.

As a process: `python -m tests.fakes.faulty_server SCENARIO.json`, with the flags of
`lsp_server.models.scripted.server`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from lsp_server.models.scripted.endpoint import (
    Ending,
    LoggedRequest,
    ScriptedEndpoint,
    error_value,
)
from lsp_server.models.scripted.exchange import Exchange
from lsp_server.models.scripted.scenario import EndpointBehaviour, Source
from lsp_server.models.scripted.script_player import ScriptedReply, count_tokens
from lsp_server.models.scripted.server import ScriptedServer, main
from lsp_server.models.scripted.wire_form import WireForm
from tests.fakes.faults import (
    Drop,
    ErrorInStream,
    Fault,
    FaultyBehaviour,
    FaultyPlayer,
    FaultyScenario,
    HttpError,
    InvalidUtf8,
    Silence,
    fault_of,
)


class FaultyServer(ScriptedServer):
    """A ScriptedServer whose endpoint fails where the script or its behaviour says so."""

    def _open_endpoint(self, source: Source, behaviour: EndpointBehaviour) -> ScriptedEndpoint:
        fields = [name for name in FaultyBehaviour.model_fields if hasattr(behaviour, name)]
        faulty = FaultyBehaviour(**{name: getattr(behaviour, name) for name in fields})
        return FaultyEndpoint(FaultyPlayer(source), faulty)


class FaultyEndpoint(ScriptedEndpoint):
    """Refuses what its behaviour says, and plays faults."""

    def __init__(self, player: FaultyPlayer, behaviour: FaultyBehaviour) -> None:
        super().__init__(player, behaviour)
        self._limits = behaviour
        self._in_flight = 0

    async def respond(self, request: LoggedRequest, exchange: Exchange) -> Ending:
        self._in_flight += 1
        try:
            if refused := self._refused(request):
                await exchange.answer(*refused)
                return "refused"
            return await super().respond(request, exchange)
        finally:
            self._in_flight -= 1

    def _refused(self, request: LoggedRequest) -> tuple[int, dict[str, Any]] | None:
        """The status and body for a request that this endpoint does not take."""
        limits, body = self._limits, request.body
        if limits.parallel_max is not None and self._in_flight > limits.parallel_max:
            return 429, error_value("too many requests at once", "rate_limit_exceeded")
        for name in limits.refuses:
            if body.get(name):
                text = f"unsupported parameter: '{name}'"
                return 400, error_value(text, "invalid_request_error", name)
        tokens, tokens_max = count_tokens(len(request.raw)), limits.prompt_tokens_max
        if tokens_max is not None and tokens > tokens_max:
            text = f"the maximum context length is {tokens_max} tokens, the prompt has {tokens}"
            return 400, error_value(text, "context_length_exceeded")
        return None

    async def _play(
        self, reply: ScriptedReply, request: LoggedRequest, exchange: Exchange
    ) -> Ending:
        fault = fault_of(reply)
        match fault:
            case None:
                return await super()._play(reply, request, exchange)
            case HttpError():
                asked = fault.retry_after
                headers = {} if asked is None else {"Retry-After": str(asked)}
                answer = fault.body or error_value("scripted fault", "server_error")
                await exchange.answer(fault.status, answer, headers)
                return "refused"
            case Silence(after_pieces=None):
                await exchange.pause(None)
            case _:
                pass
        try:
            faulty = FaultyExchange(exchange, fault, choices=len(reply.answers), form=request.form)
            return await super()._play(reply, request, faulty)
        except _CutOff:
            exchange.close()
            return "dropped"

    def _streams(self, body: Mapping[str, Any]) -> bool:
        return self._limits.streams and super()._streams(body)


class FaultyExchange(Exchange):
    """An Exchange whose answer goes wrong after some pieces."""

    def __init__(
        self, exchange: Exchange, fault: Fault, choices: int, form: WireForm | None = None
    ) -> None:
        super().__init__(exchange._reader, exchange._writer)
        self._fault = fault
        self._form = form
        self._left = getattr(fault, "after_pieces", None)
        # Each choice begins with an event that says nothing.
        self._beginnings = choices

    async def answer(
        self, status: int, body: object, headers: Mapping[str, str] | None = None
    ) -> None:
        if isinstance(self._fault, Drop | ErrorInStream):
            raise _CutOff
        await super().answer(status, body, headers)

    async def event(self, data: bytes, name: str = "") -> None:
        if self._beginnings > 0:
            self._beginnings -= 1
            return await super().event(data, name)
        if self._left is not None:
            is_last = name in _LAST if self._form else b'"finish_reason": null' not in data
            if self._left == 0 or is_last:
                await self._go_wrong()
            self._left -= 1
        if isinstance(self._fault, InvalidUtf8):
            for key in (b'"content": "', b'"text_delta", "text": "', b'"delta": "'):
                data = data.replace(key, key + b"\xff\xfe")
        return await super().event(data, name)

    async def _go_wrong(self) -> None:
        match self._fault:
            case Silence():
                await self.pause(None)
            case ErrorInStream(error=error):
                value = self._form.error(**_said(error)) if self._form else {"error": error}
                await super().event(json.dumps(value).encode(), "error" if self._form else "")
            case _:
                pass
        raise _CutOff


_LAST = frozenset({"message_delta", "response.completed", "response.incomplete"})
"""The events after which nothing can go wrong with an answer any more."""


def _said(error: Mapping[str, Any]) -> dict[str, str]:
    return {"message": error["message"], "code": str(error.get("type") or error.get("code"))}


class _CutOff(Exception):
    """The rest of an answer does not come."""


def _open_server(scenario: Path, port: int, log: TextIO | None) -> ScriptedServer:
    return FaultyServer(FaultyScenario.load(scenario), port=port, log=log)


if __name__ == "__main__":
    sys.exit(main(_open_server))
