"""This module makes the short content hashes that ids and vector keys consist of."""

from __future__ import annotations

import hashlib


def digest(*parts: str) -> str:
    """128 bits of SHA-256 over the parts, as 32 hexadecimal digits.

    >>> digest("a", "b") == digest("ab")
    False
    """
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]
