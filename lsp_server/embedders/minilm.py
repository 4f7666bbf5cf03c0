"""This module makes vectors of texts with all-MiniLM-L6-v2, in this process.

The model is shipped as int8 ONNX beside this file; `scripts/build_minilm.py` builds
it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.domain.errors import ModelRefused
from lsp_server.system import startup

if TYPE_CHECKING:
    import onnxruntime  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

MODEL_SHA256 = "c8560208bb10e13b85d587203452fb7fa493ab95a304ea1a7b0fba45e12240d9"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
FOLDER = Path(__file__).with_name("minilm")

DIMENSION = 384
PIECES_MAX = 128
"""Word pieces that are read of a text, about 500 characters of code; the rest is cut off. The model
was trained on 256, which take twice the time."""
THREADS_MAX = 4
IDLE_SECONDS = 60.0
"""A model that is unused for so long is released; loading it again takes a tenth of a second."""
NICENESS = 10


class MiniLmEmbedder:
    """A `MiniLmEmbedder` makes vectors of 384 numbers and length 1 with a small sentence model.

    The model is loaded on first use, in a thread, takes 60 MB, and is released when
    it is unused for `idle_seconds`. `threads` bounds the cores of one call, by
    default to half of them. `folder` holds the files of the model.

    Example::

        embedder = MiniLmEmbedder()
        question, code = await embedder.embed(["read a file", "def load(path): ..."])
        cosine = sum(a * b for a, b in zip(question, code, strict=True))
    """

    dimension = DIMENSION
    fingerprint = f"minilm-{MODEL_SHA256[:12]}-{PIECES_MAX}"

    def __init__(
        self,
        *,
        threads: int | None = None,
        folder: Path = FOLDER,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._threads = threads or max(1, min(THREADS_MAX, (os.cpu_count() or 2) // 2))
        self._folder = folder
        self._idle_seconds = idle_seconds
        self._network: Network | None = None
        self._release_timer: asyncio.TimerHandle | None = None
        self._loading = asyncio.Lock()
        # Many texts are made in the background, while somebody may be typing.
        self._background = ThreadPoolExecutor(1, "minilm", initializer=_lower_priority)

    @property
    def loaded(self) -> bool:
        """Says whether the model is in memory now."""
        return self._network is not None

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Returns the vectors of the texts, in their order.

        A single text is taken for a question and made at once, in about 2 ms; several
        are made one by one at low priority, 40 ms for a chunk of code. A vector does
        not depend on the other texts. Raises ModelRefused when the installation is
        damaged.
        """
        run = (await self._load()).run
        try:
            if len(texts) == 1:
                return [await asyncio.to_thread(run, texts[0])]
            loop = asyncio.get_running_loop()
            # A batch would compute padding, take memory, and let neighbours change a vector.
            return [await loop.run_in_executor(self._background, run, text) for text in texts]
        finally:
            self._release_when_idle()

    async def _load(self) -> Network:
        if self._release_timer is not None:
            self._release_timer.cancel()
        async with self._loading:
            if self._network is None:
                self._network = await asyncio.to_thread(load, self._folder, self._threads)
            return self._network

    def _release_when_idle(self) -> None:
        """Releases the model in a while; each call begins that time anew when it ends."""
        if self._release_timer is not None:
            self._release_timer.cancel()
        loop = asyncio.get_running_loop()
        self._release_timer = loop.call_later(self._idle_seconds, self._release)

    def _release(self) -> None:
        # Calls that still run have the network in their hands, so it stays until they end.
        self._network = None


def _lower_priority() -> None:
    """Lets this thread work only when others do not want to."""
    if sys.platform == "linux":  # Elsewhere it would be the priority of the whole process.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


@dataclass(frozen=True, slots=True)
class Network:
    """A `Network` is the loaded model; it is safe to run from several threads at once."""

    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer

    def run(self, text: str) -> list[float]:
        """Returns the vector of a text. Blocking."""
        import numpy as np  # noqa: PLC0415 - heavy: kept off the way to the first answer

        ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        (vectors,) = self.session.run(["embedding"], inputs)
        vector: list[float] = vectors[0].tolist()
        return vector


def load(folder: Path, threads: int) -> Network:
    """Checks and loads the files of the model. Blocking. Raises ModelRefused."""
    model, vocabulary = folder / "model.onnx", folder / "tokenizer.json"
    _check(model, MODEL_SHA256)
    _check(vocabulary, TOKENIZER_SHA256)
    startup.disable_telemetry_of_onnxruntime()
    try:
        import onnxruntime  # noqa: PLC0415 - heavy: kept off the way to the first answer
        from tokenizers import Tokenizer  # noqa: PLC0415
    except ImportError as error:
        raise ModelRefused(
            f"the embedding model cannot run here ({error}); "
            "set memory.embedder to hashing or reinstall holdfast"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads must not burn the cores that a person is typing on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    # By its path: of bytes, the session would keep a copy.
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(vocabulary))
    tokenizer.enable_truncation(PIECES_MAX)
    tokenizer.no_padding()
    return Network(session, tokenizer)


def _check(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelRefused(
            f"the embedding model's {path.name} cannot be read ({error.strerror}); "
            "reinstall holdfast"
        ) from error
    if found != sha256:
        raise ModelRefused(
            f"the embedding model's {path.name} is not the one that was shipped; reinstall holdfast"
        )
