"""This module keeps what a model thought in the form in which its vendor wants it back.

Anthropic signs its thoughts, and OpenAI encrypts them: within a task they have to come back
in their places and to the letter. Their places, signatures and codes are vendor fields of the
message, so that a journal has them. Their texts are those of `Message.reasoning`, out of which
secrets are taken like out of any text; a text that was changed by that is not given back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from lsp_server.domain.messages import Message
from lsp_server.models import vendor_fields

Part: TypeAlias = dict[str, Any]
"""A block of Anthropic's or an item of OpenAI's, of which each text is kept as its length."""

SEPARATOR = "\n\n"
"""Between the texts of `Message.reasoning`, which people read as paragraphs."""


def keep(message: Message, key: str, parts: Sequence[Part], texts: Sequence[str]) -> Message:
    """Returns the message with the parts of its answer, in which `texts` are the thoughts."""
    if not parts:
        return message
    fields = {
        key: list(parts),
        vendor_fields.REASONING_DIGEST: _digest(SEPARATOR.join(filter(None, texts))),
    }
    return replace(message, vendor_fields=vendor_fields.written(fields))


def kept(message: Message, key: str) -> tuple[list[Part], Thoughts]:
    """Returns the parts that a message was kept with, and its thoughts; no parts for another wire's."""
    fields = json.loads(message.vendor_fields) if message.vendor_fields else {}
    parts = fields.get(key)
    is_whole = fields.get(vendor_fields.REASONING_DIGEST) == _digest(message.reasoning)
    return parts if isinstance(parts, list) else [], Thoughts(message.reasoning, whole=is_whole)


class Thoughts:
    """The `Thoughts` of a message are cut into the texts that they came in.

    They are not `whole` where a text of them was changed, as when a secret was taken out.

    >>> thoughts = Thoughts("a\\n\\nbc", whole=True)
    >>> thoughts.next(1), thoughts.next(2)
    ('a', 'bc')
    """

    def __init__(self, text: str, *, whole: bool) -> None:
        self.whole = whole
        self._text = text
        self._at = 0

    def next(self, chars: int) -> str:
        """Returns the next text, of so many characters."""
        text = self._text[self._at : self._at + chars]
        self._at += chars + len(SEPARATOR) if chars else 0
        return text


class Separating:
    """A `Separating` sets the texts of thoughts apart while they come."""

    def __init__(self) -> None:
        self._last: object = None

    def take(self, text: str, place: object) -> str:
        """Returns a piece of the text at a place, behind a separator where it begins a further one."""
        if not text or place == self._last:
            return text
        separator = "" if self._last is None else SEPARATOR
        self._last = place
        return separator + text


def thoughts_mark(message: Message) -> str:
    """Returns what the thoughts that a message was kept with are known by; nothing for none."""
    if f'"{vendor_fields.REASONING_DIGEST}"' not in message.vendor_fields:
        return ""
    return _digest(message.vendor_fields)


def dicts(value: object) -> Iterator[Part]:
    """Returns the objects in a list; none for anything else."""
    return (
        (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
