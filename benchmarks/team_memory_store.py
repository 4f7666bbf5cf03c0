"""An S3-compatible store on loopback that counts what it is asked.

The server is localbucket, which keeps objects as files and holds `If-None-Match: *`, by which
one of two writers wins: `pip install localbucket`. Here it notes each answer in a file, and may wait
before each answer as a store at some distance does.

    python -m benchmarks.team_memory_store FOLDER PORT [--latency-ms 20]

It has a thread for each connection, which is too much for hundreds of readers. For these, nginx stands
before it and sends objects itself, from the same files; what else is asked it passes on.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
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
FRONT = "nginx"
FRONT_SETTINGS = """
daemon off;
user root;
worker_processes 1;
pid {scratch}/nginx.pid;
events {{ worker_connections 16000; }}
http {{
    log_format note "$request_method $body_bytes_sent";
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} backlog={backlog};
        root {folder};
        access_log {folder}/{notes} note;
        error_page 418 = @store;
        location / {{
            if ($args) {{ return 418; }}
            if ($request_method !~ "^(GET|HEAD)$") {{ return 418; }}
        }}
        location @store {{
            access_log off;
            proxy_set_header Host $http_host;
            proxy_pass {store};
        }}
    }}
}}
"""
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
    with _serving(folder, port, (*command, "--latency-ms", str(latency_ms))) as store:
        yield store


@contextmanager
def fronted(store: Store) -> Iterator[Store]:
    """Runs nginx before a store, for many readers; the environment points to it in the block."""
    if (program := shutil.which(FRONT, path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        raise SystemExit(f"many readers need {FRONT}, which is not here: install its package")
    port = _free_port()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Path(scratch, "nginx.conf")
        settings.write_text(
            FRONT_SETTINGS.format(
                scratch=scratch,
                port=port,
                backlog=BACKLOG,
                folder=store.folder.resolve(),
                notes=NOTES,
                store=store.endpoint,
            )
        )
        command = (program, "-p", scratch, "-e", f"{scratch}/errors", "-c", str(settings))
        with _serving(store.folder, port, command) as front:
            yield front


@contextmanager
def _serving(folder: Path, port: int, command: Sequence[str]) -> Iterator[Store]:
    store, before = Store(f"http://127.0.0.1:{port}", folder), dict(os.environ)
    with subprocess.Popen(command) as server:
        try:
            _wait_for(store)
            os.environ.update(store.environment)
            yield store
        finally:
            os.environ.clear()
            os.environ.update(before)
            server.terminate()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(store: Store) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            httpx.get(store.endpoint, params={"list": ""}, timeout=START_SECONDS_MAX)
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
