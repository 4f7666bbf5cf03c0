"""`StoredVectors` is an Embedder that asks a base for a vector before it makes one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.digest import digest

FindVectors = Callable[[Sequence[str]], Awaitable[Mapping[str, Sequence[float]]]]
"""Returns the vectors that are known of texts, by the digest of the text. Raises MemoryUnavailable."""


class StoredVectors:
    """`StoredVectors` asks another Embedder only for what the base does not have.

    A text is known by its digest, wherever it stands: code that moved, or that several
    repositories have, is embedded once. `made` and `found` count texts.
    """

    def __init__(self, embedder: Embedder, find: FindVectors) -> None:
        self.made = 0
        self.found = 0
        self._embedder = embedder
        self._find = find

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
        keys = [digest(text) for text in texts]
        try:
            known = dict(await self._find(keys))
        except MemoryUnavailable:  # Making them again is slower and as good.
            known = {}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        self.made += len(fresh)
        self.found += len(known)
        if fresh:
            made = await self._embedder.embed(list(fresh.values()))
            known |= dict(zip(fresh, made, strict=True))
        return [known[key] for key in keys]
