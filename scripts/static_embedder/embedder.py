"""An embedder that adds up a vector for each word of a text, out of a table.

The table holds one row of int8 for each word, in the file `table.npz`. A word that it does not
have is cut into the longest words that it has, as in `errorhandler`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lsp_server.text.tokenizer import distinct_words

FILE = "table.npz"
BATCH_TEXTS = 128
PIECE_LETTERS_MIN = 3
WORDS_KEPT_MAX = 100_000
"""Words whose pieces are remembered."""


class StaticEmbedder:
    """A `StaticEmbedder` makes vectors of length 1 by a table of words.

    `words` gives the row of each word, `rows` are int8, and `scales` has what a row is to
    be multiplied by.
    """

    def __init__(
        self, words: Mapping[str, int], rows: np.ndarray, scales: np.ndarray, fingerprint: str
    ) -> None:
        self.dimension = int(rows.shape[1])
        self.fingerprint = fingerprint
        self._words = words
        self._rows = rows
        self._scales = scales.astype(np.float32)
        self._known: dict[str, tuple[int, ...]] = {word: (row,) for word, row in words.items()}

    @classmethod
    def load(cls, folder: Path) -> StaticEmbedder:
        """Reads a table. Blocking."""
        path = folder / FILE
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with np.load(path) as stored:
            words = bytes(stored["words"]).decode("ascii").split("\n")
            rows, scales = stored["rows"], stored["scales"]
        numbers = {word: number for number, word in enumerate(words)}
        return cls(numbers, rows, scales, f"static-{digest[:12]}")

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Returns the vectors of the texts, in their order."""
        return await asyncio.to_thread(lambda: list(self.vectors(texts).tolist()))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors as rows of float32. Blocking."""
        batches = [
            self._batch(texts[start : start + BATCH_TEXTS])
            for start in range(0, len(texts), BATCH_TEXTS)
        ]
        return np.concatenate(batches or [np.zeros((0, self.dimension), np.float32)])

    def _batch(self, texts: Sequence[str]) -> np.ndarray:
        sums = np.zeros((len(texts), self.dimension), np.float32)
        for number, text in enumerate(texts):
            ids = self._ids(text)
            if ids:
                sums[number] = self._scales[ids] @ self._rows[ids].astype(np.float32)
            else:
                sums[number, 0] = 1.0  # A text without words must have a direction, too.
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        vectors: np.ndarray = sums / np.maximum(lengths, 1e-9)
        return vectors

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = []
        known = self._known
        for word in distinct_words(text):
            found = known.get(word)
            if found is None:
                found = pieces(word, self._words)
                if len(known) < len(self._words) + WORDS_KEPT_MAX:
                    known[word] = found
            ids.extend(found)
        return ids


def pieces(word: str, words: Mapping[str, int]) -> tuple[int, ...]:
    """The numbers of the longest known words that a word is made of, from its left.

    >>> pieces("errorhandlers", {"error": 0, "handler": 1, "err": 2})
    (0, 1)
    """
    found: list[int] = []
    start = 0
    while start <= len(word) - PIECE_LETTERS_MIN:
        for end in range(len(word), start + PIECE_LETTERS_MIN - 1, -1):
            if (number := words.get(word[start:end])) is not None:
                found.append(number)
                start = end
                break
        else:
            start += 1
    return tuple(found)
