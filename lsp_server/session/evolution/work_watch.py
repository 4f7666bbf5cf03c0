"""A `WorkWatch` breaks off what a workspace learns as soon as a person's run begins, here or in another process."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any

from lsp_server.agent.journal import is_running
from lsp_server.session.run_store import RunStore

RUNNING_SEEN_MAX = 20
"""So many of the newest runs are looked at for one that is at work."""
LOOK_SECONDS = 0.5
"""So often it is looked whether a run has begun in another window, or on a terminal."""


class WorkWatch:
    """A `WorkWatch` sees in the journals of `store` whether a run of the workspace is at work."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    async def is_at_work(self) -> bool:
        """Says whether any process does a run now."""
        return await asyncio.to_thread(self._is_at_work)

    async def until_work(self, task: asyncio.Task[Any]) -> None:
        """Returns when a task has ended; it is cancelled when a run begins, or whoever waits is cancelled."""
        try:
            while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
                if await self.is_at_work():
                    break
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _is_at_work(self) -> bool:
        newest = islice(self._store.ids(), RUNNING_SEEN_MAX)
        return any(is_running(self._store.journal(one)) for one in newest)
