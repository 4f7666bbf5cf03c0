"""What more workers of a Ray cluster bring to the build of a base, and what a million pieces cost.

A cluster on this machine has 1, 2 and 4 processors for Ray, whatever the machine has, and builds the same
base anew each time: with the model that ships, which needs the processors, and with an endpoint that
takes as long for each text and needs none of them, as one elsewhere would. The first shows what this
machine has; the second what is left to scale where each worker has a processor of its own. Each stage
is timed by itself: reading and cutting, with a first start of each process, and making vectors.

    python -m benchmarks.team_memory_workers [--packages 10] [--embedders minilm http] [--workers 1 2 4] [--text-ms 16.7] [--json FILE]

It needs `pip install 'holdfast[cluster]'`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.table import Row, arguments, show
from benchmarks.team_memory_arithmetic import Prices
from benchmarks.team_memory_corpus import PACKAGES, repositories
from lsp_server.assemble.team_base import build_base
from lsp_server.memory.base.base_builder import BuildReport
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.paths import Workspace

DIMENSION = 64
OBJECT_STORE_BYTES = 120_000_000
EMBEDDERS = ("minilm", "http")


class Stages:
    """The seconds of each stage of a build, from its first sign to its last."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def __call__(self, stage: str, done: int, _: int) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self.counts[stage] = done
        self._last = now


@contextmanager
def endpoint(text_ms: float) -> Iterator[str]:
    """The address of an embedder that takes so long for each text; a process of its own."""
    command = (sys.executable, "-m", __spec__.name, "--serve", str(text_ms))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.kill()


def serve(text_ms: float) -> None:
    """Answers with vectors that tell nothing, after a while, until it is ended."""

    class Slow(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = asked["input"]
            time.sleep(len(texts) * text_ms / 1e3)
            data = [
                {"index": n, "embedding": [1.0 + len(text) % (k + 2) for k in range(DIMENSION)]}
                for n, text in enumerate(texts)
            ]
            body = json.dumps({"data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


@contextmanager
def cluster_of(workers: int) -> Iterator[str]:
    """The address of a cluster with so many processors."""
    from ray.cluster_utils import Cluster

    node = {
        "num_cpus": workers,
        "object_store_memory": OBJECT_STORE_BYTES,
        "include_dashboard": False,
    }
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        yield str(cluster.address)
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


async def build(folders: Sequence[Path], settings: MemorySettings, ray: str) -> Row:
    """Builds a base from nothing; a row of its stages."""
    stages = Stages()

    def connected(_: str) -> None:
        stages("start", 1, 1)

    with tempfile.TemporaryDirectory() as place:
        started, cpu = time.perf_counter(), os.times()
        report: BuildReport = await build_base(
            Workspace(folders[0]),
            Secrets,
            HostCommandRunner(),
            start_unconfined,
            settings,
            Path(place, "base").as_uri(),
            full=False,
            progress=stages,
            repositories=folders,
            ray=ray,
            connected=connected,
        )
        seconds, after = time.perf_counter() - started, os.times()
    builder = after.user + after.system - cpu.user - cpu.system
    reading, vectors = stages.seconds["files"], stages.seconds["vectors"]
    return {
        "files/s": report.files / reading,
        "vectors/s": report.embedded / vectors,
        "files s": reading,
        "vectors s": vectors,
        "all s": seconds,
        "builder's processor s": builder,
        "load": os.getloadavg()[0],
    }


def measure(
    packages: int, embedders: Sequence[str], workers: Sequence[int], text_ms: float
) -> list[Row]:
    folders = repositories(PACKAGES[:packages])
    rows: list[Row] = []
    with endpoint(text_ms) as address:
        for embedder in embedders:
            settings = MemorySettings.model_validate(
                {"embedder": embedder, "embedding_base_url": address, "embedding_model": "slow"}
            )
            first: float | None = None
            for count in workers:
                with cluster_of(count) as ray:
                    made = asyncio.run(build(folders, settings, ray))
                rate = float(str(made["vectors/s"]))
                first = first or rate
                name = "the model that ships" if embedder == "minilm" else "an endpoint elsewhere"
                what = f"{name}, workers: {count}"
                rows.append({"what": what, "vectors, times": rate / first, **made})
    return rows


def cost(rows: Sequence[Row]) -> Row:
    """What vectors of a million pieces cost by the first row, in which one processor makes them."""
    hours = 1e6 / float(str(rows[0]["vectors/s"])) / 3_600
    return {
        "what": "a million pieces, one processor",
        "processor hours": hours,
        "dollars": hours * Prices().cpu_hour,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--packages", type=int, default=10)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--embedders", nargs="+", choices=EMBEDDERS, default=EMBEDDERS)
    parser.add_argument("--text-ms", type=float, default=16.7)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve)
        return
    rows = measure(options.packages, options.embedders, options.workers, options.text_ms)
    title = f"A base of {options.packages} packages on Ray, {os.cpu_count()} processors here"
    costs = [cost(rows)] if options.embedders[0] == EMBEDDERS[0] else []
    show(title, [*rows, *costs], options.json)


if __name__ == "__main__":
    main()
