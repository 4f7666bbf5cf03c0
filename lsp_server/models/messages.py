"""This module speaks Anthropic's Messages, with Anthropic and what is compatible with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lsp_server.domain.errors import ModelError
from lsp_server.domain.messages import Listener, Request
from lsp_server.models.carried_reasoning import thoughts_mark
from lsp_server.models.dialect import Dialect
from lsp_server.models.http_model import HttpModel
from lsp_server.models.messages_builder import MessagesBuilder
from lsp_server.models.messages_encoder import MessagesEncoder


class Messages(HttpModel):
    """A `Messages` is a Model over `POST {base_url}/messages`; close it.

    It gives one answer to a request, whatever `choices` says. Parameters and errors are those
    of `HttpModel`.
    """

    path = "messages"
    encoder = MessagesEncoder

    def _builder(self, request: Request, listen: Listener) -> MessagesBuilder:
        return MessagesBuilder(listen, request)

    def _learned(self, builder: MessagesBuilder, dialect: Dialect) -> Dialect:
        # Ollama takes no notice of the choice of a tool.
        if builder.ignored_answer_tool and dialect.response_format:
            return replace(dialect, response_format=False)
        return dialect

    def _other_dialects(
        self, status: int, refusal: str, request: Request, dialect: Dialect, error: ModelError
    ) -> Iterator[Dialect]:
        # Ollama's cloud, vLLM and proxies look for the key where others have it.
        if status in (401, 403) and self._api_key is not None and not dialect.bearer:
            yield replace(dialect, bearer=True)
        yield from super()._other_dialects(status, refusal, request, dialect, error)

    def _other_forms(self, refusal: str, request: Request, dialect: Dialect) -> Iterator[Dialect]:
        for pattern, change in _REFUSALS:
            if pattern.search(refusal):
                yield replace(dialect, **change)
        if (narrower := dialect.without(refusal, request)) is not None:
            yield narrower
        if any(map(thoughts_mark, request.messages)) and _THOUGHTS.search(refusal):
            yield dialect.without_thoughts(request)


_REFUSALS: tuple[tuple[re.Pattern[str], dict[str, Any]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), change)
    for pattern, change in (
        (r"cache_control", {"cache_marks": False}),
        (r"tool_choice|forces tool use", {"response_format": False}),
        # The thoughts of a step that came from elsewhere are not there to be given back.
        (r"expected\W+thinking|must start with a thinking", {"needs_thoughts": True}),
    )
)
"""Wordings of refusals, and the change for each."""
_THOUGHTS = re.compile(r"signature|thinking", re.IGNORECASE)
"""A thought that another model had, or that lost its signature on the way."""
