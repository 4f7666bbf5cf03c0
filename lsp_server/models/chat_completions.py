"""This module makes a Model of any OpenAI-compatible endpoint.

It streams when the endpoint does, sends the parameters that the endpoint takes
(`dialect`), and sorts every failure by who can fix it. It never retries:
`Retrying` does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import httpx

from lsp_server.domain.errors import (
    ConfigurationError,
    ModelError,
    ModelMisbehaved,
    ModelRefused,
    ModelUnavailable,
    PromptTooLong,
)
from lsp_server.domain.messages import Listener, Request, Response, ignore_deltas
from lsp_server.models.api_key import authorization
from lsp_server.models.connection import (
    CONNECT_TIMEOUT_SECONDS,
    HTTP_FAILURES,
    failure,
    open_client,
    resource,
)
from lsp_server.models.dialect import Dialect
from lsp_server.models.event_stream import EventStream, ServerEvent
from lsp_server.models.provider_errors import (
    error_for_status,
    error_in,
    read_provider_error,
    retry_after_seconds,
    status_of,
)
from lsp_server.models.request_encoder import RequestEncoder
from lsp_server.models.response_builder import ResponseBuilder
from lsp_server.settings.sections import ModelSettings

RESPONSE_BYTES_MAX = 64 * 1024 * 1024
"""Sixteen answers of 8192 tokens, each token in a piece of 500 bytes."""
ERROR_BYTES_MAX = 64 * 1024
DRAIN_SECONDS = 0.25
"""The time that the end of a finished stream gets, so that its connection is kept."""
SILENCES_MAX = 10
"""The number of silence timeouts for an endpoint that sends signs of life but no answer, or
that cannot stream and so is silent until its answer is complete."""


class ChatCompletions:
    """A `ChatCompletions` is a Model over `POST {base_url}/chat/completions`; close it.

    `settings` need `base_url` and `name`. A `client` that is given is closed by
    whoever gave it. An answer without any choice raises ModelMisbehaved; an empty
    message is an answer. The constructor raises ConfigurationError for settings or
    an environment that cannot work.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        api_key: str | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        for key in ("base_url", "name"):
            if not getattr(settings, key):
                raise ConfigurationError(f"model.{key} is not set", key=f"model.{key}")
        self._settings = settings
        self._base_url = settings.base_url or ""
        self._api_key = api_key
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # compressed events arrive late
            **authorization(api_key),
        }
        self._encoder = RequestEncoder(settings)
        self._dialect = Dialect()
        self._owns_client = client is None
        self._client = client or open_client(self._base_url)

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Asks the endpoint. Raises ModelError; what `listen` raises is passed on."""
        dialect = self._dialect
        while True:
            try:
                return await self._ask(request, dialect, listen)
            except _UnsupportedParameter as refused:
                dialect = refused.dialect

    async def close(self) -> None:
        """Closes the connections."""
        if self._owns_client:
            await self._client.aclose()

    async def _ask(self, request: Request, dialect: Dialect, listen: Listener) -> Response:
        body = self._encoder.body(request, dialect)
        builder = ResponseBuilder(listen)
        try:
            async with self._client.stream(
                "POST",
                resource(self._base_url, "chat/completions"),
                content=body,
                headers=self._headers,
                timeout=self._timeout(dialect),
            ) as reply:
                if reply.status_code != httpx.codes.OK:
                    raise await self._refusal(reply, request, dialect)
                # Only now is it known that the endpoint takes this dialect.
                self._dialect = dialect
                await self._read(reply, builder)
        except HTTP_FAILURES as error:
            raise failure(error, self._base_url) from error
        # An endpoint takes reasoning back under the key under which it gave it.
        if builder.reasoning_key and dialect.reasoning_key:
            self._dialect = replace(dialect, reasoning_key=builder.reasoning_key)
        return builder.response(prompt_bytes=len(body))

    def _timeout(self, dialect: Dialect) -> httpx.Timeout:
        silence = self._settings.silence_timeout_seconds
        return httpx.Timeout(
            silence,
            connect=CONNECT_TIMEOUT_SECONDS,
            read=silence if dialect.stream else silence * SILENCES_MAX,
        )

    async def _refusal(
        self, reply: httpx.Response, request: Request, dialect: Dialect
    ) -> Exception:
        """The error for a status other than 200; _UnsupportedParameter if asking anew may help."""
        provider_error = read_provider_error(await _beginning(reply), secret=self._api_key)
        error = error_for_status(
            reply.status_code,
            provider_error,
            self._settings,
            retry_after_seconds=retry_after_seconds(reply.headers, time.time()),
        )
        # Other statuses are never about a single parameter.
        if reply.status_code in (400, 422) and not isinstance(error, PromptTooLong):
            narrower = dialect.without(provider_error.words, request)
            if narrower is not None:
                return _UnsupportedParameter(narrower)
        return error

    async def _read(self, reply: httpx.Response, builder: ResponseBuilder) -> None:
        match reply.headers.get("content-type", "").partition(";")[0].strip().lower():
            case "application/json":
                await self._read_whole(reply, builder)
            case "text/html":
                raise ModelRefused(
                    f"{self._place} answered with a web page; "
                    "correct model.base_url, which has to include the version, as in /v1"
                )
            case _:
                await self._read_stream(reply, builder)

    async def _read_whole(self, reply: httpx.Response, builder: ResponseBuilder) -> None:
        pieces = [piece async for piece in _bounded(reply)]
        try:
            answer = json.loads(b"".join(pieces))
        except (ValueError, RecursionError) as error:
            raise ModelMisbehaved(f"the answer of {self._place} is no JSON; ask again") from error
        self._add(answer, builder)

    async def _read_stream(self, reply: httpx.Response, builder: ResponseBuilder) -> None:
        """Reads until the stream says that it is complete, or ends.

        Raises ModelUnavailable when it ends, breaks off or keeps silent before
        the answer is complete.
        """
        clock = asyncio.get_running_loop().time
        silence_max = self._settings.silence_timeout_seconds * SILENCES_MAX
        events = EventStream()
        pieces = _bounded(reply)
        heard = clock()
        try:
            async for piece in pieces:
                for event in events.feed(piece):
                    if self._is_last(event, builder):
                        return await _drain(pieces)
                    heard = clock()
                if clock() - heard > silence_max:
                    raise ModelUnavailable(f"{self._place} sent signs of life but no answer")
        except httpx.TransportError:
            # All of it had come: an endpoint that hangs up early has answered all the same.
            if not builder.complete:
                raise
        if any(self._is_last(event, builder) for event in events.end()) or builder.complete:
            return None
        raise ModelUnavailable(f"{self._place} ended its answer before it was complete")

    def _is_last(self, event: ServerEvent, builder: ResponseBuilder) -> bool:
        """Takes an event; returns True for the one that ends the stream."""
        if event.data.strip() == "[DONE]":
            return True
        try:
            piece = json.loads(event.data)
        except (ValueError, RecursionError) as error:
            if event.name != "error":
                raise ModelUnavailable(f"{self._place} sent a broken piece of an answer") from error
            piece = event.data
        if event.name == "error":
            raise self._error_inside(piece)
        self._add(piece, builder)
        return False

    def _add(self, piece: object, builder: ResponseBuilder) -> None:
        if not isinstance(piece, dict):
            raise ModelMisbehaved(f"the answer of {self._place} is no JSON object; ask again")
        if error := error_in(piece):
            raise self._error_inside(error)
        builder.add(piece)

    def _error_inside(self, error: object) -> ModelError:
        provider_error = read_provider_error(error, secret=self._api_key)
        return error_for_status(status_of(provider_error), provider_error, self._settings)

    @property
    def _place(self) -> str:
        return f"{self._settings.name} at {httpx.URL(self._base_url).host}"


class _UnsupportedParameter(Exception):
    """The endpoint refused a parameter; `dialect` has it no more. It never leaves this module."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self.dialect = dialect


async def _bounded(reply: httpx.Response) -> AsyncIterator[bytes]:
    """The pieces of a body. Raises ModelMisbehaved beyond RESPONSE_BYTES_MAX."""
    size_bytes = 0
    async for piece in reply.aiter_bytes():
        size_bytes += len(piece)
        if size_bytes > RESPONSE_BYTES_MAX:
            raise ModelMisbehaved(
                f"the answer is longer than {RESPONSE_BYTES_MAX} bytes; "
                "lower model.output_tokens_max"
            )
        yield piece


async def _beginning(reply: httpx.Response) -> bytes:
    """The part of an error's body that comes soon, at most ERROR_BYTES_MAX."""
    body = bytearray()
    with suppress(TimeoutError, *HTTP_FAILURES):
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            async for piece in reply.aiter_bytes():
                body += piece[: ERROR_BYTES_MAX - len(body)]
                if len(body) == ERROR_BYTES_MAX:
                    break
    return bytes(body)


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Reads on after the end of an answer."""
    # A body that is not read to its end costs the connection.
    with suppress(TimeoutError, *HTTP_FAILURES):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in pieces:
                pass
