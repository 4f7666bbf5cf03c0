"""`IndexRuns` bring the code index of a session's memory up to date and know how far they are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.session.memory.opening import MemoryOpener
from lsp_server.system.task_set import TaskSet

if TYPE_CHECKING:  # Memory may be off, and is opened beside the work.
    from lsp_server.memory.indexing import IndexProgress, IndexReport

_log = logging.getLogger(__name__)


class IndexRuns:
    """`IndexRuns` starts the index runs of a session and keeps how far they are. Close them.

    `progress` is that of the current run, None when no file is being read;
    `progressed` is called with each change of it. `problem` says why the last run
    failed, empty if it did not.
    """

    def __init__(
        self, opener: MemoryOpener, progressed: Callable[[IndexProgress | None], None]
    ) -> None:
        self.progress: IndexProgress | None = None
        self.problem = ""
        self._opener = opener
        self._progressed = progressed
        self._tasks = TaskSet(expected=MemoryUnavailable)
        self._latest: asyncio.Task[IndexReport] | None = None

    async def run(self, *, full: bool = False) -> IndexReport:
        """Brings the index up to the disk, with `full` from nothing. Raises MemoryUnavailable."""
        memory = await self._opener.ready()
        try:
            report = await memory.code.index(self._report, full=full)
            self.problem = ""
            return report
        except MemoryUnavailable as error:
            self.problem = str(error)
            _log.warning("the code could not be indexed: %s", error)
            raise
        finally:
            self._report(None)

    def start(self, *, full: bool = False) -> None:
        """Begins a run in the background."""
        self._latest = self._tasks.start(self.run(full=full), "indexing")

    async def wait(self) -> None:
        """Returns when the last run that was started in the background has ended.

        Raises MemoryUnavailable.
        """
        await self._opener.ready()
        if self._latest is not None:
            await asyncio.wait([self._latest])

    async def close(self) -> None:
        """Ends runs in the background; the next one goes on where they were."""
        await self._tasks.close()

    def _report(self, progress: IndexProgress | None) -> None:
        self.progress = progress
        self._progressed(progress)
