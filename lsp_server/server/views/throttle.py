"""This module limits how often something is sent to an editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

SENDING_SHARE_MAX = 0.1
"""Of the time that passes, at most this share goes into sending."""

Value = TypeVar("Value")


class Throttle(Generic[Value]):
    """Passes values on at most once in `interval_seconds`; the latest one always arrives.

    What takes long to send is sent less often, so that at most SENDING_SHARE_MAX of the
    time goes into it.
    """

    def __init__(self, interval_seconds: float, send: Callable[[Value], None]) -> None:
        self._interval_seconds = interval_seconds
        self._send = send
        self._latest: Value
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def offer(self, value: Value) -> None:
        """Sends the value now, or as soon as the interval is over."""
        self._latest = value
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._next_at, loop.time()), self._pass)

    def close(self) -> None:
        """Drops a value that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._next_at = begun + self._interval_seconds
        self._send(self._latest)
        now = loop.time()
        self._next_at = max(self._next_at, now + (now - begun) / SENDING_SHARE_MAX)
