"""What words mean in general, of which code says little: the vector that MiniLM has for each."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import Pool

import numpy as np

from lsp_server.embedders import minilm

WORDS_AT_ONCE = 500


def meanings(words: Sequence[str], processes: int) -> np.ndarray:
    """Returns one row for each word, about their mean; 400 words take a second of a processor."""
    parts = [words[at : at + WORDS_AT_ONCE] for at in range(0, len(words), WORDS_AT_ONCE)]
    with Pool(processes, initializer=_load) as pool:
        rows = np.concatenate(pool.map(_meanings, parts, chunksize=1))
    about_mean: np.ndarray = rows - rows.mean(axis=0)
    return about_mean


_loaded: list[minilm.Network] = []


def _load() -> None:
    _loaded.append(minilm.load(minilm.FOLDER, threads=1))


def _meanings(words: Sequence[str]) -> np.ndarray:
    return np.array([_loaded[0].run(word) for word in words], np.float32)
