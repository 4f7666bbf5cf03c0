from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.domain.errors import ModelRefused
from lsp_server.embedders.minilm import DIMENSION, FOLDER, MiniLmEmbedder
from tests.harness.expectation import until

FOLDER_BYTES_MAX = 30_000_000


def likeness(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder(threads=1)


async def test_meaning_is_nearer_than_other_meaning(minilm: MiniLmEmbedder) -> None:
    """As the full-precision model ranks them, with room for the quantization."""
    code, same, other = await minilm.embed(
        [
            "def read_file(path): return open(path).read()",
            "load the contents of a file from disk",
            "HTTP client connection pool timeout",
        ]
    )
    assert likeness(code, same) == pytest.approx(0.42, abs=0.05)
    assert likeness(code, other) == pytest.approx(-0.04, abs=0.05)


async def test_a_vector_depends_on_its_text_alone(minilm: MiniLmEmbedder) -> None:
    texts = [f"{'word ' * (40 - 3 * i)}number {i}" for i in range(12)]
    together = await minilm.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        (alone,) = await minilm.embed([text])
        assert len(vector) == DIMENSION
        assert likeness(vector, vector) == pytest.approx(1.0, abs=1e-4)
        assert alone == vector


async def test_texts_of_any_length_and_script_have_a_vector(minilm: MiniLmEmbedder) -> None:
    texts = ["", " ", "x" * 50_000, "語" * 2_000, "\x00\x01", "word " * 5_000]
    for vector in await minilm.embed(texts):
        assert len(vector) == DIMENSION
        assert all(math.isfinite(value) for value in vector)


async def test_a_model_that_nobody_uses_is_let_go_and_comes_back() -> None:
    minilm = MiniLmEmbedder(threads=1, idle_seconds=0.05)
    before = await minilm.embed(["text"])
    assert minilm.loaded
    await until(lambda: not minilm.loaded, "the model to be let go")
    assert await minilm.embed(["text"]) == before


async def test_nothing_gives_nothing(minilm: MiniLmEmbedder) -> None:
    assert list(await minilm.embed([])) == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"model.onnx": b"truncated"}, "not the one that was shipped"),
        ({}, "cannot be read"),
    ],
)
async def test_a_damaged_installation_says_what_to_do(
    tmp_path: Path, damage: dict[str, bytes], says: str
) -> None:
    for name, data in damage.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelRefused, match=f"{says}.*reinstall"):
        await MiniLmEmbedder(folder=tmp_path).embed(["text"])


def test_the_shipped_model_is_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < FOLDER_BYTES_MAX


EMBEDS = """
import asyncio
from lsp_server.embedders.minilm import MiniLmEmbedder
print(len(asyncio.run(MiniLmEmbedder(threads=1).embed(["text", "more"]))))
"""


def test_it_keeps_no_record_of_its_use(tmp_path: Path) -> None:
    """The library would make an identity and a queue of reports beside it."""
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = embedding(environment)
    assert done.stdout.strip() == "2"
    assert not list(tmp_path.rglob("*"))


def embedding(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", EMBEDS],
        env=environment, capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
