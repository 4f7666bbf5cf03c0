from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.embedders.hashing import DIMENSION, HashingEmbedder, _vector


def likeness(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


async def test_texts_with_the_same_words_are_nearer_than_others() -> None:
    query, near, far = await HashingEmbedder().embed(
        ["read the settings file", "def readSettings(settings_file): ...", "close every socket"]
    )
    assert likeness(query, near) > 0.3 > likeness(query, far)


async def test_nothing_gives_nothing() -> None:
    assert list(await HashingEmbedder().embed([])) == []


@given(st.text())
def test_every_text_gives_one_unit_vector_always_the_same(text: str) -> None:
    vector = _vector(text)
    assert len(vector) == DIMENSION
    assert math.isclose(likeness(vector, vector), 1.0, rel_tol=1e-9)
    assert vector == _vector(text)
