"""A `Sandbox` starts processes that can do no more than a `Policy` says."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A `ProcessSpec` is a program to start: arguments, folder, whole environment and streams.

    `pass_fds` are further descriptors that it inherits. A stream is a descriptor, or `subprocess.PIPE` or `subprocess.DEVNULL`.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    stdin: int = subprocess.DEVNULL
    stdout: int = subprocess.DEVNULL
    stderr: int = subprocess.DEVNULL
    pass_fds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxedProcess:
    """A `SandboxedProcess` runs in a session of its own.

    `mark` is the number that it and all its descendants carry, by which
    `end_tree` finds them; None where the system has no means for one.
    """

    process: subprocess.Popen[bytes]
    mark: int | None

    @property
    def pid(self) -> int:
        """Returns the number of the process, and of its group."""
        return self.process.pid

    async def wait(self) -> int:
        """Waits for the end of the process and returns its `returncode`, as `Popen` counts it.

        Waits for that process alone, and for as long as it takes: a deadline is the
        caller's.
        """
        if self.process.poll() is None:
            await self._end()
        return self.process.wait()

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.pid)
        except (OSError, AttributeError):
            # A system without such descriptors; the thread goes when the process does.
            await asyncio.to_thread(self.process.wait)
            return
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)


StartProcess: TypeAlias = Callable[[ProcessSpec], Awaitable[SandboxedProcess]]
"""Starts a program of Holdfast's own, which only reads, as confined as it can be here. Raises OSError."""


class Sandbox(Protocol):
    """A `Sandbox` is one mechanism that confines processes. Its objects may be used from any thread."""

    @property
    def name(self) -> str:
        """Returns what settings and reports call the mechanism."""
        ...

    @property
    def has_own_network(self) -> bool:
        """Says whether a process can be given a network of its own, to which hosts are let in by name."""
        ...

    @property
    def holds_protected(self) -> bool:
        """Says whether a process cannot change what is protected and was there at its start."""
        ...

    def start(
        self, spec: ProcessSpec, policy: Policy, limits: Limits = Limits()
    ) -> SandboxedProcess:
        """Starts the process confined to `policy`. Blocks for a few milliseconds.

        Raises OSError when the program, its folder or the mechanism is not there;
        then nothing was started.
        """
        ...

    def gaps(self, policy: Policy) -> tuple[str, ...]:
        """Returns what of the policy this mechanism does not hold, a sentence each."""
        ...
