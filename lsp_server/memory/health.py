"""A `Health` says what is wrong with one part of a memory, and when to try again."""

from __future__ import annotations

import time

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.storage_errors import PlaceUnavailable

RETRY_SECONDS = 30.0
"""A part that failed is left alone for so long."""


class Health:
    """The state of one part: the code index, the records, or the making of vectors.

    `problem` is the last failure, `upkeep_problem` that of an optimize, each None
    when there is none. `damaged` tables are to be repaired before the next write.

    >>> health = Health()
    >>> health.fail(MemoryUnavailable("no rows"), in_tables=True)
    >>> health.problems, health.damaged, health.may_try
    (('no rows',), True, False)
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self.upkeep_problem: str | None = None
        self.damaged = False
        self._retry_at = 0.0

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems that there are."""
        return tuple(one for one in (self.problem, self.upkeep_problem) if one)

    @property
    def may_try(self) -> bool:
        """True if the last failure is long enough ago."""
        return time.monotonic() >= self._retry_at

    def fail(self, error: MemoryUnavailable, *, in_tables: bool) -> None:
        """Notes a failure; `in_tables` when tables that this process writes may be damaged."""
        self.problem = str(error)
        # A full disk or a store that refuses leaves tables as they were.
        self.damaged = self.damaged or (in_tables and not isinstance(error, PlaceUnavailable))
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def recover(self) -> None:
        """Notes that work succeeded."""
        self.problem = None
        self._retry_at = 0.0


class MemoryHealth:
    """The state of all parts of a memory."""

    def __init__(self) -> None:
        self.code = Health()
        self.records = Health()
        self.vectors = Health()

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems of all parts, each once."""
        parts = (self.code, self.records, self.vectors)
        return tuple(dict.fromkeys(problem for part in parts for problem in part.problems))
