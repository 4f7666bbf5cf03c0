"""This module turns the signals that end a process into a call on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def on_termination(end: Callable[[], None]) -> Iterator[None]:
    """Calls `end` on SIGTERM, SIGINT and SIGHUP, instead of ending the process at once.

    Only the main thread may catch signals; on any other this does nothing.
    """
    loop = asyncio.get_running_loop()
    is_main = threading.current_thread() is threading.main_thread()
    wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if is_main else ()
    # One that is ignored was meant to be, as by `nohup`.
    caught = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]
    for number in caught:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
