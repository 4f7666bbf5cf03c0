"""This module reads the body of an error answer: a sentence, and the codes beside it.

Each provider puts them elsewhere, and a proxy before it answers with a page of HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lsp_server.models.surrogates import joined
from lsp_server.redaction.secrets import API_KEY_CHARS_MIN
from lsp_server.text.truncate import truncate

SENTENCE_CHARS_MAX = 300
"""The longest part of a provider's sentence that is quoted."""
READ_CHARS_MAX = 4000
"""The longest part of it that is read."""


@dataclass(frozen=True, slots=True)
class ProviderError:
    """A `ProviderError` is an error as a provider wrote it.

    It has the sentence on one line, and the values of other fields."""

    sentence: str
    codes: str = ""

    @property
    def words(self) -> str:
        """Returns all of it on one line."""
        return f"{self.codes} {self.sentence}".strip()

    @property
    def quoted(self) -> str:
        """Returns the sentence as the end of one of ours, cut to a length that people read."""
        sentence = truncate(self.sentence.rstrip("."), SENTENCE_CHARS_MAX)
        return f": {sentence}" if sentence else ""


def read_provider_error(body: object, *, secret: str | None = None) -> ProviderError:
    """Reads an error body: parsed JSON, or text of any kind. `secret` is masked in it."""
    if isinstance(body, bytes | str):
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        try:
            body = json.loads(_EVENT.sub("", text))
        except (ValueError, RecursionError):
            # An HTML page of a proxy: its words without its tags.
            body = _TAGS.sub(" ", text[:READ_CHARS_MAX])
    sentence, codes = _sentence(body), _codes(body)
    if secret and len(secret) >= API_KEY_CHARS_MIN:
        sentence, codes = sentence.replace(secret, "***"), codes.replace(secret, "***")
    return ProviderError(joined(sentence[:READ_CHARS_MAX]), joined(codes[:READ_CHARS_MAX]))


def error_in(answer: Mapping[str, object]) -> object:
    """Returns the error object inside an answer or a piece of a stream; None when there is none."""
    if error := answer.get("error"):
        # Some only say that there is one, and what it is beside it.
        return error if isinstance(error, str | dict | list) else answer
    # Responses says so in an event, or in an answer that failed.
    if answer.get("type") == "error":
        return answer
    if isinstance(response := answer.get("response"), dict) and (error := response.get("error")):
        return error
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and (error := choice.get("error")):
            return error
    return None


_EVENT = re.compile(r"\A\s*data:")
"""MiMo sends an error as an event, to whom it answers in events."""
_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^<>]*>", re.IGNORECASE | re.DOTALL)


_SENTENCE_KEYS = (
    "message", "detail", "msg", "error_description", "error_message", "error_msg", "errmsg",
    "status_msg", "reason", "title", "errors", "base_resp",
)  # fmt: skip


def _sentence(body: object) -> str:
    """The first text that reads like a message, wherever a provider puts it."""
    match body:
        case str():
            return " ".join(body.split())
        case [first, *_]:
            return _sentence(first)
        case {"error": dict() | str() as inner, **rest}:
            return _sentence(inner) or _sentence(rest)
        case {"metadata": {"raw": str(raw)}, "message": str(message)} if raw:
            return " ".join(f"{message}: {raw}".split())
        case {"message": str(message), "param": str(reason)} if " " in reason:
            return " ".join(f"{message}: {reason}".split())  # MiMo
        case {"loc": [*place], "msg": str(message)}:
            return f"{'.'.join(str(part) for part in place)}: {message}"
        case dict():
            for key in _SENTENCE_KEYS:
                if body.get(key) and (sentence := _sentence(body[key])):
                    return sentence
            return ""
        case _:
            return ""


def _codes(body: object) -> str:
    """The values of `code`, `type`, `param` and their like, in one line."""
    match body:
        case [first, *_]:
            return _codes(first)
        case {"error": dict() as inner}:
            return _codes(inner)
        case dict():
            keys = ("code", "status", "type", "error_type", "param", "object", "error_code")
            return " ".join(str(body[key]) for key in keys if isinstance(body.get(key), str | int))
        case _:
            return ""
