"""This module speaks chat completions, with any OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lsp_server.domain.messages import Listener, Request
from lsp_server.models.dialect import Dialect
from lsp_server.models.history_form import is_about_messages
from lsp_server.models.http_model import HttpModel
from lsp_server.models.request_encoder import RequestEncoder, vendor_fields_of
from lsp_server.models.response_builder import ResponseBuilder


class ChatCompletions(HttpModel):
    """A `ChatCompletions` is a Model over `POST {base_url}/chat/completions`; close it.

    Parameters and errors are those of `HttpModel`.
    """

    path = "chat/completions"
    encoder = RequestEncoder

    def _builder(self, request: Request, listen: Listener) -> ResponseBuilder:
        return ResponseBuilder(listen, request.tools)

    def _learned(self, builder: ResponseBuilder, dialect: Dialect) -> Dialect:
        # An endpoint takes reasoning back under the key under which it gave it.
        if builder.reasoning_key and dialect.reasoning_key:
            return replace(dialect, reasoning_key=builder.reasoning_key)
        return dialect

    def _other_forms(self, refusal: str, request: Request, dialect: Dialect) -> Iterator[Dialect]:
        if (narrower := dialect.without(refusal, request)) is not None:
            yield narrower
        # Without words for it: what took a shorter conversation refuses what was added.
        about_messages = self._has_taken or is_about_messages(refusal)
        histories = dialect.history.adapted(
            refusal, vendor_fields_of(request), is_about_messages=about_messages
        )
        for history in histories:
            yield replace(dialect, history=history)
        if about_messages:
            yield replace(dialect, reasoning_key=None)
