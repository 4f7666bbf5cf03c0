"""This module asks an endpoint over HTTP, whatever protocol it speaks.

It streams when the endpoint does, sends what the endpoint takes (`dialect`), and sorts every
failure by who can fix it. It never retries: `Retrying` does.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import httpx

from lsp_server.domain.errors import (
    ConfigurationError,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    PromptTooLong,
)
from lsp_server.domain.ids import Id
from lsp_server.domain.images import Image
from lsp_server.domain.messages import Listener, Message, Request, Response, ignore_deltas
from lsp_server.models.answer_reader import SILENCES_MAX, AnswerBuilder, AnswerReader
from lsp_server.models.api_key import key_headers
from lsp_server.models.connection import (
    CONNECT_TIMEOUT_SECONDS,
    HTTP_FAILURES,
    failure,
    open_client,
    resource,
)
from lsp_server.models.dialect import Dialect
from lsp_server.models.error_body import read_provider_error
from lsp_server.models.provider_errors import error_for_status, retry_after_seconds
from lsp_server.models.response_builder import BYTES_PER_TOKEN
from lsp_server.models.shown_images import IMAGES_MAX, show_newest
from lsp_server.models.token_limits import stated_limits
from lsp_server.settings.sections import ModelSettings

TRIES_MAX = 16
"""The number of ways in which one request is asked at most."""
ERROR_BYTES_MAX = 64 * 1024
IMAGES_REFUSED = frozenset({400, 404, 413, 415, 422, 500, 501})
"""Statuses for an image that is not taken: OpenRouter has no endpoint for it (404), and servers
on one's own machine often call it their own mistake (500)."""


class RequestBody(Protocol):
    """A `RequestBody` writes requests as one protocol has them."""

    def body(self, request: Request, dialect: Dialect) -> bytes:
        """Returns the body of a request. Raises ModelError for one that cannot be written."""
        ...


class HttpModel(ABC):
    """An `HttpModel` is a Model over one resource of an endpoint; close it.

    A protocol is a subclass: it names its resource, writes a request, reads an answer, and
    knows what may be changed in a request that was refused.

    `settings` need `base_url` and `name`. A `client` that is given is closed by
    whoever gave it. An answer without any choice raises ModelMisbehaved; an empty
    message is an answer. The constructor raises ConfigurationError for settings or
    an environment that cannot work.
    """

    path: str
    """The resource below the base URL."""
    encoder: Callable[[ModelSettings], RequestBody]
    """What writes the requests of this protocol."""

    def __init__(
        self,
        settings: ModelSettings,
        *,
        api_key: str | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        for key in ("base_url", "name"):
            if not getattr(settings, key):
                setting = settings.setting(key)
                raise ConfigurationError(f"{setting} is not set", key=setting)
        self._settings = settings
        self._base_url = settings.base_url or ""
        self._api_key = api_key
        self._dialect = Dialect(images_max=0 if settings.images == "no" else IMAGES_MAX)
        self._headers(self._dialect)  # A key that no header can carry is refused here.
        self._encoder = type(self).encoder(settings)
        self._has_answered = False
        self._has_taken = False
        self._taken_images: set[Id] = set()
        self._reader = AnswerReader(settings, api_key)
        self._owns_client = client is None
        self._client = client or open_client(self._base_url)

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Asks the endpoint. Raises ModelError; what `listen` raises is passed on."""
        dialect, first, tried = self._dialect, None, set[object]()
        while True:
            try:
                return await self._ask(request, dialect, tried, listen)
            except _Refused as refused:
                dialect, first = refused.dialect, first or refused.error
            except ModelRefused as error:
                # The first one is about the request as it was meant.
                raise first or error from error

    async def close(self) -> None:
        """Closes the connections."""
        if self._owns_client:
            await self._client.aclose()

    @abstractmethod
    def _builder(self, request: Request, listen: Listener) -> AnswerBuilder:
        """What makes a Response of the pieces of an answer."""

    @abstractmethod
    def _other_forms(self, refusal: str, request: Request, dialect: Dialect) -> Iterator[Dialect]:
        """The dialects in which a request may be taken that was refused for what it says."""

    def _learned(self, builder: Any, dialect: Dialect) -> Dialect:  # noqa: ARG002
        """The dialect for later requests, after an answer."""
        return dialect

    def _headers(self, dialect: Dialect) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # compressed events arrive late
            **key_headers(self._api_key, self._settings.wire, bearer=dialect.bearer),
        }

    def _sent(self, request: Request, dialect: Dialect) -> tuple[bool, bytes]:
        """All that a dialect makes of a request, by which a second try is known to be another."""
        return dialect.bearer, self._encoder.body(request, dialect)

    async def _ask(
        self, request: Request, dialect: Dialect, tried: set[object], listen: Listener
    ) -> Response:
        tried.add(sent := self._sent(request, dialect))
        body, builder = sent[1], self._builder(request, listen)
        try:
            async with self._client.stream(
                "POST",
                resource(self._base_url, self.path),
                content=body,
                headers=self._headers(dialect),
                timeout=self._timeout(dialect),
            ) as reply:
                self._has_answered = True
                if reply.status_code != httpx.codes.OK:
                    raise await self._refusal(reply, request, dialect, tried)
                # Only now is it known that the endpoint takes this dialect.
                self._dialect, self._has_taken = dialect, True
                await self._reader.read(reply, builder)
        except HTTP_FAILURES as error:
            raise failure(error, self._settings, has_answered=self._has_answered) from error
        self._dialect = self._learned(builder, dialect)
        images, shown = _images_of(request.messages), self._shown_images(request, dialect)
        self._taken_images.update(image.digest for image in shown)
        response = builder.response(prompt_bytes=_prompt_bytes(body, shown))
        was_told = self._settings.images == "auto" and len(shown) < len(images)
        return replace(response, without_images=was_told)

    def _shown_images(self, request: Request, dialect: Dialect) -> list[Image]:
        newest = _images_of(show_newest(request.messages, dialect.images_max))
        return [image for image in newest if image.digest not in dialect.refused_images]

    def _timeout(self, dialect: Dialect) -> httpx.Timeout:
        silence = self._settings.silence_timeout_seconds
        return httpx.Timeout(
            silence,
            connect=CONNECT_TIMEOUT_SECONDS,
            read=silence if dialect.stream else silence * SILENCES_MAX,
        )

    async def _refusal(
        self, reply: httpx.Response, request: Request, dialect: Dialect, tried: set[object]
    ) -> Exception:
        """The error for a status other than 200; _Refused if asking in another way may help."""
        provider_error = read_provider_error(await _beginning(reply), secret=self._api_key)
        error = error_for_status(
            reply.status_code,
            provider_error,
            self._settings,
            retry_after_seconds=retry_after_seconds(reply.headers, time.time()),
            location=reply.headers.get("location"),
        )
        status, words = reply.status_code, provider_error.words
        for other in self._other_dialects(status, words, request, dialect, error):
            if len(tried) < TRIES_MAX and self._sent(request, other) not in tried:
                return _Refused(other, error)
        return error

    def _other_dialects(
        self, status: int, refusal: str, request: Request, dialect: Dialect, error: ModelError
    ) -> Iterator[Dialect]:
        """The dialects in which a refused request may be taken, the most likely first."""
        learns_images = self._settings.images == "auto"
        is_too_long = isinstance(error, PromptTooLong)
        # A prompt that does not fit is mostly not for its images; a body may well be.
        if learns_images and status in IMAGES_REFUSED and (status == 413 or not is_too_long):
            # The model's own name may speak of vision.
            words = refusal.replace(self._settings.name or "", "")
            fewer = dialect.with_fewer_images(words, request, self._taken_images)
            if fewer is not None:
                yield fewer
        # Other statuses are never about what a request says.
        if status not in (400, 413, 422, 500) or isinstance(error, ModelUnavailable):
            return
        # What a person set is theirs to change.
        if "output_tokens_max" not in self._settings.model_fields_set:
            asked = dialect.answer_tokens_max or self._settings.output_tokens_max
            if (fitting := stated_limits(refusal).fitting_answer(asked)) is not None:
                yield replace(dialect, answer_tokens_max=fitting)
        if is_too_long:
            return
        yield from self._other_forms(refusal, request, dialect)
        if learns_images and status in (400, 422):
            yield replace(dialect, images_max=0)


class _Refused(Exception):
    """The endpoint refused a request that it may take in `dialect`. It never leaves this module."""

    def __init__(self, dialect: Dialect, error: ModelError) -> None:
        super().__init__(dialect)
        self.dialect = dialect
        self.error = error


def _images_of(messages: Iterable[Message]) -> list[Image]:
    return [image for message in messages for image in message.images]


def _prompt_bytes(body: bytes, shown: Iterable[Image]) -> int:
    """How large a request is as a prompt, in which an image counts by its tokens."""
    contents = sum(image.size_bytes * 4 // 3 - image.tokens * BYTES_PER_TOKEN for image in shown)
    return max(0, len(body) - contents)


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
