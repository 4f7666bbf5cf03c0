"""This module puts the arguments of a call together out of the pieces in which they came.

Proxies send them whole before or behind the pieces, anew with each piece, or encoded twice. Each
of these has one reading. What is cut off or malformed stays as it is: nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise


def whole_arguments(pieces: Sequence[str]) -> str:
    """Returns the text of the arguments.

    >>> whole_arguments(["{}", '{"path": ', '"a"}'])
    '{"path": "a"}'
    >>> whole_arguments(['{"pa', '{"path": "a"}'])
    '{"path": "a"}'
    """
    pieces = [piece for piece in pieces if piece]
    text = "".join(pieces)
    if _is_object(text):
        return text
    if len(pieces) > 1 and pieces[0].strip() == "null":  # Nothing yet, as `{}` is.
        return whole_arguments(pieces[1:])
    if len(pieces) > 1 and all(later.startswith(before) for before, later in pairwise(pieces)):
        return pieces[-1] if _is_object(pieces[-1]) else text
    return _encoded_twice(text) or _said_twice(text) or text


def _encoded_twice(text: str) -> str | None:
    """The object inside a JSON text, or inside a code fence."""
    if text.strip().startswith("```") and text.strip().endswith("```"):
        inner = text.strip().strip("`").partition("\n")[2].strip()
        return inner if _is_object(inner) else None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) and _is_object(value) else None


def _said_twice(text: str) -> str | None:
    """The one object that says something, of several behind each other."""
    decoder, objects, at = json.JSONDecoder(), {}, 0
    text = text.strip()
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        if value:
            objects[json.dumps(value, sort_keys=True)] = text[at:end]
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return next(iter(objects.values())) if len(objects) == 1 else None


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
