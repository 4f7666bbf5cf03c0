"""`PlainTexts` remember by digest in which texts no secret was found, so that each is looked over once.

What a tool returned is recorded, remembered and sent to the model: the same text three
times. A digest takes a hundredth of the time of a look, and holds nothing of the text.
"""

from __future__ import annotations

import hashlib

CHARS_MIN = 256
"""A look at a shorter text is as quick as its digest."""
TEXTS_MAX = 4_096


class PlainTexts:
    """`PlainTexts` know up to 2 * TEXTS_MAX texts; the oldest half goes when there are more.

    Threads may share it: what one adds while another drops is looked over once more.

    >>> plain, text = PlainTexts(), text_key("x" * 1_000)
    >>> plain.add(text)
    >>> text in plain, text_key("y" * 1_000) in plain, text_key("short")
    (True, False, None)
    """

    def __init__(self) -> None:
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, key: bytes | None) -> bool:
        return key in self._young or key in self._old

    def add(self, key: bytes | None) -> None:
        """Remembers by its key a text in which no secret was found; None is left out."""
        if key is not None:
            self._young.add(key)
            if len(self._young) >= TEXTS_MAX:
                self._old, self._young = self._young, set()


def text_key(text: str) -> bytes | None:
    """Returns the digest of a text, None for one of fewer than CHARS_MIN characters."""
    if len(text) < CHARS_MIN:
        return None
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).digest()
