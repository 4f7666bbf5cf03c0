"""A `RayCluster` maps functions over parts on the workers of a Ray cluster."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable

LOCAL = "local"
"""The address that starts Ray on this machine, for as long as it is used."""
TRIES_MORE = 3
"""What a process that died was asked is asked again so often."""
REACH_SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 60.0
"""Ray itself tries on for minutes, and says nothing meanwhile."""
START_SECONDS_MAX = 180.0

Part = TypeVar("Part")
Answer = TypeVar("Answer")


class ProcessesLost(MemoryUnavailable):
    """`ProcessesLost` means that each process died that was asked for a part."""


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
        it raises, and ProcessesLost when the processes of one part die again and again.
        """
        waiting = iter(parts)
        running: dict[asyncio.Task[Answer], tuple[Any, Part]] = {}
        idle = self.processes(PartWorker)
        try:
            while True:
                for part in islice(waiting, len(idle)):
                    worker = idle.pop()
                    asked = asyncio.create_task(self.answer(worker.work.remote(function, part)))
                    running[asked] = worker, part
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    worker, part = running.pop(one)
                    idle.append(worker)
                    yield part, one.result()
        finally:
            for one, (worker, _) in running.items():
                one.cancel()
                idle.append(worker)
            await asyncio.gather(*running, return_exceptions=True)
            for worker in idle:
                self.ray.kill(worker)

    async def answer(self, reference: Any) -> Any:
        """Returns what a process was asked for. Raises what it raised there, and ProcessesLost."""
        exceptions = self.ray.exceptions
        try:
            return await asyncio.wrap_future(reference.future())
        except exceptions.RayTaskError as error:
            # Its own text is a trace of the worker.
            raise error.cause from error
        except (
            exceptions.RayActorError,
            exceptions.ObjectLostError,
            exceptions.OutOfMemoryError,
        ) as error:
            raise ProcessesLost(
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
    """Connects to the cluster at an address, as in `host:6379`; LOCAL starts one here.

    Raises ConfigurationError when it cannot be reached, or Ray is not installed.
    """
    try:
        import ray  # noqa: PLC0415 - heavy, and an extra
    except ImportError as error:
        raise ConfigurationError(
            "Ray is not installed; `pip install 'holdfast[cluster]'`"
        ) from error
    try:
        await _reach(address)
        context = await _connect(ray, address)
    except (OSError, TimeoutError, RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).partition("\n")[0] or "it does not speak as Ray does"
        raise ConfigurationError(
            f"no Ray cluster answers at {address} ({reason}); `ray start --head` says its address, "
            "and `local` starts Ray here"
        ) from error
    try:
        dashboard = str(getattr(context, "dashboard_url", "") or "")
        yield RayCluster(ray, dashboard and f"http://{dashboard}")
    finally:
        await asyncio.to_thread(ray.shutdown)


async def _reach(address: str) -> None:
    """Finds out at once that nothing is at an address. Raises OSError, TimeoutError, ValueError."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname is None or place.port is None:  # It has a name, such as `auto`.
        return
    async with asyncio.timeout(REACH_SECONDS_MAX):
        _, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.close()


async def _connect(ray: Any, address: str) -> Any:
    """Connects, in a thread that is left alone at the deadline: nothing ends what it waits for.

    Raises what Ray does, and TimeoutError.
    """
    connected: Future[Any] = Future()
    connected.set_running_or_notify_cancel()

    def connect() -> None:
        try:
            connected.set_result(
                ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
            )
        except BaseException as error:  # noqa: BLE001 - who waits gets it
            connected.set_exception(error)

    threading.Thread(target=connect, name="connecting to Ray", daemon=True).start()
    async with asyncio.timeout(START_SECONDS_MAX if address == LOCAL else CONNECT_SECONDS_MAX):
        return await asyncio.wrap_future(connected)
