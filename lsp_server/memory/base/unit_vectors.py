"""`UnitVectors` is an Embedder whose vectors have length 1, as those of a base do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lsp_server.domain.ports import Embedder


class UnitVectors:
    """`UnitVectors` brings what another Embedder makes to length 1."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def dimension(self) -> int:
        """Returns that of the embedder within."""
        return self._embedder.dimension

    @property
    def fingerprint(self) -> str:
        """Returns that of the embedder within."""
        return self._embedder.fingerprint

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Returns the vectors of the texts. Raises ModelError."""
        return [unit_vector(vector) for vector in await self._embedder.embed(texts)]


def unit_vector(vector: Sequence[float]) -> Sequence[float]:
    """Returns a vector of the same direction and length 1; one of zeros stays as it is.

    >>> unit_vector([3.0, 4.0]), unit_vector([0.0])
    ([0.6, 0.8], [0.0])
    """
    length = math.hypot(*vector) or 1.0
    return [number / length for number in vector]
