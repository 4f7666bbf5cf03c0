"""Waiting for what another process or the event loop will do, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

POLL_SECONDS = 0.01


async def until(condition: Callable[[], object], what: str, seconds_max: float = 30.0) -> None:
    """Returns when `condition` holds; fails with `what` when it does not in time."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds_max:g} s: {what}"
        await asyncio.sleep(POLL_SECONDS)
