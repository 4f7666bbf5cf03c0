"""This module parses TOML that somebody else wrote."""

from __future__ import annotations

import tomllib
from typing import Any

DOTS_MAX = 300
"""In one line: the parser takes the square of a key's parts, a minute for 50,000 of them."""


class TooDear(ValueError):
    """A document may be fine, but would take too long or too much memory to parse."""


def loads(text: str) -> dict[str, Any]:
    """Parses a document. Raises ValueError for what is none, TooDear among them."""
    if any(line.count(".") > DOTS_MAX for line in text.split("\n")):
        raise TooDear(f"a line of it has more than {DOTS_MAX} dots")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise TooDear("it is nested too deeply") from error
