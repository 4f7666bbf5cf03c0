"""A `BatchSize` says how many texts are embedded at once.

A small model in this process takes half a second for eight, an endpoint with a large
machine or a hashing one no more for hundreds, and then each batch costs more than the
vectors in it.
"""

from __future__ import annotations

TEXTS_MIN = 8
TEXTS_MAX = 256
BATCH_SECONDS = 0.5
"""A batch takes about so long: whatever else is to be written waits no longer for it."""


class BatchSize:
    """A `BatchSize` grows while full batches are made quickly, and shrinks when they take long.

    `texts` is the size of the next batch, from TEXTS_MIN to TEXTS_MAX.

    >>> size = BatchSize()
    >>> size.adapt(made=8, seconds=0.01)
    >>> size.texts
    16
    """

    def __init__(self) -> None:
        self.texts = TEXTS_MIN

    def adapt(self, *, made: int, seconds: float) -> None:
        """Notes how long a batch took; one that was not full says nothing about larger ones."""
        if seconds > 2 * BATCH_SECONDS:
            self.texts = max(TEXTS_MIN, self.texts // 2)
        elif made >= self.texts and 2 * seconds <= BATCH_SECONDS:
            self.texts = min(TEXTS_MAX, self.texts * 2)
