from __future__ import annotations

import asyncio
from itertools import pairwise

from lsp_server.server.views.throttle import Throttle


async def test_the_first_value_goes_at_once_and_the_last_one_is_never_lost() -> None:
    sent: asyncio.Queue[int] = asyncio.Queue()
    throttle = Throttle(0.02, sent.put_nowait)
    for value in range(100):
        throttle.offer(value)
    assert await asyncio.wait_for(sent.get(), 5) == 99
    throttle.offer(100)
    throttle.offer(101)
    assert await asyncio.wait_for(sent.get(), 5) == 101
    assert sent.empty()


async def test_values_are_spaced() -> None:
    loop = asyncio.get_running_loop()
    sent: asyncio.Queue[float] = asyncio.Queue()
    throttle: Throttle[int] = Throttle(0.02, lambda value: sent.put_nowait(loop.time()))
    times: list[float] = []
    for value in range(4):
        throttle.offer(value)
        times.append(await asyncio.wait_for(sent.get(), 5))
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.019
