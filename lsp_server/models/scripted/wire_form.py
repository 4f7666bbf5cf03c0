"""This module says what the form of a wire is, and has what the forms share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from lsp_server.models.scripted.scenario import ScriptedAnswer

Value: TypeAlias = Mapping[str, Any]
CallId: TypeAlias = Callable[[], str]
"""Gives a new id."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The `Counts` of one exchange are in tokens; `cached` ones are a part of the prompt."""

    prompt: int
    cached: int
    answer: int


class WireForm(Protocol):
    """A `WireForm` reads requests and writes scripted answers as one wire has them."""

    def chat_body(self, body: Value) -> Value:
        """Returns a request as chat completions have it, which scripts and players know."""
        ...

    def prompt(self, raw: bytes) -> bytes:
        """Returns what of a body is its prompt, for the cache."""
        ...

    def events(
        self, answer: ScriptedAnswer, counts: Counts, call_id: CallId, body: Value
    ) -> Iterator[Value]:
        """Returns the events of a streamed answer, each with its type."""
        ...

    def whole(self, answer: ScriptedAnswer, counts: Counts, call_id: CallId, body: Value) -> Value:
        """Returns an answer that is not streamed."""
        ...

    def error(self, message: str, code: str) -> Value:
        """Returns an error as it stands in a stream."""
        ...


def response_format(name: str, schema: object) -> Value:
    """Returns how chat completions ask for JSON of a schema."""
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}


def text_of(content: object) -> str:
    """Returns the texts of a content, whatever its form."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def has_text(content: object) -> bool:
    """Returns whether a content has anything to read."""
    return bool(text_of(content))
