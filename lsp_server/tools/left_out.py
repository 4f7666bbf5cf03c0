"""This module notes what a walk over files left out, so that the model knows what it does not see."""

from __future__ import annotations

NAMED_MAX = 20


class LeftOut:
    """A `LeftOut` collects paths that were left out, each with the reason.

    >>> left_out = LeftOut()
    >>> left_out.add("private/", "Permission denied")
    >>> left_out.notes()
    ['[private/ was left out: Permission denied]']
    """

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def add(self, path: str, reason: str) -> None:
        """Takes a path that was left out."""
        self._reasons[path] = reason

    def notes(self) -> list[str]:
        """Returns a line for each of the first NAMED_MAX, and one that counts the others."""
        named = list(self._reasons.items())[:NAMED_MAX]
        notes = [f"[{path} was left out: {reason}]" for path, reason in named]
        more = len(self._reasons) - len(named)
        return [*notes, f"[{more} more were left out]"] if more else notes
