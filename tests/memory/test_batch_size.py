from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.memory.batch_size import BATCH_SECONDS, TEXTS_MAX, TEXTS_MIN, BatchSize


def size_after(seconds_a_text: float, batches: int, *, left: int = 10_000) -> int:
    size = BatchSize()
    for _ in range(batches):
        made = min(size.texts, left)
        size.adapt(made=made, seconds=made * seconds_a_text)
    return size.texts


def test_batches_grow_where_vectors_cost_nothing() -> None:
    assert size_after(0.0001, 10) == TEXTS_MAX


def test_batches_stay_small_where_each_vector_takes_long() -> None:
    assert size_after(0.06, 10) == TEXTS_MIN


def test_few_texts_say_nothing_about_many() -> None:
    assert size_after(0.01, 10, left=1) == TEXTS_MIN


def test_an_embedder_that_became_slow_gets_fewer_texts() -> None:
    size = BatchSize()
    for seconds in (0.001, 0.001, 0.001, 5.0, 5.0):
        size.adapt(made=size.texts, seconds=seconds)
    assert size.texts == 4 * TEXTS_MIN / 2


@given(st.floats(0.0, 2.0), st.integers(1, 40))
def test_no_batch_takes_much_longer_than_is_meant(seconds_a_text: float, batches: int) -> None:
    texts = size_after(seconds_a_text, batches)
    assert texts == TEXTS_MIN or texts * seconds_a_text <= 2 * BATCH_SECONDS
