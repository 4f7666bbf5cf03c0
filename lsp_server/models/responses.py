"""This module speaks OpenAI's Responses, with OpenAI and what is compatible with it."""

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
from lsp_server.models.responses_builder import ResponsesBuilder
from lsp_server.models.responses_encoder import ResponsesEncoder


class Responses(HttpModel):
    """A `Responses` is a Model over `POST {base_url}/responses`; close it.

    It gives one answer to a request, whatever `choices` says. Parameters and errors are those
    of `HttpModel`.
    """

    path = "responses"
    encoder = ResponsesEncoder

    def _builder(self, request: Request, listen: Listener) -> ResponsesBuilder:
        return ResponsesBuilder(listen, request)

    def _other_dialects(
        self, status: int, refusal: str, request: Request, dialect: Dialect, error: ModelError
    ) -> Iterator[Dialect]:
        # What an endpoint does not know any more is said with a 404 too.
        if any(map(thoughts_mark, request.messages)) and _THOUGHTS.search(refusal):
            yield dialect.without_thoughts(request)
        yield from super()._other_dialects(status, refusal, request, dialect, error)

    def _other_forms(self, refusal: str, request: Request, dialect: Dialect) -> Iterator[Dialect]:
        for pattern, change in _REFUSALS:
            if pattern.search(refusal) and (request.answer or "response_format" not in change):
                yield replace(dialect, **change)
        if (narrower := dialect.without(refusal, request)) is not None:
            yield narrower
        if any(map(thoughts_mark, request.messages)) and re.search(
            "reasoning", refusal, re.IGNORECASE
        ):
            yield dialect.without_thoughts(request)


_REFUSALS: tuple[tuple[re.Pattern[str], dict[str, Any]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), change)
    for pattern, change in (
        (r"text\.format|\btext\b.{0,40}(?:unknown|unsupported|not (?:supported|permitted))",
         {"response_format": False}),
        (r"\binclude\b|encrypted.content", {"include": False}),
        (r"\bstore\b", {"store": False}),
    )
)  # fmt: skip
"""Wordings of refusals, and the change for each."""
_THOUGHTS = re.compile(
    r"required following item|not persisted|item with id|item .{0,80}not found"
    r"|encrypted.content.{0,400}(?:could not|cannot|invalid|not supported|fail)"
    r"|invalid_encrypted_content",
    re.IGNORECASE | re.DOTALL,
)
"""A thought that another model had, or that the endpoint looks for among what it kept."""
