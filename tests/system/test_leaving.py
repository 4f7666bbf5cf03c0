"""A process that leaves does so at once, with all that it wrote."""

from __future__ import annotations

import subprocess
import sys

BUSY = """
import asyncio, sys, threading, time
from lsp_server.system.leaving import leave
from lsp_server.system.unjoined_call import call_unjoined

def load():
    begun.set()
    time.sleep(600)

async def work():
    loading = asyncio.create_task(call_unjoined(load, "loading"))
    await asyncio.to_thread(begun.wait)
    loading.cancel()

begun = threading.Event()
asyncio.run(work())
sys.stdout.write("all of it")
leave(3)
"""
FAILS = """
import asyncio
from lsp_server.system.unjoined_call import call_unjoined

def load():
    raise ImportError("no such library")

try:
    asyncio.run(call_unjoined(load, "loading"))
except ImportError as error:
    print(error)
print(asyncio.run(call_unjoined(lambda: 7, "loading")))
"""


def test_the_end_waits_for_no_thread_and_loses_no_output() -> None:
    done = _run(BUSY)
    assert (done.returncode, done.stdout) == (3, "all of it")


def test_a_call_gives_back_what_it_returns_or_raises() -> None:
    assert _run(FAILS).stdout.split("\n")[:2] == ["no such library", "7"]


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
