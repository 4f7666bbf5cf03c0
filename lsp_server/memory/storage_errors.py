"""This module turns what LanceDB raises into errors that say what helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.storage_place import StoragePlace

REASON_CHARS_MAX = 300
FIXES: Mapping[str, str] = MappingProxyType(
    {
        "No space left": "free some space on its disk, or set memory.uri to another place",
        "File too large": "raise the limit of a file's size, or set memory.uri to another place",
        "quota": "raise the quota of its disk, or set memory.uri to another place",
        "Permission denied": "fix the permissions of its folder",
        "Too many open files": "raise the limit of open files",
        "Input/output error": "check its disk",
        "Read-only file system": "set memory.uri to a place that can be written",
    }
)
"""Words of the operating system that occur in an error of LanceDB, and what helps against it."""


class PlaceUnavailable(MemoryUnavailable):
    """The disk or the object store fails; the tables themselves need no repair."""


@contextmanager
def translate_errors(name: str, place: StoragePlace) -> Iterator[None]:
    """Raises MemoryUnavailable, or PlaceUnavailable, for any error of LanceDB in the block.

    `name` is what the message calls the thing that was used, such as a table.
    """
    try:
        yield
    except (RuntimeError, ValueError, OSError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        what = f"the memory's {name} cannot be used ({reason[:REASON_CHARS_MAX]})"
        if fix := _fix_of_place(reason, place):
            raise PlaceUnavailable(f"{what}; {fix}") from error
        raise MemoryUnavailable(f"{what}; the next index run repairs it") from error


def _fix_of_place(reason: str, place: StoragePlace) -> str | None:
    """Returns a fix when the place is to blame, guessed from the error's words; else None."""
    if place.folder is None:
        return f"check {place.setting}, the way to its store and the credentials in the environment"
    return next((fix for words, fix in FIXES.items() if words in reason), None)
