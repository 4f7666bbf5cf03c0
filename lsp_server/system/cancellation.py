"""This module ends what was begun, also where the one who waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_T = TypeVar("_T")


async def to_its_end(work: Callable[[asyncio.Event], Awaitable[_T]]) -> _T:
    """Awaits work that a cancellation must not break off, and returns what it gives.

    The work gets an event that is set by a cancellation, and ends soon after that by itself.
    """
    cancelled = asyncio.Event()
    # A thread cannot be cancelled: what it started would be lost.
    working = asyncio.ensure_future(work(cancelled))
    try:
        await asyncio.wait({working})
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait({working})
        working.exception()
        raise
    return working.result()
