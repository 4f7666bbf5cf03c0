"""This module has what the requests of every wire are made of."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.messages import AnswerSchema, Message, Request
from lsp_server.domain.tools import Malformed, ToolCall
from lsp_server.settings.sections import ModelSettings

FRAGMENTS_MAX = 512
"""Encoded messages that are kept: more than a prompt has, as it is compacted before that."""

_SCHEMA_IN_WORDS = (
    "Answer with one JSON object and nothing else, no prose and no code fence. "
    "It follows this JSON schema:\n{schema}"
)


def json_bytes(value: Mapping[str, object] | Sequence[object]) -> bytes:
    """Returns a value as JSON in UTF-8, as requests carry it."""
    # Lone surrogates come from file names and broken tools; no server takes them.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
    return text.encode("utf-8", "replace")


def require_free(settings: ModelSettings, filled: Collection[str]) -> None:
    """Raises ConfigurationError when `model.extra_body` has a key that Holdfast fills."""
    if taken := sorted(settings.extra_body.keys() & set(filled)):
        setting = settings.setting("extra_body")
        raise ConfigurationError(
            f"{setting} may not hold {' or '.join(taken)}: Holdfast fills them", key=setting
        )


def temperature_of(request: Request, settings: ModelSettings) -> float | None:
    """Returns the temperature of a request, else that of the settings; None leaves it to the model."""
    return settings.temperature if request.temperature is None else request.temperature


def valid_arguments(call: ToolCall) -> str:
    """Returns the arguments of a call, wrapped when they are no JSON object."""
    # Many servers parse the calls of the history and refuse every later request when one
    # is broken. The call was not run; this only shows the model what it wrote.
    if not isinstance(call.parsed, Malformed):
        return call.arguments
    written = call.arguments
    return json.dumps({"malformed": written}, ensure_ascii=False) if written.strip() else "{}"


def with_schema_in_words(request: Request, answer: AnswerSchema) -> Request:
    """Returns the request with the schema at its very end, where the prefix stays as it is."""
    schema = json.dumps(answer.schema, ensure_ascii=False)
    words = _SCHEMA_IN_WORDS.format(schema=schema)
    *before, last = request.messages or (Message("user", ""),)
    ending = [last, Message("user", words)]
    if last.role in ("user", "system"):
        ending = [replace(last, text=f"{last.text}\n\n{words}".strip())]
    return replace(request, messages=(*before, *ending))
