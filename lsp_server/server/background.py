"""Work that outlives the message that asked for it, owned until the server ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)

TASKS_MAX = 1000
"""More at once means that something never ends."""


class Background:
    """A set of tasks; a failure is logged, and closing cancels what is left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs `work`; `name` is what the log calls it."""
        if len(self._tasks) >= TASKS_MAX:
            log.error("%s is dropped: %d tasks run already", name, TASKS_MAX)
            work.close()
            work = asyncio.sleep(0)
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Cancels everything and waits for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
