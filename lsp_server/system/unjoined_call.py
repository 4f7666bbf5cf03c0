"""This module calls what blocks in a thread whose end nobody waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def call_unjoined(work: Callable[[], T], name: str) -> T:
    """Returns what `work` returns in a thread for which neither the loop nor the process waits.

    It is for what may be cut off at any moment, as the import of a library. `name` is the
    thread's. Raises what `work` raises.
    """
    done: Future[T] = Future()

    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised anew where it is awaited
            done.set_exception(error)
        else:
            done.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(done)
