"""A `SharedBase` is a base whose store may not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.base.base_reader import Base
from lsp_server.memory.table import ROW_ID
from lsp_server.memory.table_schema import Row
from lsp_server.redaction.secrets import Secrets, redact

ANSWER_SECONDS_MAX = 20.0
RETRY_SECONDS = 30.0
"""After a failure, the store is left alone for so long."""

T = TypeVar("T")


class SharedBase:
    """A `SharedBase` asks a base as long as its store answers.

    `secrets` are those of this machine: what they name gets into no answer, even if the
    base has it.
    """

    def __init__(self, base: Base, secrets: Callable[[], Secrets]) -> None:
        self.base = base
        self._secrets = secrets
        self._failure = ""
        self._retry_at = 0.0

    @property
    def problem(self) -> str:
        """Returns why the store gives no answer and what that means; empty while it does."""
        if not self._failure:
            return ""
        return f"only what differs from the base is searched: {self._failure}"

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Returns the answer, None when the store gives none."""
        try:
            return await self.answer(question)
        except MemoryUnavailable:
            return None

    async def answer(self, question: Callable[[], Awaitable[T]]) -> T:
        """Returns the answer. Raises MemoryUnavailable, also after ANSWER_SECONDS_MAX."""
        if time.monotonic() < self._retry_at:
            raise MemoryUnavailable(f"the base gave no answer just now: {self._failure}")
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answer = await question()
        except (MemoryUnavailable, TimeoutError) as error:
            self._failure = str(error) or "its store is slow"
            self._retry_at = time.monotonic() + RETRY_SECONDS
            raise MemoryUnavailable(f"the base gives no answer: {self._failure}") from error
        self._failure = ""
        return answer

    async def whole(self, rows: Sequence[Row]) -> list[Row]:
        """Returns rows with what was left unread of those of the base, the others as they are.

        Those of the base are left out when its store gives no answer any more.
        """
        found = [row for row in rows if ROW_ID in row]
        read = await self.ask(lambda: self.base.whole(found)) if found else []
        by_id = {row[ROW_ID]: row for row in self.redacted(read or ())}
        known = [by_id.get(row[ROW_ID]) if ROW_ID in row else row for row in rows]
        return [row for row in known if row is not None]

    def redacted(self, rows: Iterable[Row]) -> list[Row]:
        """Returns the rows without the secrets of this machine."""
        known = self._secrets()
        return [
            {**row, "text": redact(row["text"], known).text}
            if known.within(row.get("text", ""))
            else row
            for row in rows
        ]
