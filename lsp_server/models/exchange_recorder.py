"""This module opens connections to an endpoint that keep what went over them, to be looked at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from lsp_server.domain.errors import ModelUnavailable
from lsp_server.models.api_key import key_headers
from lsp_server.models.connection import HTTP_FAILURES, Transport, failure, open_client, resource
from lsp_server.models.error_body import ProviderError, read_provider_error
from lsp_server.models.event_stream import EventStream
from lsp_server.models.provider import Wire, open_wire
from lsp_server.settings.sections import ModelSettings

KEPT_BYTES_MAX = 4 * 1024 * 1024
"""As much of one answer is kept; a listing of some hundred models has one megabyte."""


@dataclass(slots=True)
class RecordedExchange:
    """A `RecordedExchange` is one request and what came back. Header names are in lower case.

    `sent` is the body of the request, `body` the beginning of the answer's.
    """

    path: str
    sent: bytes
    status: int
    headers: Mapping[str, str]
    body: bytearray = field(default_factory=bytearray)

    @property
    def streamed(self) -> bool:
        """Returns whether the answer came in events."""
        return "text/event-stream" in self.headers.get("content-type", "")

    @property
    def values(self) -> list[Any]:
        """Returns the JSON values of the answer: that of each event, or all of it as one."""
        if not self.streamed:
            return [value] if (value := _parsed(self.body)) is not None else []
        events = EventStream()
        datas = [event.data for event in (*events.feed(bytes(self.body)), *events.end())]
        return [value for data in datas if (value := _parsed(data)) is not None]

    def error(self, api_key: str | None) -> ProviderError:
        """Returns what the answer says as an error; the key is masked in it."""
        return read_provider_error(bytes(self.body), secret=api_key)


class ExchangeRecorder:
    """An `ExchangeRecorder` has connections to one endpoint and keeps all `exchanges`; close it.

    `settings` need `base_url`. Raises ConfigurationError for an environment that cannot work.
    """

    def __init__(self, settings: ModelSettings, api_key: str | None) -> None:
        self.exchanges: list[RecordedExchange] = []
        self._settings = settings
        self._base_url = settings.base_url or ""
        self._api_key = api_key
        self._wire = settings.wire
        self._client = open_client(self._base_url, self._recording)

    def open_wire(self, settings: ModelSettings) -> Wire:
        """Opens a wire over these connections; it need not be closed."""
        return open_wire(settings, self._api_key, self._client)

    async def request(
        self, method: str, path: str, body: bytes | None = None, *, seconds_max: float
    ) -> RecordedExchange:
        """Sends a request of no wire to a resource of the endpoint. Raises ModelError."""
        headers = {"Accept-Encoding": "identity", **key_headers(self._api_key, self._wire)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = resource(self._base_url, path)
        try:
            async with (
                asyncio.timeout(seconds_max),
                self._client.stream(
                    method, url, content=body, headers=headers, timeout=seconds_max
                ) as reply,
            ):
                async for _ in reply.aiter_raw():
                    if len(self.exchanges[-1].body) == KEPT_BYTES_MAX:
                        break
        except TimeoutError as error:
            raise ModelUnavailable(f"no answer within {seconds_max:g} s") from error
        except HTTP_FAILURES as error:
            raise failure(error, self._settings) from error
        return self.exchanges[-1]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def _recording(self, transport: Transport) -> Transport:
        return _RecordingTransport(transport, self.exchanges)


class _RecordingTransport(Transport):
    """Carries requests over another transport and keeps what comes back."""

    def __init__(self, transport: Transport, exchanges: list[RecordedExchange]) -> None:
        self._transport = transport
        self._exchanges = exchanges

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = await self._transport.handle_async_request(request)
        exchange = RecordedExchange(
            request.url.path,
            request.content,
            reply.status_code,
            {name.lower(): value for name, value in reply.headers.items()},
        )
        self._exchanges.append(exchange)
        assert isinstance(reply.stream, httpx.AsyncByteStream)
        stream = _RecordedStream(reply.stream, exchange.body)
        return httpx.Response(
            reply.status_code, headers=reply.headers, stream=stream, extensions=reply.extensions
        )

    async def aclose(self) -> None:
        await self._transport.aclose()


class _RecordedStream(httpx.AsyncByteStream):
    """The bytes of an answer, of which the beginning is kept."""

    def __init__(self, stream: httpx.AsyncByteStream, kept: bytearray) -> None:
        self._stream = stream
        self._kept = kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._kept += piece[: KEPT_BYTES_MAX - len(self._kept)]
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _parsed(text: str | bytes | bytearray) -> Any:
    """The JSON value of a text; None for one that has none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
