"""An S3-compatible store on loopback that counts what it is asked.

The server is localbucket, which keeps objects as files and holds `If-None-Match: *`, by which
one of two writers wins: `pip install localbucket`. Here it notes each answer in a file, and may wait
before each answer as a store at some distance does.

    python -m benchmarks.team_memory_store FOLDER PORT [--latency-ms 20]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx

SERVER = "localbucket"
BUCKET = "memories"
NOTES = "requests.txt"
START_SECONDS_MAX = 60.0
BACKLOG = 1_024
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "reader",
    "AWS_SECRET_ACCESS_KEY": "reader",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a store was asked: reads (GET, HEAD, lists), writes, and the bytes it sent."""

    reads: int
    writes: int
    bytes_sent: int

    def __sub__(self, before: Traffic) -> Traffic:
        return Traffic(
            self.reads - before.reads,
            self.writes - before.writes,
            self.bytes_sent - before.bytes_sent,
        )


@dataclass(frozen=True, slots=True)
class Store:
    """A running store; `folder` has its objects as files, below `BUCKET`."""

    endpoint: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return CREDENTIALS | {"AWS_ENDPOINT": self.endpoint}

    def uri(self, name: str) -> str:
        return f"s3://{BUCKET}/{name}"

    def local_uri(self, name: str) -> str:
        """The very files of a base, read from this disk."""
        return (self.folder / BUCKET / name).as_uri()

    def traffic(self) -> Traffic:
        """All that it was asked so far."""
        reads = writes = sent = 0
        for line in (self.folder / NOTES).read_text().splitlines():
            method, size = line.split()
            is_read = method in ("GET", "HEAD")
            reads, writes = reads + is_read, writes + (not is_read)
            sent += int(size) if method == "GET" else 0
        return Traffic(reads, writes, sent)


@contextmanager
def object_store(folder: Path, latency_ms: float = 0.0) -> Iterator[Store]:
    """Runs a store over a folder; the environment of this process points to it in the block."""
    if importlib.util.find_spec(SERVER) is None:
        raise SystemExit(f"the store is {SERVER}, which is not here: pip install {SERVER}")
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    (folder / NOTES).touch()
    port = _free_port()
    command = (sys.executable, "-m", __spec__.name, str(folder), str(port))
    store = Store(f"http://127.0.0.1:{port}", folder)
    before = dict(os.environ)
    with subprocess.Popen((*command, "--latency-ms", str(latency_ms))) as server:
        try:
            _wait_for(store)
            os.environ.update(store.environment)
            yield store
        finally:
            os.environ.clear()
            os.environ.update(before)
            server.kill()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(store: Store) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            httpx.get(store.endpoint, timeout=START_SECONDS_MAX).raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> None:
    """Serves a folder until it is ended."""
    import localbucket

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    options = parser.parse_args()
    latency_seconds = options.latency_ms / 1e3

    with (options.folder / NOTES).open("a", buffering=1) as notes:

        class Counting(localbucket.S3Handler):  # type: ignore[misc]
            data_root = options.folder

            def log_message(self, *_: object) -> None: ...

            def send_header(self, name: str, value: str) -> None:
                if name == "Content-Length":
                    notes.write(f"{self.command} {value}\n")
                super().send_header(name, value)

            def _dispatch(self, action: object) -> None:
                time.sleep(latency_seconds)
                super()._dispatch(action)

        ThreadingHTTPServer.request_queue_size = BACKLOG
        ThreadingHTTPServer(("127.0.0.1", options.port), Counting).serve_forever()


if __name__ == "__main__":
    main()
