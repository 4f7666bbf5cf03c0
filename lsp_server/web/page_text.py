"""This module says which contents of the web are text, and reads their characters."""

from __future__ import annotations

import codecs
import re

_TEXT = re.compile(
    r"text/.+|application/(?:.+\+)?(?:json|xml|yaml|x-yaml|toml|javascript|x-javascript|ecmascript)"
    r"|application/(?:json-seq|x-ndjson|jsonl|x-sh|sql|graphql)"
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSETS = re.compile(
    r"ascii|utf-(?:8|16(?:-[bl]e)?)|iso8859-\d+|cp\d+|koi8-[ru]|mac-\w+|gb\w+|big5\w*"
    r"|euc_\w+|iso2022_\w+|shift_jis\w*|johab|hz|tis-620|kz1048|ptcp154"
)
"""The names that Python gives to encodings which pages have; others do more than decode."""
_LOOKED_AT_BYTES = 2048


def is_text(media_type: str) -> bool:
    """Says whether contents of a type can be read as text.

    >>> is_text("application/problem+json"), is_text("image/svg+xml"), is_text("image/png")
    (True, True, False)
    """
    return media_type == "image/svg+xml" or _TEXT.fullmatch(media_type) is not None


def is_html(media_type: str) -> bool:
    """Says whether a text of a type is HTML."""
    return media_type in ("text/html", "application/xhtml+xml")


def decoded(body: bytes, content_type: str) -> str:
    """Returns the characters of a body: as its mark, its header or it itself says, else as UTF-8.

    What cannot be read becomes a replacement character.

    >>> decoded(b"na\\xefve", "text/plain; charset=iso-8859-1")
    'naïve'
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    start = body[:_LOOKED_AT_BYTES].decode("ascii", "replace")
    declared = _CHARSET.search(content_type) or _CHARSET.search(start)
    return body.decode(_encoding(declared[1]) if declared else "utf-8", "replace")


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    if found in ("iso8859-1", "ascii"):
        # Pages that say so have the letters of Windows, as browsers read them.
        return "cp1252"
    return found if _CHARSETS.fullmatch(found) else "utf-8"
