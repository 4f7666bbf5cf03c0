"""This module lists the ways in which programs write one value: in addresses, JSON, HTML, source and base64."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus


def encodings_of(value: str) -> frozenset[str]:
    """Returns a value and its other spellings in texts."""
    encoded = base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()
    try:
        in_addresses = {quote(value, safe=""), quote(value), quote_plus(value)}
    except UnicodeEncodeError:  # Half of a surrogate pair, which no address can have.
        in_addresses = set()
    quoted = {json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)}
    return frozenset(
        {value, html.escape(value), encoded.rstrip("="), *in_addresses, *(q[1:-1] for q in quoted)}
    )
