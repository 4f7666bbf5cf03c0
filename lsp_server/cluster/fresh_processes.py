"""`FreshProcesses` give each part of some work a process of its own, anywhere in a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lsp_server.cluster.ray_cluster import PartWorker, ProcessesLost, RayCluster
from lsp_server.domain.errors import ConfigurationError

TRIES = 2
"""What was lost is worked on once more: a task that takes its machine down would go on with it."""
STARTS_MAX = 20
"""Ray places processes on a machine that died until it misses that, half a minute later."""
START_PAUSE_SECONDS = 3.0
FREE_SECONDS_MAX = 1_800.0
"""Work of others may hold all processors; while parts of ours do, they end and free one."""

Part = TypeVar("Part")
Answer = TypeVar("Answer")


class FreshProcesses:
    """`FreshProcesses` start a process with a processor for each part, and end it afterwards.

    Ray itself asks nothing again: it would do so in a process that may still be at work.
    """

    def __init__(self, cluster: RayCluster) -> None:
        self._cluster = cluster
        self._at_work = 0
        options = {"num_cpus": 1, "max_restarts": 0, "max_task_retries": 0}
        self._kind = cluster.ray.remote(scheduling_strategy="SPREAD", **options)(FreshWorker)

    @property
    def cpus(self) -> int:
        """Returns how many can be at work at once."""
        return self._cluster.cpus

    async def answer(self, function: Callable[[Part], Awaitable[Answer]], part: Part) -> Answer:
        """Returns what the function answers for the part, there; waits for a free processor.

        Raises what it raises, ProcessesLost when TRIES processes were lost at work on it, and
        ConfigurationError when none was free for FREE_SECONDS_MAX, and no part of ours at work.
        """
        tries = 0
        while True:
            worker = await self._started()
            self._at_work += 1
            try:
                answer: Answer = await self._cluster.answer(worker.work.remote(function, part))
            except ProcessesLost:
                tries += 1
                if tries == TRIES:
                    raise
            else:
                return answer
            finally:
                self._at_work -= 1
                self._cluster.ray.kill(worker)

    async def _started(self) -> Any:
        """Returns a process that is there. A loss before that is no try.

        Raises ProcessesLost, ConfigurationError.
        """
        for _ in range(STARTS_MAX - 1):
            worker = self._kind.remote()
            try:
                await self._begun(worker)
            except ProcessesLost:
                await asyncio.sleep(START_PAUSE_SECONDS)
            except BaseException:
                self._cluster.ray.kill(worker)
                raise
            else:
                return worker
        raise ProcessesLost(f"no process started in the cluster, {STARTS_MAX} times in a row")

    async def _begun(self, worker: Any) -> None:
        """Returns once the process has a processor. Raises ProcessesLost, ConfigurationError."""
        begun = asyncio.ensure_future(self._cluster.answer(worker.begin.remote()))
        try:
            while not begun.done():
                done, _ = await asyncio.wait({begun}, timeout=FREE_SECONDS_MAX)
                if not done and not self._at_work:
                    raise ConfigurationError(
                        f"no processor of the cluster was free for {FREE_SECONDS_MAX / 60:.0f} "
                        "minutes; `ray status` shows what else is at work there: wait for it or "
                        "add a machine, and go on with --resume"
                    )
            await begun
        finally:
            begun.cancel()


class FreshWorker(PartWorker):
    """A `FreshWorker` says first that it is there."""

    async def begin(self) -> None:
        """Returns once the process is there."""
