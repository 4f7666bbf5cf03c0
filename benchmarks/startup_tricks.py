"""What each trick of `lsp_server/system/startup.py` buys: every figure with it and without it.

A process without a trick is one in which the function does nothing. Both are
started in turn, several times, in the same run.

    python -m benchmarks.startup_tricks [--rounds 15] [--json FILE]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable

from benchmarks import clients
from benchmarks.startup import measure
from benchmarks.table import Row, arguments, show

WITHOUT = """\
import lsp_server.system.startup as startup
startup.{trick} = lambda: None
"""
SERVE = """\
import sys
sys.argv[1:] = ["serve", "--stdio"]
from lsp_server.__main__ import main
main()
"""
IMPORT_HTTPX = """\
import time
import lsp_server.system.startup as startup
startup.leave_out_command_line_of_httpx()
started = time.perf_counter()
import httpx
print((time.perf_counter() - started) * 1000)
"""
IMPORT_SESSION = """\
import time
import lsp_server.system.startup as startup
startup.relax_garbage_collection()
startup.compile_dataclass_methods_when_called()
startup.leave_out_command_line_of_httpx()
started = time.process_time()
import lsp_server.assemble.session
print((time.process_time() - started) * 1000)
"""
OPEN_MEMORY = """\
import asyncio, tempfile, time
from lsp_server.memory.connection import connect
from lsp_server.memory.storage_place import StoragePlace
with tempfile.TemporaryDirectory() as folder:
    started = time.perf_counter()
    asyncio.run(connect(StoragePlace(folder), writes=True))
    print((time.perf_counter() - started) * 1000)
"""
COLLECT = """\
import asyncio, gc, statistics, tempfile, time
from lsp_server.memory.connection import connect
from lsp_server.memory.storage_place import StoragePlace
with tempfile.TemporaryDirectory() as folder:
    asyncio.run(connect(StoragePlace(folder), writes=True))
def collect():
    started = time.perf_counter()
    gc.collect()
    return (time.perf_counter() - started) * 1000
print(statistics.median(collect() for _ in range(5)))
"""
PIECES = """\
import ctypes, psutil
import lsp_server.system.startup as startup
startup.limit_malloc_pools()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def held_after(count, size=256 * 1024):
    before = psutil.Process().memory_info().rss
    pieces = [libc.malloc(size) for _ in range(count)]
    for piece in pieces:
        ctypes.memset(piece, 1, size)
    for piece in pieces[:-1]:
        libc.free(piece)
    return psutil.Process().memory_info().rss - before
held_after(2)  # The C library learns from what is freed which size is usual.
print(held_after(200) / 1e6)
"""


def serving(program: str) -> float:
    """Milliseconds from the start of a server to its answer to `initialize`."""
    seconds, _ = measure([sys.executable, "-c", program], settle_seconds=0)
    return seconds * 1000


def printed(program: str) -> float:
    """The number that a program prints."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env=clients.compiled(),
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


TRICKS: tuple[tuple[str, str, str, Callable[[str], float]], ...] = (
    ("relax_garbage_collection", "`initialize`, ms", SERVE, serving),
    (
        "compile_dataclass_methods_when_called",
        "a session is imported, CPU ms",
        IMPORT_SESSION,
        printed,
    ),
    ("leave_out_command_line_of_httpx", "httpx is imported, ms", IMPORT_HTTPX, printed),
    ("leave_out_rest_client_of_lancedb", "memory opens, ms", OPEN_MEMORY, printed),
    ("freeze_garbage_collection", "a full collection, ms", COLLECT, printed),
    ("limit_malloc_pools", "held of 52 MB freed, MB", PIECES, printed),
)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    rows: list[Row] = []
    for trick, figure, program, take in TRICKS:
        used, unused = [], []
        for _ in range(options.rounds):
            used.append(take(program))
            unused.append(take(WITHOUT.format(trick=trick) + program))
        median, median_without = statistics.median(used), statistics.median(unused)
        rows.append(
            {
                "trick": trick,
                "figure": figure,
                "with": median,
                "without": median_without,
                "buys": median_without - median,
            }
        )
    show(f"Tricks of the start, medians of {options.rounds} rounds", rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
