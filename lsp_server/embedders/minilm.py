"""all-MiniLM-L6-v2, shipped as int8 ONNX beside this file; built by `scripts/build_minilm.py`."""

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

if TYPE_CHECKING:
    import onnxruntime  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

MODEL_SHA256 = "c8560208bb10e13b85d587203452fb7fa493ab95a304ea1a7b0fba45e12240d9"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
FOLDER = Path(__file__).with_name("minilm")

DIMENSION = 384
PIECES_MAX = 256
"""What the model was trained on: about 1,000 characters of code. The rest of a text is cut."""
THREADS_MAX = 4
IDLE_SECONDS = 60.0
"""Unused for so long, the model is let go; loading it again takes a tenth of a second."""
NICENESS = 10


class MiniLmEmbedder:
    """Unit vectors of 384 from a sentence model that runs in this process.

    Loaded on first use, in a thread, and let go when unused for `idle_seconds`.
    `threads` bounds the cores of one call; unset takes half of them. Raises
    ModelRefused when the installation is damaged.
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
        self._letting_go: asyncio.TimerHandle | None = None
        self._loading = asyncio.Lock()
        self._patient = ThreadPoolExecutor(1, "minilm", initializer=_give_way)
        """For many texts: they are made in the background, and somebody may be typing."""

    @property
    def loaded(self) -> bool:
        """Whether the model is held, which takes 60 MB."""
        return self._network is not None

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        run = (await self._held()).run
        if len(texts) == 1:
            return [await asyncio.to_thread(run, texts[0])]
        loop = asyncio.get_running_loop()
        # One by one: no padding to compute, no vector that depends on its neighbours, little memory.
        return [await loop.run_in_executor(self._patient, run, text) for text in texts]

    async def _held(self) -> Network:
        async with self._loading:
            if self._network is None:
                self._network = await asyncio.to_thread(load, self._folder, self._threads)
        if self._letting_go is not None:
            self._letting_go.cancel()
        loop = asyncio.get_running_loop()
        self._letting_go = loop.call_later(self._idle_seconds, self._let_go)
        return self._network

    def _let_go(self) -> None:
        """What still runs holds it until it is done."""
        self._network = None


def _give_way() -> None:
    """This thread works when others do not want to."""
    if sys.platform == "linux":  # Elsewhere it would be the priority of the whole process.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


@dataclass(frozen=True, slots=True)
class Network:
    """The loaded model; safe to run from several threads at once."""

    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer

    def run(self, text: str) -> list[float]:
        """The vector of a text. Blocking: 2 ms for a question, 60 ms for 1,000 characters."""
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
    # It is heard only before the library is loaded; its own function comes too late.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
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
