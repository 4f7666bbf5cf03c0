"""This module has what a probe asks. The questions are small, and have nothing of the machine."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lsp_server.domain.ids import Id
from lsp_server.domain.images import LoadedImage
from lsp_server.domain.messages import AnswerSchema, Message, Request
from lsp_server.domain.tools import ToolSpec

ANSWER_TOKENS_MAX = 512
"""A model that thinks needs some hundred of them before its first word."""
PREFIX_LINES = 100
"""About 1,500 tokens: OpenAI and others cache nothing that is shorter than 1,024."""
LINE_TOKENS = 12
HUGE_ANSWER_TOKENS = 10_000_000
"""More than any model gives, so that an endpoint which checks says what it would give."""
OVERFLOW_WORDS_MAX = 36_000
"""A window is overrun up to this size: where a prompt fits after all, it is paid for."""
UNKNOWN_WINDOW_WORDS = 12_000
"""Sent where no window is known: more than a local server has by default."""

VERDICTS = ("met", "unmet")
WEATHER = ToolSpec(
    "weather",
    "Tells the weather of one city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The name of one city."}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
VERDICT = AnswerSchema(
    "verdict",
    {
        "type": "object",
        "properties": {"verdict": {"type": "string", "enum": list(VERDICTS)}},
        "required": ["verdict"],
        "additionalProperties": False,
    },
)
COLOUR = "red"
_RED = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAS0lEQVR42u3PQQkAAAgAsetfWiP4FgYrsKZeS0BA"
    "QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEDgsqnc8OJg6Ln3AAAAAElFTkSuQmCC"
)
RED_IMAGE = LoadedImage(
    digest=Id("probe-red-square"),
    format="PNG",
    width=64,
    height=64,
    size_bytes=len(_RED),
    name="square.png",
    data=_RED,
)

FORCED_CALL: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "chat": {"tool_choice": "required"},
        "responses": {"tool_choice": "required"},
        "messages": {"tool_choice": {"type": "any"}},
    }
)
"""What demands a tool call, by wire."""
JSON_OBJECT: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "chat": {"response_format": {"type": "json_object"}},
        "responses": {"text": {"format": {"type": "json_object"}}},
    }
)
"""What demands any JSON object, by wire; Anthropic's has nothing for it."""


def greeting(lines: int = PREFIX_LINES) -> Request:
    """Returns a long prompt with a short answer; sent twice, it shows what is cached."""
    numbered = "\n".join(f"Line {number}: nothing to do here." for number in range(1, lines + 1))
    messages = (
        Message("system", f"You answer as briefly as you can.\n{numbered}"),
        Message("user", "Name the five vowels of English."),
    )
    return Request(messages, temperature=0.0)


def several(count: int) -> Request:
    """Returns a question with several answers, drawn at once."""
    return _asking("Name any animal, in one word.", temperature=1.0, choices=count)


def two_calls() -> Request:
    """Returns a question that takes two calls of one tool."""
    text = "What is the weather in Paris, and what is it in Rome? Look up both at once."
    return _asking(text, tools=(WEATHER,))


def no_call() -> Request:
    """Returns a question that takes no call of the tool that it offers."""
    return _asking("Say hello.", tools=(WEATHER,))


def schema() -> Request:
    """Returns a question that is answered in words, where nothing forces JSON."""
    return _asking("Two and two is four. Does that hold?", answer=VERDICT)


def json_object() -> Request:
    """Returns a question that is answered in JSON, where anything is."""
    return _asking('Answer with a JSON object such as {"colour": "red"}. Which colour is snow?')


def image() -> Request:
    """Returns a question about an image."""
    text = "Which colour is this square? Answer in one word."
    return Request((Message("user", text, images=(RED_IMAGE,)),), temperature=0.0)


def endless() -> Request:
    """Returns a question whose answer is long enough to be cancelled."""
    return _asking("Count from 1 to 500, a number a line.")


def short() -> Request:
    """Returns a question with a short answer."""
    return _asking("Say one word.")


def overflow(words: int) -> Request:
    """Returns a prompt of about as many tokens as `words`."""
    return _asking("word " * words + "\nSay one word.")


def overflow_words(window: int | None) -> int | None:
    """Returns how many words overrun a window of so many tokens; None for one that is too large.

    >>> overflow_words(4_096)
    4705
    """
    if window is None:
        return UNKNOWN_WINDOW_WORDS
    words = window + window // 10 + 200
    return words if words <= OVERFLOW_WORDS_MAX else None


def _asking(text: str, **more: Any) -> Request:
    return Request((Message("user", text),), **{"temperature": 0.0, **more})
