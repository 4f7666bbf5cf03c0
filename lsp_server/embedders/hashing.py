"""Feature hashing: vectors of words without a model, the floor that is always there."""

from __future__ import annotations

import asyncio
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence

DIMENSION = 512

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
"""camelCase and snake_case fall into their parts."""


class HashingEmbedder:
    """Signed feature hashing of words with logarithmic counts; unit vectors.

    Texts are near one another when they share words: no synonyms, no order.
    """

    dimension = DIMENSION
    fingerprint = f"hashing-1-{DIMENSION}"

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return await asyncio.to_thread(lambda: [_vector(text) for text in texts])


def _vector(text: str) -> list[float]:
    """Of length 1; a text without words is the first unit vector."""
    sums = [0.0] * DIMENSION
    for word, count in Counter(part.lower() for part in _WORD.findall(text)).items():
        code = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        sign = 1.0 if code >> 31 else -1.0
        sums[code % DIMENSION] += sign * (1.0 + math.log(count))
    length = math.sqrt(sum(value * value for value in sums))
    if not length:
        return [1.0] + [0.0] * (DIMENSION - 1)
    return [value / length for value in sums]
