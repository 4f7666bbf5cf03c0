"""This module reads the body of an answer, whatever the endpoint calls it.

Events, one JSON value and JSON lines are told apart by how they begin: proxies send each of them
under every content type, and an error in the place of an answer must be seen as what it says.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

import httpx

from lsp_server.domain.errors import (
    ModelError,
    ModelMisbehaved,
    ModelRefused,
    ModelUnavailable,
)
from lsp_server.domain.messages import Response
from lsp_server.models.connection import HTTP_FAILURES
from lsp_server.models.error_body import error_in, read_provider_error
from lsp_server.models.event_stream import EventStream, ServerEvent
from lsp_server.models.provider_errors import error_for_status, status_of
from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import ModelSettings

RESPONSE_BYTES_MAX = 64 * 1024 * 1024
"""Sixteen answers of 8192 tokens, each token in a piece of 500 bytes."""
DRAIN_SECONDS = 0.25
"""The time that the end of a finished stream gets, so that its connection is kept."""
SILENCES_MAX = 10
"""The number of silence timeouts for an endpoint that sends signs of life but no answer, or
that cannot stream and so is silent until its answer is complete."""
ODD_ANSWER_PATIENCE_SECONDS = 40.0
"""What is no answer at all may be a server that starts; for longer it is a wrong address."""

_BEGINNING_BYTES = 7
"""As many as show what a body is: `retry:` is the longest name of a field."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(?:data|event|id|retry|error)?:")


class AnswerBuilder(Protocol):
    """An `AnswerBuilder` makes a Response of what one wire sends."""

    @property
    def has_choices(self) -> bool:
        """Returns whether the endpoint began any answer."""
        ...

    @property
    def complete(self) -> bool:
        """Returns whether the endpoint has finished every answer that it began."""
        ...

    @property
    def ended(self) -> bool:
        """Returns whether nothing more is sent."""
        ...

    @property
    def odd(self) -> dict[str, object] | None:
        """Returns the last piece that is no part of an answer."""
        ...

    def add(self, piece: dict[str, object]) -> None:
        """Takes a piece of a stream, or a whole answer."""
        ...

    def response(self, *, prompt_bytes: int) -> Response:
        """Builds the answer. Raises ModelMisbehaved, ModelUnavailable."""
        ...


class AnswerReader:
    """An `AnswerReader` reads answers of one endpoint; `api_key` is masked in what it quotes."""

    def __init__(self, settings: ModelSettings, api_key: str | None) -> None:
        self._settings = settings
        self._api_key = api_key

    async def read(self, reply: httpx.Response, builder: AnswerBuilder) -> None:
        """Gives the builder all of an answer. Raises ModelError for what is none."""
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        pieces = _bounded(reply, self._settings)
        try:
            async with asyncio.timeout(self._silence_seconds_max):
                beginning = await _beginning(pieces)
        except TimeoutError:
            raise self._only_signs_of_life() from None
        is_json = beginning[:1] in (b"{", b"[")
        if _FIELD.match(beginning):
            await self._read_stream(beginning, pieces, builder)
        elif not is_json and (beginning[:1] == b"<" or kind == "text/html"):
            raise self._web_page(beginning + await _rest(pieces))
        elif is_json or kind == "application/json":
            self._read_whole(beginning + await _rest(pieces), builder)
        else:
            await self._read_stream(beginning, pieces, builder)
        if not builder.has_choices and builder.odd is not None:
            raise self._odd_answer(builder.odd)

    def _read_whole(self, body: bytes, builder: AnswerBuilder) -> None:
        for value in _values(body, self._place):
            self._add(value, builder)

    async def _read_stream(
        self, beginning: bytes, pieces: AsyncIterator[bytes], builder: AnswerBuilder
    ) -> None:
        """Reads until the stream says that it is complete, or ends.

        Raises ModelUnavailable when it ends, breaks off or keeps silent before
        the answer is complete.
        """
        clock = asyncio.get_running_loop().time
        events, heard, has_events = EventStream(), clock(), False
        try:
            async for piece in _chained(beginning, pieces):
                for event in events.feed(piece):
                    if self._is_last(event, builder):
                        await _drain(pieces)
                        return
                    heard, has_events = clock(), True
                if clock() - heard > self._silence_seconds_max:
                    raise self._only_signs_of_life()
        except httpx.TransportError:
            # All of it had come: an endpoint that hangs up early has answered all the same.
            if not builder.complete:
                raise
        if any(self._is_last(event, builder) for event in events.end()) or builder.complete:
            return
        if not builder.has_choices and builder.odd is not None:
            return
        if not has_events and beginning and not _FIELD.match(beginning):
            raise self._odd_answer(beginning)
        raise ModelUnavailable(f"{self._place} ended its answer before it was complete")

    def _is_last(self, event: ServerEvent, builder: AnswerBuilder) -> bool:
        """Takes an event; returns True for the one that ends the stream."""
        if event.data.strip() == "[DONE]":
            return True
        try:
            piece = json.loads(event.data)
        except (ValueError, RecursionError) as error:
            if event.name != "error":
                raise self._broken(event.data) from error
            piece = event.data
        if event.name == "error":
            raise self._error_inside(piece)
        self._add(piece, builder)
        return builder.ended

    def _broken(self, data: str) -> ModelError:
        """The error for an event that is no JSON: words, or a piece of an answer."""
        if data.lstrip()[:1] not in ("{", "[", '"'):
            return self._odd_answer(data)
        return ModelUnavailable(f"{self._place} sent a broken piece of an answer")

    def _add(self, piece: object, builder: AnswerBuilder) -> None:
        if isinstance(piece, str):
            raise self._odd_answer(piece)
        if not isinstance(piece, dict):
            raise ModelMisbehaved(f"the answer of {self._place} is no JSON object; ask again")
        if error := error_in(piece):
            raise self._error_inside(error)
        builder.add(piece)

    def _error_inside(self, error: object) -> ModelError:
        provider_error = read_provider_error(error, secret=self._api_key)
        return error_for_status(status_of(provider_error), provider_error, self._settings)

    def _odd_answer(self, body: object) -> ModelError:
        """The error for a body that is neither an answer nor says that it is an error."""
        provider_error = read_provider_error(body, secret=self._api_key)
        status = status_of(provider_error)
        if status != 500:
            return error_for_status(status, provider_error, self._settings)
        if not provider_error.sentence:
            return ModelMisbehaved("the model's answer has no choices; ask again")
        return ModelUnavailable(
            f"{self._place} gave no answer{provider_error.quoted}",
            patience_seconds=ODD_ANSWER_PATIENCE_SECONDS,
        )

    def _web_page(self, body: bytes) -> ModelError:
        said = read_provider_error(body, secret=self._api_key).quoted
        return ModelRefused(
            f"{self._place} answered with a web page{said}; "
            f"correct {self._settings.setting('base_url')}, which has to include the version, "
            "as in /v1"
        )

    def _only_signs_of_life(self) -> ModelError:
        return ModelUnavailable(f"{self._place} sent signs of life but no answer")

    @property
    def _silence_seconds_max(self) -> float:
        return self._settings.silence_timeout_seconds * SILENCES_MAX

    @property
    def _place(self) -> str:
        place = without_credentials(self._settings.base_url or "").partition("://")[2]
        return f"{self._settings.name} at {place.partition('/')[0]}"


async def _beginning(pieces: AsyncIterator[bytes]) -> bytes:
    """The first bytes of a body, enough to see what it is, without blanks before them."""
    beginning = b""
    async for piece in pieces:
        beginning = (beginning + piece).removeprefix(_BYTE_ORDER_MARK).lstrip()
        # The mark itself may come in pieces.
        if len(beginning) >= _BEGINNING_BYTES:
            break
    return beginning


async def _rest(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def _chained(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


async def _bounded(reply: httpx.Response, settings: ModelSettings) -> AsyncIterator[bytes]:
    """The pieces of the body. Raises ModelMisbehaved when there are too many."""
    size = 0
    async for piece in reply.aiter_bytes():
        size += len(piece)
        if size > RESPONSE_BYTES_MAX:
            raise ModelMisbehaved(
                f"the answer is longer than {RESPONSE_BYTES_MAX} bytes; "
                f"lower {settings.setting('output_tokens_max')}"
            )
        yield piece


def _values(body: bytes, place: str) -> list[object]:
    """The JSON values of a body: one, those of a list, or one on each line."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.split("\n") if line.strip() not in ("", "[DONE]")]
        try:
            # A single line that is no JSON is still none.
            return [json.loads(line) for line in lines or [text]]
        except (ValueError, RecursionError):
            raise ModelMisbehaved(f"the answer of {place} is no JSON; ask again") from error
    return value if isinstance(value, list) and value else [value]


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Reads on after the end of an answer."""
    # A body that is not read to its end costs the connection.
    with suppress(TimeoutError, *HTTP_FAILURES):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in pieces:
                pass
