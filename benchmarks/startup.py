"""How fast the server answers `initialize`, and what it weighs, beside a bare pygls server.

Both are started in turn, several times, in the same run; the bare server is
the floor that any server on pygls pays.

    python -m benchmarks.startup [--rounds 7] [--json FILE]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.table import arguments, show

BARE = """\
from pygls.lsp.server import LanguageServer
LanguageServer("bare", "1").start_io()
"""
SETTLE_SECONDS = 3.0
"""For what is imported after `initialized`."""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    commands = {
        "bare pygls": [sys.executable, "-c", BARE],
        "holdfast": [sys.executable, "-m", "lsp_server", "serve", "--stdio"],
    }
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            figures[name].append(measure(command))
    rows = [row(name, measured) for name, measured in figures.items()]
    floor = statistics.median(seconds for seconds, _ in figures["bare pygls"])
    for line, (_, measured) in zip(rows, figures.items(), strict=True):
        line["ratio"] = statistics.median(seconds for seconds, _ in measured) / floor
    show(f"`initialize`, {options.rounds} rounds", rows, options.json)
    return 0


def row(name: str, measured: list[tuple[float, float]]) -> dict[str, Any]:
    seconds = [each for each, _ in measured]
    return {
        "server": name,
        "initialize s, median": statistics.median(seconds),
        "min": min(seconds),
        "max": max(seconds),
        "RSS MB, settled": statistics.median(rss for _, rss in measured),
    }


def measure(command: list[str], settle_seconds: float = SETTLE_SECONDS) -> tuple[float, float]:
    """Seconds from the process's start to the reply, and its memory when it has settled."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[1]),
                "XDG_DATA_HOME": data,
                "HOLDFAST_MODEL__BASE_URL": "http://127.0.0.1:9/v1",
                "HOLDFAST_MODEL__NAME": "none",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            root = Path(folder).as_uri()
            parameters: dict[str, Any] = {"processId": None, "rootUri": root, "capabilities": {}}
            send(process, {"id": 1, "method": "initialize", "params": parameters})
            receive(process)
            seconds = time.monotonic() - started
            send(process, {"method": "initialized", "params": {}})
            time.sleep(settle_seconds)
            rss = psutil.Process(process.pid).memory_info().rss / 1e6
        finally:
            process.kill()
            process.communicate()
    return seconds, rss


def send(process: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    process.stdin.flush()


def receive(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    length = 0
    while line := process.stdout.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return process.stdout.read(length)


if __name__ == "__main__":
    sys.exit(main())
