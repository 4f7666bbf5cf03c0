"""`WaitingRecords` are the actions and facts that are still to be written, the last state of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from lsp_server.domain.memories import ActionRecord, Fact
from lsp_server.memory.actions import clean_action

WAITING_MAX = 10_000
"""Of more records the oldest are dropped."""


class WaitingRecords:
    """`WaitingRecords` keep one record for each id, in the order in which they came."""

    def __init__(self) -> None:
        self._records: dict[str, ActionRecord | Fact] = {}
        self._added_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._records)

    @property
    def idle_seconds(self) -> float:
        """Returns how long ago the last record was added."""
        return time.monotonic() - self._added_at

    def add(self, record: ActionRecord | Fact) -> None:
        """Adds a record in the place of one with the same id. Cheap."""
        self._records.pop(record.id, None)
        self._records[record.id] = record
        if len(self._records) > WAITING_MAX:
            del self._records[next(iter(self._records))]
        self._added_at = time.monotonic()

    def all(self) -> list[ActionRecord | Fact]:
        """Returns the records as they were added; they stay until they are `written`."""
        return list(self._records.values())

    def written(self, records: Sequence[ActionRecord | Fact]) -> None:
        """Takes out what is written; a record that came in its place meanwhile stays."""
        for one in records:
            if self._records.get(one.id) is one:
                del self._records[one.id]


async def cleaned(records: Sequence[ActionRecord | Fact]) -> list[ActionRecord | Fact]:
    """Returns the records as they may be stored; facts were cleaned as they were made."""

    def clean() -> list[ActionRecord | Fact]:
        return [clean_action(one) if isinstance(one, ActionRecord) else one for one in records]

    # Looking for secrets takes a millisecond each.
    return await asyncio.to_thread(clean) if records else []
