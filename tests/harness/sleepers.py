"""Processes that sleep for a time that nobody else's do, so that they are known wherever they went."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


def sleepers(seconds: str) -> list[psutil.Process]:
    """Those with that argument."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if seconds in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@contextmanager
def own_seconds(least: int) -> Iterator[str]:
    """A time to sleep; whatever sleeps for it is ended."""
    number = f"{least}.{os.getpid()}"
    try:
        yield number
    finally:
        for process in sleepers(number):
            process.kill()
