"""A part waits for a free processor as long as something of ours may free one, and no longer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lsp_server.cluster import fresh_processes
from lsp_server.cluster.fresh_processes import FreshProcesses
from lsp_server.cluster.ray_cluster import RayCluster
from lsp_server.domain.errors import ConfigurationError


class OneProcessor:
    """A cluster of one processor, which others hold if it is not `free`."""

    cpus = 1

    def __init__(self, *, free: bool) -> None:
        self.killed = 0
        kind = SimpleNamespace(remote=lambda: SimpleNamespace(begin=called(), work=called()))
        self.ray = SimpleNamespace(remote=lambda **_: lambda _: kind, kill=self._kill)
        self._processor = asyncio.Semaphore(int(free))
        self._is_ours = False

    def _kill(self, _: object) -> None:
        self.killed += 1
        if self._is_ours:
            self._is_ours = False
            self._processor.release()

    async def answer(self, given: tuple[Any, ...]) -> Any:
        if given:
            function, part = given
            return await function(part)
        await self._processor.acquire()
        self._is_ours = True
        return None


def called() -> SimpleNamespace:
    """A method of an actor, whose reference is what it is called with."""
    return SimpleNamespace(remote=lambda *given: given)


def processes(cluster: OneProcessor) -> FreshProcesses:
    return FreshProcesses(cast("RayCluster", cluster))


async def test_processors_that_others_hold_end_it_with_what_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fresh_processes, "FREE_SECONDS_MAX", 0.01)
    cluster = OneProcessor(free=False)
    with pytest.raises(ConfigurationError, match="no processor of the cluster was free"):
        await processes(cluster).answer(asyncio.sleep, 0)
    assert cluster.killed == 1, "what was asked for is given back"


async def test_a_part_of_ours_at_work_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_processes, "FREE_SECONDS_MAX", 0.01)
    parts = processes(OneProcessor(free=True))
    at_work, waited = asyncio.Event(), asyncio.Event()

    async def work(part: int) -> int:
        at_work.set()
        await waited.wait()
        return part

    first = asyncio.create_task(parts.answer(work, 1))
    await at_work.wait()
    second = asyncio.create_task(parts.answer(work, 2))
    done, _ = await asyncio.wait({first, second}, timeout=0.1)
    assert not done, "ten deadlines have gone by"
    waited.set()
    assert (await first, await second) == (1, 2)
