"""The last look at a prompt before it leaves: a Model that sends no secret to its Model."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lsp_server.domain.messages import Listener, Message, Request, Response, ignore_deltas
from lsp_server.domain.ports import Model
from lsp_server.redaction.redactor import Redactor

MESSAGES_MAX = 4_096
"""Looked at once each: a prompt grows by a few of them a step."""


class RedactingModel:
    """Blacks out secrets in every message of a request."""

    def __init__(self, model: Model, redactor: Redactor) -> None:
        self._model = model
        self._looked_at = lru_cache(MESSAGES_MAX)(redactor.about)

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        messages: tuple[Message, ...] = tuple(map(self._looked_at, request.messages))
        return await self._model.respond(replace(request, messages=messages), listen)
