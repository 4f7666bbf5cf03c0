"""A `SharedNetwork` is a network of their own that several commands have in common.

bubblewrap gives each process a network with nothing but itself on it, so no command
would reach a server that another one started. A network lives as long as somebody
holds it open: a first process makes it and ends, we hold it, and later ones are started
in it by `nsenter`, which needs no more rights than bubblewrap does.
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Lock

from lsp_server.sandbox.launch import launch
from lsp_server.sandbox.limits import NO_LIMITS
from lsp_server.sandbox.process_tree import end_tree, own_trees
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess
from lsp_server.sandbox.system_programs import find_system_program

ENTER = "nsenter"
MAKER = ("/bin/sh", "-c", 'echo "$$"; read -r _')
"""Says its number and waits, while we take hold of the network that it is in."""
SECONDS_MAX = 5.0
OWNER_OF_NAMESPACE = 0xB701
"""The request that gives the user namespace to which another namespace belongs."""


class SharedNetwork:
    """A `SharedNetwork` is there once it was opened; close it, unless it never was. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._was_tried = False
        self._program = ""
        self._network = -1
        self._owner = -1

    @property
    def entering(self) -> tuple[str, ...]:
        """Returns what has to stand in front of a program, so that it starts in the network.

        Empty while there is no such network.
        """
        if self._network < 0:
            return ()
        # By our own path, so that no descriptor is left open in the program.
        files = f"/proc/{os.getpid()}/fd"
        enters = (self._program, f"--net={files}/{self._network}")
        if self._owner < 0:
            return enters
        return (*enters, f"--user={files}/{self._owner}", "--preserve-credentials")

    def open(self, bubblewrap: tuple[str, ...]) -> bool:
        """Makes the network at the first call; says whether there is one. Blocking, some 50 ms.

        `bubblewrap` are its program and arguments for a process that sees all of the disk.
        """
        with self._lock:
            if not self._was_tried:
                self._was_tried = True
                with suppress(OSError):
                    self._make(bubblewrap)
            return self._network >= 0

    def close(self) -> None:
        """Lets go of the network, which is gone with the last process in it."""
        with self._lock:
            for descriptor in (self._network, self._owner):
                if descriptor >= 0:
                    os.close(descriptor)
            self._network = self._owner = -1

    def _make(self, bubblewrap: tuple[str, ...]) -> None:
        program = find_system_program(ENTER)
        if program is None:
            return
        self._program = program
        maker = _start((*bubblewrap, "--unshare-net", "--", *MAKER))
        try:
            pid = _first_line(maker)
            self._network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            self._owner = _owner(self._network)
        finally:
            _end(maker)
        # Where the one is allowed, the other may not be.
        tried = _start((*self.entering, *bubblewrap, "--", "/bin/true"))
        try:
            status = tried.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            _end(tried)
        if status != 0:
            os.close(self._network)
            self._network = -1


def _start(argv: tuple[str, ...]) -> SandboxedProcess:
    spec = ProcessSpec(
        argv,
        Path("/"),
        {"PATH": os.environ.get("PATH", os.defpath)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    return launch(argv, spec, limits=NO_LIMITS, mark=own_trees().new_mark())


def _first_line(maker: SandboxedProcess) -> int:
    """The number that the maker says. Raises OSError where it says none in time."""
    output = maker.process.stdout
    if output is None or not select.select([output], [], [], SECONDS_MAX)[0]:
        raise TimeoutError("no network was made in time")
    text = output.readline().strip()
    if not text.isdigit():
        raise OSError("no network was made")
    return int(text)


def _end(started: SandboxedProcess) -> None:
    end_tree(started)
    started.process.wait()
    for stream in (started.process.stdin, started.process.stdout):
        if stream is not None:
            stream.close()


def _owner(network: int) -> int:
    """The user namespace that has to be entered as well; -1 where it is the one that we are in."""
    owner = fcntl.ioctl(network, OWNER_OF_NAMESPACE)
    if os.fstat(owner).st_ino == os.stat("/proc/self/ns/user").st_ino:  # noqa: PTH116
        os.close(owner)
        return -1
    return owner
