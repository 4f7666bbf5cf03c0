"""How fast the server answers `initialize` and its first code action, and what it weighs.

A bare pygls server is the floor that any server on pygls pays; both are started in turn,
several times, in the same run. Times are from the start of the process: a code action is
asked for as soon as `initialize` is answered, as an editor does for an open file, and once
more when the server is warm. What is weighed are all processes of the server.

    python -m benchmarks.startup [--rounds 7] [--against CHECKOUT] [--json FILE]

With `--against` the server of another checkout takes its turns, too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from benchmarks import clients
from benchmarks.table import Row, arguments, show

SERVE = (sys.executable, "-m", "lsp_server", "serve", "--stdio")
BARE = """\
from pygls.lsp.server import LanguageServer
LanguageServer("bare", "1").start_io()
"""
SETTLE_SECONDS = 3.0
"""For what is imported after `initialized`."""


FILE = "answer.py"
TEXT = "answer = 41\n"


@dataclass(frozen=True, slots=True)
class Started:
    """What one start took, in seconds from the start of the process, its processor seconds and megabytes."""

    initialize: float
    first_action: float
    warm_action: float
    processor: float
    settled_mb: float


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    options = parser.parse_args()
    measured = rows(options.rounds, options.against and options.against.resolve())
    machine = f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    show(f"a server starts, {options.rounds} rounds; {machine}", measured, options.json)
    return 0


def rows(rounds: int, before: Path | None = None) -> list[Row]:
    """One row for each server; they take turns. `before` is another checkout."""
    servers: dict[str, tuple[Sequence[str], Path]] = {
        "bare pygls": ((sys.executable, "-c", BARE), clients.OURS)
    }
    if before is not None:
        servers["holdfast, before"] = SERVE, before
    servers["holdfast"] = SERVE, clients.OURS
    for command, tree in servers.values():
        start(command, tree=tree)  # Python compiles what it has not compiled yet.
    figures: dict[str, list[Started]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, (command, tree) in servers.items():
            figures[name].append(start(command, tree=tree))
    floor = statistics.median(each.initialize for each in figures["bare pygls"])
    return [row(name, measured, floor) for name, measured in figures.items()]


def row(name: str, measured: list[Started], floor: float) -> Row:
    seconds = [each.initialize for each in measured]
    answered = [each.first_action - each.initialize for each in measured]
    return {
        "server": name,
        "initialize s, median": statistics.median(seconds),
        "min": min(seconds),
        "max": max(seconds),
        "ratio": statistics.median(seconds) / floor,
        "first action s after": statistics.median(answered),
        "fastest": min(answered),
        "warm action s": statistics.median(each.warm_action for each in measured),
        "CPU s": statistics.median(each.processor for each in measured),
        "RSS MB, settled": statistics.median(each.settled_mb for each in measured),
    }


def start(
    command: Sequence[str],
    settle_seconds: float = SETTLE_SECONDS,
    tree: Path = clients.OURS,
) -> Started:
    """Starts a server in a small project, and measures it."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        project = Path(folder)
        (project / FILE).write_text(TEXT)
        with Server(project, Path(data), {}, command, tree) as server:
            server.initialize()
            initialized = server.seconds()
            server.notify("initialized", {})
            server.open(FILE, TEXT)
            server.actions(FILE)
            first = server.seconds()
            time.sleep(settle_seconds)
            asked = server.seconds()
            server.actions(FILE)
            warm = server.seconds() - asked
            spent = psutil.Process(server.process.pid).cpu_times()
            return Started(
                initialized,
                first,
                warm,
                spent.user + spent.system,
                tree_mb(server.process.pid),
            )


def measure(command: Sequence[str], settle_seconds: float = SETTLE_SECONDS) -> tuple[float, float]:
    """Seconds from the process's start to the reply, and its memory when it has settled."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as data,
        Server(Path(folder), Path(data), {}, command) as server,
    ):
        server.initialize()
        seconds = server.seconds()
        server.notify("initialized", {})
        time.sleep(settle_seconds)
        rss = psutil.Process(server.process.pid).memory_info().rss / 1e6
    return seconds, rss


def tree_mb(pid: int) -> float:
    """What a process and all below it hold, in megabytes; what they share counts in each."""
    root = psutil.Process(pid)
    held = 0
    for each in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):  # It may end meanwhile.
            held += each.memory_info().rss
    return held / 1e6


class Server:
    """A language server in a process of its own, killed at the end."""

    def __init__(
        self,
        project: Path,
        data: Path,
        settings: Mapping[str, str],
        command: Sequence[str] = SERVE,
        tree: Path = clients.OURS,
    ) -> None:
        self._project = project
        self._id = 0
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=project,
            env={
                **clients.compiled(tree),
                "XDG_DATA_HOME": str(data),
                "HOLDFAST_MODEL__BASE_URL": "http://127.0.0.1:9/v1",
                "HOLDFAST_MODEL__NAME": "none",
                **settings,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        below = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.communicate()
        for each in below:
            with suppress(psutil.Error):
                each.kill()

    def seconds(self) -> float:
        """Since the process was started."""
        return time.monotonic() - self._started

    def initialize(self) -> None:
        root = self._project.as_uri()
        self.request("initialize", {"processId": None, "rootUri": root, "capabilities": {}})

    def open(self, name: str, text: str) -> None:
        document = {"uri": self._uri(name), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def actions(self, name: str) -> None:
        """Asks for code actions and waits for them; a server without any says so."""
        first = {"line": 0, "character": 0}
        wanted = {"range": {"start": first, "end": first}, "context": {"diagnostics": []}}
        document = {"textDocument": {"uri": self._uri(name)}}
        self.request("textDocument/codeAction", {**document, **wanted})

    def command(self, name: str) -> Any:
        """The reply to a command."""
        reply = self.request("workspace/executeCommand", {"command": name, "arguments": []})
        return reply["result"]

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """The whole answer; what the server asks meanwhile is answered with nothing."""
        self._id += 1
        self._send({"id": self._id, "method": method, "params": params})
        while True:
            message = json.loads(self._receive())
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif message.get("id") == self._id:
                return message

    def _uri(self, name: str) -> str:
        return (self._project / name).as_uri()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> bytes:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the server ended"
        return self.process.stdout.read(length)


if __name__ == "__main__":
    sys.exit(main())
