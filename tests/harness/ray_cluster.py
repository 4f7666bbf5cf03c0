"""A Ray cluster on loopback, in a process of its own, and the death of its workers and nodes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.harness.command_line import Ended, ended, started

SECONDS_MAX = 400.0
STARTS_MAX = 3
"""Ray gives up on a node that is not there after 30 seconds, as where much else is at work."""
WORKER = "ray::PartWorker"
"""How the command line of a process begins that works on parts."""
FRESH_WORKER = "ray::FreshWorker"
"""How that of one begins that was started for one part."""


@dataclass(frozen=True)
class RayNodes:
    """A cluster at an address; `process` runs it, in an environment of its own."""

    address: str
    process: subprocess.Popen[str]
    environment: Mapping[str, str]

    async def kill_worker(self, kind: str = WORKER) -> None:
        """Kills the first process that works on parts, as soon as there is one."""
        await kill_process(lambda line: line.startswith(kind), within=self.process.pid)

    def kill_node(self) -> None:
        """Kills a node as soon as it works on a part; the head is spared, and who is connected."""
        assert self.process.stdin is not None
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()


@contextmanager
def started_cluster(nodes: int, **environment: str) -> Iterator[RayNodes]:
    """Runs a cluster of so many nodes, with a processor each."""
    for _ in range(STARTS_MAX):
        with subprocess.Popen(
            (sys.executable, "-W", "ignore", "-m", "tests.harness.ray_nodes", str(nodes)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | environment | {"RAY_USAGE_STATS_ENABLED": "0"},
        ) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            address = next((line.strip() for line in process.stdout if ":" in line), None)
            if address is not None:
                yield RayNodes(address, process, environment)
                process.stdin.close()
                process.wait(60)
                return
    raise AssertionError(f"Ray does not start {nodes} nodes here")


async def holdfast_over_ray(*arguments: str, folder: Path, **environment: str) -> Ended:
    """Runs the command to its end, which takes its time where processes die."""
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", **environment}
    async with started(*arguments, folder=folder, **quiet) as process:
        return await ended(process, SECONDS_MAX)


async def has_files(folder: Path) -> None:
    """Returns once something is in a folder."""
    while not (folder.is_dir() and any(folder.iterdir())):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)


async def kill_process(is_meant: Callable[[str], bool], within: int | None = None) -> None:
    """Kills the first process whose command line is meant, one that `within` started, if given."""
    while True:
        for line, pid in command_lines():
            if is_meant(line) and (within is None or within in ancestors(pid)):
                os.kill(pid, signal.SIGKILL)
                return
        await asyncio.sleep(0.01)


def command_lines() -> Iterator[tuple[str, int]]:
    """The command line of each process, and its id."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                yield words.decode(errors="replace"), int(folder.name)


def ancestors(pid: int) -> Iterator[int]:
    """The process, its parent, and so on."""
    while pid > 1:
        try:
            # After the name, which may have spaces and brackets: the state, then the parent.
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return
        yield pid
