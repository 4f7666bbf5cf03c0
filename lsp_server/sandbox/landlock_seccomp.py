"""`LandlockSeccomp` confines processes by Landlock and seccomp, which need no program and no rights.

It restricts a thread that starts the process and ends; our own process stays free.

It holds: nothing is changed outside of the writable folders, with the exceptions
below, and nothing hidden is read; no socket of the internet and none of Unix is made, so no name is
looked up, and no Docker, D-Bus or agent of keys is reached; no process outside gets
a signal (Linux 6.12 and newer) or is looked into. Owner, mode, times and attributes of
files are changed by a thread of ours, where the policy allows it.

It does not hold: where another program listens to our system calls already, as some
containers do, owner, mode, times and attributes of files outside can be
changed where the user may; names in `/proc` are open; where the user's other programs
have shared memory (/dev/shm), commands get none, and what others make meanwhile is open; `protected` files in a writable folder can be changed,
so `ProtectedFiles` puts them back; no file can be made beside something hidden.
Terminals cannot be made inside.
"""

from __future__ import annotations

import errno
import os
import platform
import socket

from lsp_server.sandbox import landlock, linux_capabilities, seccomp
from lsp_server.sandbox.call_listener import restrict_thread_and_answer
from lsp_server.sandbox.launch import launch
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.process_tree import own_trees
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess

VERSION_OF_TRUNCATION = 3
VERSION_OF_SIGNALS = 6


class LandlockSeccomp:
    """`LandlockSeccomp` needs Linux 5.13. `version` caps that of Landlock, to be as on older ones."""

    name = "landlock"
    has_own_network = False
    holds_protected = False

    def __init__(self, version: int | None = None) -> None:
        self._version = landlock.version() if version is None else version

    def start(
        self, spec: ProcessSpec, policy: Policy, limits: Limits = Limits()
    ) -> SandboxedProcess:
        """Starts the process confined to `policy`. Blocks for about five milliseconds."""
        if not seccomp.is_known():
            raise OSError(errno.ENOSYS, f"system calls of {platform.machine()} are not known")
        mark = own_trees().new_mark()
        listens = not policy.reads_only and seccomp.can_listen()
        filter_program = self._filter(policy, seccomp.METADATA if listens else ())
        ruleset = landlock.make_ruleset(policy, self._version)

        def restrict() -> None:
            # All else is done on our own thread, which may open what it needs.
            linux_capabilities.drop()
            landlock.restrict_thread(ruleset)
            if listens:
                restrict_thread_and_answer(filter_program, policy)
            else:
                seccomp.restrict_thread(filter_program)

        try:
            return launch(spec.argv, spec, limits=limits, mark=mark, restrict=restrict)
        finally:
            os.close(ruleset)

    def gaps(self, policy: Policy) -> tuple[str, ...]:
        """Returns what of the policy is not held, a sentence each."""
        found: list[str] = []
        if not policy.reads_only and not seccomp.can_listen():
            found.append("owner, mode and times of files outside can be changed where the user may")
        if not policy.reads_only:
            found.append(
                "no shared memory can be made, since other programs have some "
                '(sandbox.write = ["/dev/shm"] opens theirs too)'
                if landlock.others_share_memory()
                else "shared memory that other programs make meanwhile can be changed"
            )
        if policy.protected:
            found.append("protected files can be changed, and are put back after the command")
        if policy.network == "loopback":
            found.append("a network with nothing but itself cannot be made, so there is none")
        if policy.hidden_in_writable:
            found.append("no file can be made directly in a folder that has something hidden")
        if self._version < VERSION_OF_SIGNALS:
            found.append("other processes of the user can be ended (Linux 6.12 bounds that)")
        return tuple(found)

    def _filter(self, policy: Policy, asked: tuple[str, ...]) -> bytes:
        # Unix sockets with a path are bound by nothing else.
        families = [socket.AF_NETLINK]
        if policy.network == "on":
            families += seccomp.INTERNET
        refused = seccomp.rules(
            families,
            truncates_unseen=self._version < VERSION_OF_TRUNCATION,
            keeps_metadata=policy.reads_only,
        )
        return seccomp.program(refused, asked=asked)
