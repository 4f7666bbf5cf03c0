"""This module owns tasks that outlive the call that started them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

TASKS_MAX = 1000
"""More at once means that something never ends."""

_log = logging.getLogger(__name__)


class TaskSet:
    """A `TaskSet` keeps the tasks of one owner, which closes it. A task that fails is logged by its name.

    Errors of the classes in `expected` are no surprise and are not logged: whoever
    awaits the task sees them.

    >>> async def work() -> str:
    ...     return "done"
    >>> async def example() -> str:
    ...     tasks = TaskSet()
    ...     task = tasks.start(work(), "example")
    ...     result = await task
    ...     await tasks.close()
    ...     return result
    >>> asyncio.run(example())
    'done'
    """

    def __init__(self, expected: type[Exception] | tuple[type[Exception], ...] = ()) -> None:
        self._expected = expected
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs `work` on the running loop; `name` is what the log calls it.

        Beyond TASKS_MAX tasks at once the work is dropped, and the log says so.
        """
        if len(self._tasks) >= TASKS_MAX:
            _log.error("%s is dropped: %d tasks run already", name, TASKS_MAX)
            work.close()
            work = asyncio.sleep(0)
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def __len__(self) -> int:
        return len(self._tasks)

    def cancel(self) -> None:
        """Cancels every task that has not ended."""
        for task in tuple(self._tasks):
            task.cancel()

    async def wait(self, seconds_max: float) -> None:
        """Returns when all have ended, or after `seconds_max`; cancels none."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=seconds_max)

    async def close(self) -> None:
        """Cancels what has not ended and waits until all have."""
        tasks = tuple(self._tasks)
        self.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, self._expected):
            _log.error("%s failed", task.get_name(), exc_info=error)
