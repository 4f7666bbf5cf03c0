"""This module runs shell commands, each with a deadline, an end for all it started, and bounded output."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from lsp_server.sandbox.limits import NO_LIMITS
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox, SandboxedProcess
from lsp_server.sandbox.unconfined import Unconfined
from lsp_server.system.cancellation import to_its_end
from lsp_server.system.own_environment import KEY_PREFIXES
from lsp_server.system.shell import shell_argv
from lsp_server.workspace.commands.command_output import CommandOutput
from lsp_server.workspace.commands.command_process import CommandFollower, run_process
from lsp_server.workspace.commands.inert import SHELL_VARIABLES, trusted_folders

OUTPUT_BYTES_MAX = 100_000
ARGUMENT_BYTES_MAX = 100_000
"""A longer command is read from a file by its shell: Linux refuses an argument of 128 KiB."""
_READ_COMMAND = 'eval "exec </dev/null\n$(cat)"'

CHILD_ENVIRONMENT = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "MANPAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "PYTHONUNBUFFERED": "1",
}
"""No colours, no pagers, no prompts, no buffering that would reorder output. `CI` is
left as it is: it changes what test runners do, and a command should do here what
it does on the person's terminal."""
REMOVED_VARIABLES = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "COLORTERM"})


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A `CommandResult` says how a command ended. Its standard output and error are one text, in order.

    `exit_status` is 128 plus the signal's number for a command that a signal
    ended, None for one that ran out of time. Of `output`, `truncated_bytes` are
    missing in the middle. `notices` say to a person what a sandbox refused or took back, and in
    which environment it ran. `hint` says what helps against how it ended, if that is known.
    """

    exit_status: int | None
    output: str
    seconds: float
    timed_out: bool = False
    truncated_bytes: int = 0
    notices: tuple[str, ...] = ()
    hint: str = ""

    @property
    def ending(self) -> str:
        """Returns the end in words: `exit status 0`, `timed out`.

        Whether a signal ended the command or it ended itself with such a status, as
        `exit 130` does, a shell does not tell.

        >>> CommandResult(139, "", 0.1).ending
        'exit status 139 (as after SIGSEGV)'
        """
        if self.exit_status is None:
            return "timed out"
        with suppress(ValueError):
            name = signal.Signals(self.exit_status - 128).name
            return f"exit status {self.exit_status} (as after {name})"
        return f"exit status {self.exit_status}"


@dataclass(frozen=True, slots=True)
class CommandProfile:
    """A `CommandProfile` is what is known of a command before it runs.

    It runs in `environment`. With `changes_nothing` it is known to only read, wherever that
    leads; with `reads_only` nothing outside of the workspace either, so that a sandbox may
    forbid all else, and of the workspace not what is `hidden`.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    changes_nothing: bool = False
    reads_only: bool = False
    hidden: tuple[Path, ...] = ()


class CommandRunner(Protocol):
    """A `CommandRunner` runs shell commands; one that confines them wraps another."""

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
        """Runs `command` in `folder` and waits for its end, at most `timeout_seconds`.

        Output beyond `output_bytes_max` is left out in the middle. Of `environment`
        the command gets what `child_environment` leaves. With `reads_only` the command is
        known to change nothing; a sandbox forbids the rest, and to read the files that are
        `hidden`. Cancelling ends the command. One in the background has a `follower`.
        Raises ToolError when it cannot start.
        """
        ...


@dataclass(frozen=True, slots=True)
class HostCommandRunner:
    """A `HostCommandRunner` runs commands without any confinement, in bash, or sh where there is none.

    `starter` starts them, so that all that one started can be found and ended.
    """

    starter: Sandbox = field(default_factory=Unconfined)

    async def run(
        self,
        command: str,
        folder: Path,
        *,
        timeout_seconds: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        environment: Mapping[str, str] = os.environ,
        reads_only: bool = False,  # noqa: ARG002 - nothing is confined here
        hidden: tuple[Path, ...] = (),  # noqa: ARG002
        follower: CommandFollower | None = None,
    ) -> CommandResult:
        """Runs a command with the rights of this process. Raises ToolError."""
        began = time.monotonic()

        async def work(cancelled: asyncio.Event) -> CommandResult:
            status, output = await run_process(
                partial(self._start, command, folder, child_environment(environment)),
                folder,
                timeout_seconds=timeout_seconds,
                output_bytes_max=output_bytes_max,
                cancelled=cancelled,
                follower=follower,
            )
            return result_of(status, output, began)

        return await to_its_end(work)

    def _start(
        self, command: str, folder: Path, environment: Mapping[str, str], write_end: int
    ) -> SandboxedProcess:
        with shell_process(command, folder, environment, write_end) as spec:
            return self.starter.start(spec, Policy(()), NO_LIMITS)


def result_of(status: int | None, output: CommandOutput, began: float) -> CommandResult:
    """Returns the result of a command that began then, as `time.monotonic` counts, and ended now."""
    return CommandResult(
        exit_status=status,
        output=output.text(),
        seconds=time.monotonic() - began,
        timed_out=status is None,
        truncated_bytes=output.truncated_bytes,
    )


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a command: without Holdfast's secrets, made quiet."""
    passed_on = {
        name: value
        for name, value in environment.items()
        if not name.startswith(KEY_PREFIXES) and name not in REMOVED_VARIABLES | SHELL_VARIABLES
    }
    return passed_on | CHILD_ENVIRONMENT


@contextmanager
def shell_process(
    command: str, folder: Path, environment: Mapping[str, str], write_end: int
) -> Iterator[ProcessSpec]:
    """Gives the process of the shell that runs a command, for as long as it takes to start it.

    Both its outputs go to `write_end`. Raises OSError, ValueError for what cannot be a command.
    """
    # Not one that a project brings: what a command means would be its to say.
    shell = shell_argv(":".join(trusted_folders(folder, environment)))
    spec = ProcessSpec((*shell, command), folder, environment, stdout=write_end, stderr=write_end)
    text = os.fsencode(command)
    if len(text) <= ARGUMENT_BYTES_MAX:
        yield spec
        return
    if b"\0" in text:
        raise ValueError("embedded null byte")
    with tempfile.TemporaryFile() as file:
        file.write(text)
        file.seek(0)
        yield replace(spec, argv=(*shell, _READ_COMMAND), stdin=file.fileno())
