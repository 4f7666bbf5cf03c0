"""This module builds a Response from the answer of OpenAI's Responses, streamed or whole.

Its pieces are handed on in the form of chat completions, so that what `ResponseBuilder` knows of
odd names, cut characters and missing counts holds here as well. Items are what counts; the events
before them are for listeners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lsp_server.domain.messages import Listener, Request, Response
from lsp_server.models import carried_reasoning
from lsp_server.models.carried_reasoning import Part, Separating, dicts
from lsp_server.models.response_builder import ResponseBuilder
from lsp_server.models.surrogates import joined
from lsp_server.models.vendor_fields import RESPONSES_ITEMS

_FINISHES = {"max_output_tokens": "length", "content_filter": "content_filter"}
_TEXTS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_THOUGHTS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta",
                       "response.reasoning.delta"})  # fmt: skip


class ResponsesBuilder:
    """A `ResponsesBuilder` collects one answer and calls `listen` with each piece."""

    def __init__(self, listen: Listener, request: Request) -> None:
        self._inner = ResponseBuilder(listen, request.tools)
        self._items: dict[int, Part] = {}
        self._streamed: set[tuple[int, str]] = set()
        """The items of which pieces came, and of what kind."""
        self._begun: set[int] = set()
        self._separating = Separating()
        self.ended = False
        self.odd: dict[str, object] | None = None
        """The last piece that is no part of an answer."""

    @property
    def has_choices(self) -> bool:
        """Returns whether the endpoint began an answer."""
        return self._inner.has_choices

    @property
    def complete(self) -> bool:
        """Returns whether the endpoint has said how its answer ended."""
        return self.ended

    def add(self, piece: dict[str, object]) -> None:
        """Takes an event of a stream, or a whole answer."""
        place = piece.get("output_index")
        place = place if isinstance(place, int) else 0
        match piece:
            case {"type": "response.completed" | "response.incomplete" | "response.failed",
                  "response": dict() as response}:  # fmt: skip
                self._end(response)
            case {"object": "response", "output": list()}:
                self._end(piece)
            case {"type": "response.output_item.added", "item": dict() as item}:
                self._begin(place, item)
            case {"type": "response.output_item.done", "item": dict() as item}:
                self._take(place, item)
            case {"type": str(kind), "delta": str(delta)}:
                part = (place, kind, piece.get("summary_index"), piece.get("content_index"))
                self._grow(place, kind, delta, part)
            case {"type": str(kind)} if kind.startswith("response."):
                self._add({})  # New kinds of events may come at any time.
            case {"type": str()} if self._inner.has_choices:
                pass
            case _:
                self.odd = piece

    def response(self, *, prompt_bytes: int) -> Response:
        """Builds the answer. Raises ModelMisbehaved when there is none, ModelUnavailable when it failed."""
        response = self._inner.response(prompt_bytes=prompt_bytes)
        parts, texts = self._kept()
        message = carried_reasoning.keep(response.message, RESPONSES_ITEMS, parts, texts)
        return replace(response, choices=(replace(response.choices[0], message=message),))

    def _begin(self, place: int, item: Part) -> None:
        self._add({})
        if item.get("type") == "function_call":
            self._begun.add(place)
            function = {"name": item.get("name"), "arguments": ""}
            self._add_call(place, {"id": item.get("call_id"), "function": function})

    def _grow(self, place: int, kind: str, delta: str, part: object) -> None:
        if kind in _TEXTS:
            self._streamed.add((place, "message"))
            self._add({"content": delta})
        elif kind in _THOUGHTS:
            self._streamed.add((place, "reasoning"))
            self._add({"reasoning_content": self._separating.take(delta, part)})
        elif kind == "response.function_call_arguments.delta":
            self._streamed.add((place, "function_call"))
            self._add_call(place, {"function": {"arguments": delta}})

    def _take(self, place: int, item: Part) -> None:
        """Takes a finished item, with what of it was not streamed."""
        if place in self._items:
            return
        self._items[place] = item
        kind = str(item.get("type"))
        if kind == "function_call" and place not in self._begun:
            self._begin(place, item)
        if (place, kind) in self._streamed:
            return
        match kind:
            case "message":
                self._add({"content": "".join(_texts(item.get("content")))})
            case "reasoning":
                thoughts = (*_texts(item.get("summary")), *_texts(item.get("content")))
                for part, thought in enumerate(thoughts):
                    text = self._separating.take(thought, (place, part))
                    self._add({"reasoning_content": text})
            case "function_call":
                self._add_call(place, {"function": {"arguments": item.get("arguments")}})
            case _:
                pass

    def _end(self, response: dict[str, object]) -> None:
        for place, item in enumerate(dicts(response.get("output"))):
            self._take(place, item)
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        finish = _FINISHES.get(str(reason), "stop")
        if response.get("status") in ("failed", "cancelled"):
            finish = "error"
        self._add({}, finish=finish, usage=_common_usage(response.get("usage")))
        self.ended = True

    def _add(
        self, delta: dict[str, Any], finish: str | None = None, usage: dict[str, Any] | None = None
    ) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._inner.add({"choices": [choice], "usage": usage})

    def _add_call(self, place: int, call: dict[str, Any]) -> None:
        self._add({"tool_calls": [{"index": place, **call}]})

    def _kept(self) -> tuple[list[Part], list[str]]:
        """The items to keep, and the texts of thoughts; none where there is no thought."""
        parts: list[Part] = []
        texts: list[str] = []
        for place in sorted(self._items):
            item = {key: each for key, each in self._items[place].items() if each is not None}
            match item.get("type"):
                case "reasoning":
                    parts.append(_without_texts(item, texts))
                case "message":
                    parts.append(
                        {key: item[key] for key in ("type", "id", "status", "phase") if key in item}
                    )
                case "function_call":
                    parts.append({key: item[key] for key in ("type", "id") if key in item})
                case _:
                    pass
        has_thoughts = any(part["type"] == "reasoning" for part in parts)
        return (parts, texts) if has_thoughts else ([], [])


def _without_texts(item: Part, texts: list[str]) -> Part:
    """An item with the length of each text, which is added to `texts`."""
    made = {key: each for key, each in item.items() if key != "status"}
    for key in ("summary", "content"):
        if isinstance(item.get(key), list):
            own = [{**each, "text": joined(str(each.get("text", "")))} for each in dicts(item[key])]
            texts += (each["text"] for each in own)
            made[key] = [{**each, "text": len(each["text"])} for each in own]
    return made


def _texts(content: object) -> Iterator[str]:
    for part in dicts(content):
        for key in ("text", "refusal"):
            if isinstance(part.get(key), str):
                yield part[key]


def _common_usage(usage: object) -> dict[str, Any] | None:
    """The counts as chat completions have them."""
    if not isinstance(usage, dict):
        return None
    return {
        "prompt_tokens": usage.get("input_tokens"),
        "prompt_tokens_details": usage.get("input_tokens_details"),
        "completion_tokens": usage.get("output_tokens"),
        "completion_tokens_details": usage.get("output_tokens_details"),
    }
