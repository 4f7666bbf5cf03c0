"""This module writes the conditions by which rows are selected."""

from __future__ import annotations

from collections.abc import Sequence


def quote(text: str) -> str:
    """Returns a text as a literal of SQL.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def equals(column: str, value: str) -> str:
    """Returns the condition that a column has this value."""
    return f"{column} = {quote(value)}"


def is_one_of(column: str, values: Sequence[str]) -> str:
    """Returns the condition that a column has one of the values; with no values it never holds.

    >>> is_one_of("path", ["a.py", "b.py"])
    "path IN ('a.py','b.py')"
    """
    if not values:
        return "false"
    return f"{column} IN ({','.join(map(quote, values))})"


def is_within(path: str | None) -> str | None:
    """Returns the condition that a row belongs to this file or to a file in this folder.

    Without a path, or for the workspace's root, every row does: None.

    >>> is_within("src/")
    "(path = 'src' OR starts_with(path, 'src/'))"
    """
    folder = (path or "").strip("/")
    if folder in ("", "."):
        return None
    return f"({equals('path', folder)} OR starts_with(path, {quote(folder + '/')}))"


def all_of(*conditions: str | None) -> str | None:
    """Returns the condition that all of these hold; None always does.

    >>> all_of(is_within("src"), None), all_of(None)
    ("(path = 'src' OR starts_with(path, 'src/'))", None)
    """
    return " AND ".join(filter(None, conditions)) or None


def is_within_one_of(paths: Sequence[str]) -> str | None:
    """Returns the condition that a row belongs to one of these files and folders; of none, None.

    >>> is_within_one_of(["a.md", "b"])
    "((path = 'a.md' OR starts_with(path, 'a.md/')) OR (path = 'b' OR starts_with(path, 'b/')))"
    """
    conditions = [condition for path in paths if (condition := is_within(path))]
    return f"({' OR '.join(conditions)})" if conditions else None
