"""A `LearningLock` lets one task of one process at a time learn from the runs of a workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsp_server.evolution.inbox import InboxBusy
from lsp_server.system.private_folder import make_private
from lsp_server.system.process_lock import ProcessLock


class LearningLock:
    """A `LearningLock` is a lock on a file in a private folder, which is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._lock = ProcessLock(path)

    async def take(self) -> bool:
        """Takes the lock if nobody has it, and returns whether it did. Raises InboxBusy."""
        return await asyncio.to_thread(self._take)

    def release(self) -> None:
        """Gives the lock back."""
        self._lock.release()

    def _take(self) -> bool:
        folder = self._lock.path.parent
        try:
            make_private(folder)
            return self._lock.take()
        except OSError as error:
            why = error.strerror or error
            raise InboxBusy(f"nothing can be kept in {folder}: {why}") from error
