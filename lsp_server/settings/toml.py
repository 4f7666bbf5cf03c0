"""This module parses TOML that somebody else wrote."""

from __future__ import annotations

import codecs
import tomllib
from typing import Any

DOTS_MAX = 300
"""In one line: the parser takes the square of a key's parts, a minute for 50,000 of them."""


class TooDear(ValueError):
    """A document may be fine, but would take too long or too much memory to parse."""


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes) -> str:
    """Returns the text of a document in UTF-8, or in UTF-16 with its byte order mark.

    Editors for Windows write both, with a mark that is no part of the text. Raises ValueError
    for anything else.
    """
    if data.startswith(_UTF_16):
        return data.decode("utf-16")
    text = data.decode("utf-8-sig")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"line {line} has a NUL character; save the file as UTF-8")
    return text


def loads(text: str) -> dict[str, Any]:
    """Parses a document. Raises ValueError for what is none, TooDear among them."""
    if any(line.count(".") > DOTS_MAX for line in text.split("\n")):
        raise TooDear(f"a line of it has more than {DOTS_MAX} dots")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise TooDear("it is nested too deeply") from error
