"""This module writes the conditions by which rows are selected."""

from __future__ import annotations

from collections.abc import Sequence


def quote(text: str) -> str:
    """A text as a literal of SQL.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def equals(column: str, value: str) -> str:
    """The condition that a column has this value."""
    return f"{column} = {quote(value)}"


def is_one_of(column: str, values: Sequence[str]) -> str:
    """The condition that a column has one of the values; with no values it never holds.

    >>> is_one_of("path", ["a.py", "b.py"])
    "path IN ('a.py','b.py')"
    """
    if not values:
        return "false"
    return f"{column} IN ({','.join(map(quote, values))})"


def is_within(path: str | None) -> str | None:
    """The condition that a row belongs to this file or to a file in this folder.

    Without a path, or for the workspace's root, every row does: None.

    >>> is_within("src/")
    "(path = 'src' OR starts_with(path, 'src/'))"
    """
    folder = (path or "").strip("/")
    if folder in ("", "."):
        return None
    return f"({equals('path', folder)} OR starts_with(path, {quote(folder + '/')}))"
