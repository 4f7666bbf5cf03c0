"""This module runs shell commands in a sandbox, with the same result and bounds as outside of one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from lsp_server.sandbox.bubblewrap import open_network
from lsp_server.sandbox.environment import sandbox_environment
from lsp_server.sandbox.host_access import HostAccess
from lsp_server.sandbox.policy import Policy, reading_policy
from lsp_server.sandbox.protected_files import ProtectedFiles, Restored
from lsp_server.sandbox.refusal import find_refusal, is_broken_start
from lsp_server.sandbox.sandbox import Sandbox, SandboxedProcess
from lsp_server.sandbox.scratch_folder import make_scratch_folder
from lsp_server.sandbox.shared_network import SharedNetwork
from lsp_server.system.cancellation import to_its_end
from lsp_server.workspace.commands.command_process import (
    CommandFollower,
    run_process,
    start_failure,
)
from lsp_server.workspace.commands.commands import (
    OUTPUT_BYTES_MAX,
    CommandResult,
    CommandRunner,
    child_environment,
    result_of,
    shell_process,
)

RESTORED_SHOWN_MAX = 10
START_TRIES_MAX = 3

PolicyFactory: TypeAlias = Callable[[Path], Policy]
"""Makes the policy of one command, which gets the folder as its temporary one. Blocking."""


@dataclass(frozen=True, slots=True)
class _Command:
    """A command, with what bounds it."""

    text: str
    folder: Path
    environment: Mapping[str, str]
    timeout_seconds: float
    output_bytes_max: int
    reads_only: bool
    hidden: tuple[Path, ...]
    follower: CommandFollower | None


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a command may do, and what it must not have changed at its end."""

    policy: Policy
    before: ProtectedFiles


class SandboxedCommandRunner:
    """A `SandboxedCommandRunner` runs commands in `sandbox`, each under a policy made for it.

    Each command has a private temporary folder, which is removed after it. What it
    changed in protected files is put back after it, and the end of its output says so.
    Where it failed because of the sandbox, the output says that too. From the first one
    in the background on, they have the `network` in common, so that each reaches a server
    that another one started.

    Example::

        sandbox = choose("auto").sandbox
        runner = SandboxedCommandRunner(sandbox, lambda scratch: workspace_policy(root, (), scratch))
        result = await runner.run("pytest -q", root, timeout_seconds=60)
    """

    def __init__(
        self, sandbox: Sandbox, policy: PolicyFactory, network: SharedNetwork | None = None
    ) -> None:
        self.sandbox = sandbox
        self._policy = policy
        self._network = network
        self._kept: ProtectedFiles | None = None

    def sharing(self, network: SharedNetwork) -> SandboxedCommandRunner:
        """Returns a runner like this one whose commands may have a network in common."""
        return SandboxedCommandRunner(self.sandbox, self._policy, network)

    async def run(
        self,
        command: str,
        folder: Path,
        *,
        timeout_seconds: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        environment: Mapping[str, str] = os.environ,
        reads_only: bool = False,
        hidden: tuple[Path, ...] = (),
        follower: CommandFollower | None = None,
    ) -> CommandResult:
        """Runs a command in the sandbox; with `reads_only` it can change nothing. Raises ToolError.

        What is `hidden` is not read by one that reads only.
        """
        wanted = _Command(
            command,
            folder,
            child_environment(environment),
            timeout_seconds,
            output_bytes_max,
            reads_only,
            hidden,
            follower,
        )
        return await to_its_end(partial(self._run_until_started, wanted))

    async def _run_until_started(
        self, command: _Command, cancelled: asyncio.Event
    ) -> CommandResult:
        """Runs it again where the sandbox itself did not start, as when a socket vanished meanwhile."""
        tries = 0
        while True:
            tries += 1
            result = await self._run(command, cancelled)
            is_last = tries == START_TRIES_MAX or cancelled.is_set()
            if is_last or not is_broken_start(result.output, result.exit_status):
                return result

    async def _run(self, command: _Command, cancelled: asyncio.Event) -> CommandResult:
        began = time.monotonic()
        made = await asyncio.to_thread(make_scratch_folder)
        scratch = made.path
        try:
            try:
                bounds = await asyncio.to_thread(self._bounds, command, scratch)
            except OSError as error:
                raise start_failure(command.folder, error) from error
            hosts = bounds.policy.hosts if self.sandbox.has_own_network else ()
            async with HostAccess(hosts) as access:
                status, output = await run_process(
                    partial(self._start, command, bounds.policy, access),
                    command.folder,
                    timeout_seconds=command.timeout_seconds,
                    output_bytes_max=command.output_bytes_max,
                    cancelled=cancelled,
                    follower=command.follower,
                )
            notes, notices = await asyncio.to_thread(
                self._clean_up, command, bounds, scratch, output.text(), status
            )
            if names := ", ".join(access.refused):
                notes.append(f"Note: {names} is not among the hosts of `sandbox.hosts`.")
                notices.append(f"the sandbox refused a command to reach {names}")
        finally:
            await asyncio.to_thread(made.remove)
        for note in notes:
            output.add(f"\n{note}\n".encode())
        return replace(result_of(status, output, began), notices=tuple(notices))

    def _bounds(self, command: _Command, scratch: Path) -> _Bounds:
        """Blocking."""
        policy = self._policy(scratch)
        if command.reads_only:
            policy = reading_policy(policy, command.hidden)
        else:
            policy = replace(policy, network_entry=self._network_entry(command, policy))
        before = ProtectedFiles(policy, self._kept)
        if not command.reads_only:
            self._kept = before
        return _Bounds(policy, before)

    def _network_entry(self, command: _Command, policy: Policy) -> tuple[str, ...]:
        if self._network is None or policy.network == "on" or not self.sandbox.has_own_network:
            return ()
        if command.follower is not None:
            open_network(self._network)
        return self._network.entering

    def _start(
        self, command: _Command, policy: Policy, access: HostAccess, write_end: int
    ) -> SandboxedProcess:
        """Starts the shell. Blocking."""
        environment = sandbox_environment(command.environment, policy)
        with shell_process(command.text, command.folder, environment, write_end) as spec:
            return self.sandbox.start(access.through(spec), policy)

    def _clean_up(
        self, command: _Command, bounds: _Bounds, scratch: Path, output: str, status: int | None
    ) -> tuple[list[str], list[str]]:
        """Puts protected files back; returns what to say of it to the model and to a person. Blocking."""
        notes: list[str] = []
        notices: list[str] = []
        if not command.reads_only:
            # Made anew, since the command may have made new places.
            now = self._policy(scratch).protected
            if command.follower is not None:
                notices += self._put_aside(command, command.follower, bounds.before, now)
            elif restored := bounds.before.put_back(now, new_alone=self.sandbox.holds_protected):
                names = restored_names(restored, command.folder)
                note = f"protected files are as before the command: {names}"
                notes.append(f"[{note}; with `outside` a person is asked]")
                notices.append(f"a command changed protected files, which are as before: {names}")
        # A command that goes on after a refusal succeeds; a path then still says what it tried.
        refusal = find_refusal(output, status or 1, bounds.policy, command.folder)
        if refusal is not None and status != 0:
            notes.append(refusal.sentence)
        if refusal is not None and refusal.notice and (status != 0 or refusal.names_path):
            notices.append(refusal.notice)
        return notes, notices

    def _put_aside(
        self,
        command: _Command,
        follower: CommandFollower,
        before: ProtectedFiles,
        now: tuple[Path, ...],
    ) -> list[str]:
        """Puts back what may be the command's doing, and keeps it for a person whose it may be. Blocking."""
        new_alone = self.sandbox.holds_protected
        changed = before.changed(now, new_alone=new_alone)
        spared = frozenset(path for path in changed if follower.is_edit(path))
        doubtful = [path for path in changed if path not in spared]
        folder = follower.set_aside(doubtful) if doubtful else None
        restored = before.put_back(now, new_alone=new_alone, spared=spared)
        if not restored:
            return []
        names = restored_names(restored, command.folder)
        kept = f"; what was there is kept in {folder}" if folder is not None else ""
        what = "protected files changed while a command ran in the background"
        return [f"{what}, and are as before: {names}{kept}"]


@dataclass(frozen=True, slots=True)
class ConfiningCommandRunner:
    """A `ConfiningCommandRunner` runs in a sandbox what is known to only read, and the rest by `host`.

    While `confines_all` says so, everything runs in the sandbox. `find` returns the runner of
    the sandbox, or None where no sandbox holds; then all is run by `host`.
    """

    host: CommandRunner
    find: Callable[[], Awaitable[CommandRunner | None]]
    confines_all: Callable[[], bool] = lambda: False

    async def run(
        self,
        command: str,
        folder: Path,
        *,
        timeout_seconds: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        environment: Mapping[str, str] = os.environ,
        reads_only: bool = False,
        hidden: tuple[Path, ...] = (),
        follower: CommandFollower | None = None,
    ) -> CommandResult:
        """Runs a command where it belongs. Raises ToolError."""
        confined = await self.find() if reads_only or self.confines_all() else None
        return await (confined or self.host).run(
            command,
            folder,
            timeout_seconds=timeout_seconds,
            output_bytes_max=output_bytes_max,
            environment=environment,
            reads_only=reads_only,
            hidden=hidden,
            follower=follower,
        )


def restored_names(restored: Sequence[Restored], folder: Path) -> str:
    """Returns what was put back, with what was done, relative to a folder."""
    shown = [
        f"{os.path.relpath(one.path, folder)} ({one.outcome})"
        for one in restored[:RESTORED_SHOWN_MAX]
    ]
    more = len(restored) - RESTORED_SHOWN_MAX
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
