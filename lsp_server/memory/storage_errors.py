"""What LanceDB raises, as errors that say what helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from lsp_server.domain.errors import MemoryUnavailable

REASON_CHARS_MAX = 300
MENDS: Mapping[str, str] = MappingProxyType(
    {
        "No space left": "free some space on its disk, or set memory.uri to another place",
        "File too large": "raise the limit of a file's size, or set memory.uri to another place",
        "quota": "raise the quota of its disk, or set memory.uri to another place",
        "Permission denied": "mend the permissions of its folder",
        "Too many open files": "raise the limit of open files",
        "Input/output error": "check its disk",
        "Read-only file system": "set memory.uri to a place that can be written",
    }
)


class PlaceUnavailable(MemoryUnavailable):
    """The disk or the object store is in trouble: what is in the tables is not in question."""


@contextmanager
def translate_errors(name: str, place: str) -> Iterator[None]:
    """Errors of LanceDB, and of what is under it, as MemoryUnavailable or PlaceUnavailable."""
    try:
        yield
    except (RuntimeError, ValueError, OSError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        what = f"the memory's {name} cannot be used ({reason[:REASON_CHARS_MAX]})"
        if mend := _mend_of_place(reason, place):
            raise PlaceUnavailable(f"{what}; {mend}") from error
        raise MemoryUnavailable(f"{what}; the next index run repairs it") from error


def _mend_of_place(reason: str, place: str) -> str | None:
    """What helps when the trouble is with the place, by what was said of it."""
    if "://" in place:
        return "check memory.uri, the way to its store and the credentials in the environment"
    return next((mend for said, mend in MENDS.items() if said in reason), None)
