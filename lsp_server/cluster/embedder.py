"""A `RayEmbedder` makes vectors on all processors of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from lsp_server.cluster.ray_cluster import RayCluster
from lsp_server.domain.ports import Embedder

TEXTS_PER_CALL = 64


class RayEmbedder:
    """A `RayEmbedder` holds an Embedder in a process for each processor.

    `make` makes one; it is called here, for its fingerprint, and in each process, which
    loads the model once. Processes that die are replaced.
    """

    def __init__(self, cluster: RayCluster, make: Callable[[], Embedder]) -> None:
        self._cluster = cluster
        self._make = make
        self._embedder = make()
        self._actors: list[Any] = []

    @property
    def dimension(self) -> int:
        """Returns that of the embedder within."""
        return self._embedder.dimension

    @property
    def fingerprint(self) -> str:
        """Returns that of the embedder within."""
        return self._embedder.fingerprint

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Returns the vectors of the texts. Raises ModelError, ProcessesLost."""
        if not self._actors:
            self._actors = self._cluster.processes(EmbeddingWorker, self._make)
        parts = [texts[at : at + TEXTS_PER_CALL] for at in range(0, len(texts), TEXTS_PER_CALL)]
        asked = [
            self._cluster.answer(actor.embed.remote(list(part)))
            for part, actor in zip(parts, cycle(self._actors), strict=False)
        ]
        return [vector for answer in await asyncio.gather(*asked) for vector in answer]


class EmbeddingWorker:
    """An `EmbeddingWorker` holds an Embedder in a process of the cluster."""

    def __init__(self, make: Callable[[], Embedder]) -> None:
        self._embedder = make()

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Returns the vectors of the texts. Raises ModelError."""
        return [list(map(float, one)) for one in await self._embedder.embed(texts)]
