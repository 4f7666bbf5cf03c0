"""This module leaves out of a message what the protocol's types do not know.

The protocol grows, and a client may announce kinds, tags and formats of a later version.
What of it cannot be read counts as not sent: such a value alone, or a member of a list,
or the nearest part around it that can be missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeAlias

from cattrs import BaseValidationError, ClassValidationError, Converter, IterableValidationError
from lsprotocol import types

PASSES_MAX = 50
"""A part around what was left out may be of no use without it, and so on, up to the message."""

FORGIVING = frozenset(
    {
        types.INITIALIZE,
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.TEXT_DOCUMENT_CODE_LENS,
        types.TEXT_DOCUMENT_DID_SAVE,
        types.WORKSPACE_SYMBOL,
    }
)
"""The methods whose parts may be missing; a command or a change of a text means each of them."""

_REQUIRED: dict[str, dict[str, Any]] = {
    types.INITIALIZE: {"capabilities": {}},
    types.TEXT_DOCUMENT_CODE_ACTION: {"context": {"diagnostics": []}},
}
"""What stands for a required parameter that is not there, or of which nothing can be read."""

_Place: TypeAlias = tuple[str | int, ...]


def structured(converter: Converter, message: dict[str, Any], kind: type[Any]) -> Any:
    """Makes a message of the type `kind`, without the parts that nobody can read.

    Changes the message, if its method is FORGIVING. Raises the errors of structuring
    where nothing may be left out.
    """
    if isinstance(params := message.get("params"), dict):
        for name, stand_in in _REQUIRED.get(message["method"], {}).items():
            params.setdefault(name, deepcopy(stand_in))
    for _ in range(PASSES_MAX if message["method"] in FORGIVING else 0):
        try:
            return converter.structure(message, kind)
        except BaseValidationError as error:
            parts = {_nearest(message, place) for place in _places(error, ())}
            # From the end, as a list moves up.
            for part in sorted(parts, key=_order, reverse=True):
                if not _leave_out(message, part):
                    raise
    return converter.structure(message, kind)


def _places(error: BaseException, place: _Place) -> Iterator[_Place]:
    """Yields where the values are that an error is about."""
    match error:
        case ClassValidationError():
            inner: list[tuple[Exception, str | int]] = [
                (each, note.name) for each, note in error.group_exceptions()[0]
            ]
        case IterableValidationError():
            inner = [(each, note.index) for each, note in error.group_exceptions()[0]]
        case _:
            inner = []
    for each, name in inner:
        yield from _places(each, (*place, name))
    if not inner:
        yield place


def _nearest(message: dict[str, Any], place: _Place) -> _Place:
    """Returns the keys to what is at a place, or to the nearest part around it that is there."""
    keys: list[str | int] = []
    value: Any = message
    for name in place:
        key = _key(value, name)
        if key is None:
            break
        keys.append(key)
        value = value[key]
    return tuple(keys)


def _order(place: _Place) -> list[tuple[bool, int, str]]:
    return [(isinstance(key, int), key if isinstance(key, int) else 0, str(key)) for key in place]


def _leave_out(message: dict[str, Any], place: _Place) -> bool:
    """Takes a part out; says whether that was possible."""
    if len(place) < 2:  # Parameters that are no object at all are an error of the client.
        return False
    *around, last = place
    holder: Any = message
    for key in around:
        holder = holder[key]
    stands_in = _REQUIRED.get(message["method"], {}).get(str(last)) if len(place) == 2 else None
    if stands_in is None:
        del holder[last]
    else:
        holder[last] = stands_in
    return True


def _key(value: Any, name: str | int) -> str | int | None:
    """Returns the key of an attribute in JSON, None when it is not there."""
    if isinstance(value, list):
        return name if isinstance(name, int) and name < len(value) else None
    wanted = str(name).replace("_", "").lower()
    keys = value if isinstance(value, dict) else ()
    return next((key for key in keys if key.lower() == wanted), None)
