"""This module writes a value in all the ways of programs: in addresses, JSON, HTML, source, base64."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus


def encodings_of(value: str) -> frozenset[str]:
    """Returns the value itself and its other forms in texts.

    >>> "p%40ss" in encodings_of("p@ss")
    True
    """
    encoded = base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()
    try:
        in_addresses = {quote(value, safe=""), quote(value), quote_plus(value)}
    except UnicodeEncodeError:  # Half of a surrogate pair, which no address can have.
        in_addresses = set()
    quoted = {json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)}
    return frozenset(
        {value, html.escape(value), encoded.rstrip("="), *in_addresses, *(q[1:-1] for q in quoted)}
    )
