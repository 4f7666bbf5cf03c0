"""A `RayCluster` maps functions over parts on the workers of a Ray cluster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, TypeVar

from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable

LOCAL = "local"
"""The address that starts Ray on this machine, for as long as it is used."""
TRIES_MORE = 3
"""What a process that died was asked is asked again so often."""

Part = TypeVar("Part")
Answer = TypeVar("Answer")


class RayCluster:
    """A `RayCluster` has the processors of all machines; `ray` is the library, connected.

    `dashboard` is the address of a page that shows the work, empty where there is none.
    """

    def __init__(self, ray: Any, dashboard: str) -> None:
        self.ray = ray
        self.dashboard = dashboard

    @property
    def cpus(self) -> int:
        """Returns the number of processors that there are now."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def processes(self, kind: type, *arguments: object) -> list[Any]:
        """Starts an object of the class in a process for each processor, spread over the machines.

        A process that dies is replaced, and what it was asked is asked again, TRIES_MORE times.
        """
        # They share the processors: one stage of a build works at a time.
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": TRIES_MORE}
        actor = self.ray.remote(scheduling_strategy="SPREAD", **options)(kind)
        return [actor.remote(*arguments) for _ in range(self.cpus)]

    async def map(
        self, function: Callable[[Part], Awaitable[Answer]], parts: Iterable[Part]
    ) -> AsyncGenerator[tuple[Part, Answer], None]:
        """Yields each part with its answer as they come, in any order.

        The function is called in other processes, for one part at a time in each. Raises what
        it raises, and MemoryUnavailable when the processes of one part die again and again.
        """
        waiting = iter(parts)
        running: dict[asyncio.Future[Answer], tuple[Any, Part]] = {}
        idle = self.processes(PartWorker)
        try:
            while True:
                for part in islice(waiting, len(idle)):
                    worker = idle.pop()
                    asked = asyncio.wrap_future(worker.work.remote(function, part).future())
                    running[asked] = worker, part
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    worker, part = running.pop(one)
                    idle.append(worker)
                    yield part, self._answer(one)
        finally:
            for one, (worker, _) in running.items():
                one.cancel()
                idle.append(worker)
            for worker in idle:
                self.ray.kill(worker)

    def _answer(self, done: asyncio.Future[Answer]) -> Answer:
        try:
            return done.result()
        except self.ray.exceptions.RayActorError as error:
            raise MemoryUnavailable(
                "the processes of a part ended again and again, as for want of memory; what is "
                "done stays, so try again with fewer of them on a machine"
            ) from error


class PartWorker:
    """A `PartWorker` works on one part at a time, in a process of the cluster."""

    async def work(self, function: Callable[[Part], Awaitable[Answer]], part: Part) -> Answer:
        """Returns the answer of the function, and raises what it raises."""
        return await function(part)


@asynccontextmanager
async def ray_cluster(address: str) -> AsyncIterator[RayCluster]:
    """Connects to the cluster at an address, as in `ray://host:10001`; LOCAL starts one here.

    Raises ConfigurationError when it cannot be reached, or Ray is not installed.
    """
    try:
        import ray  # noqa: PLC0415 - heavy, and an extra
    except ImportError as error:
        raise ConfigurationError(
            "Ray is not installed; `pip install 'holdfast[cluster]'`"
        ) from error
    try:
        context = await asyncio.to_thread(
            ray.init, address, log_to_driver=False, logging_level=logging.ERROR
        )
    except (ConnectionError, RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(f"no Ray cluster answers at {address} ({reason})") from error
    try:
        yield RayCluster(ray, str(getattr(context, "dashboard_url", "") or ""))
    finally:
        await asyncio.to_thread(ray.shutdown)
