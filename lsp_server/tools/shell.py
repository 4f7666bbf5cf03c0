"""The tool `shell` runs a command in the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pydantic import Field

from lsp_server.domain.events import Emit, Warned
from lsp_server.domain.tools import Needs, NeedsCommand, ToolResult, parse_arguments
from lsp_server.settings.sandbox_settings import NetworkSetting
from lsp_server.text.terminal import terminal_text
from lsp_server.tools.arguments import ToolArguments, spec, validate
from lsp_server.tools.check_commands import check_kind
from lsp_server.tools.free import profile_of
from lsp_server.tools.output import Output, new_output, state_of
from lsp_server.tools.stop import StopTool
from lsp_server.workspace.checkpoints.background_changes import record_background
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.commands.background_commands import SECONDS_MAX, BackgroundCommands
from lsp_server.workspace.commands.command_process import CommandFollower
from lsp_server.workspace.commands.commands import CommandProfile, CommandResult, CommandRunner
from lsp_server.workspace.files.paths import Workspace

TIMEOUT_SECONDS = 120
TIMEOUT_SECONDS_MAX = 3600
OUTPUT_BYTES_MAX = 100_000
CHANGED_SHOWN_MAX = 20
NOTICES_MAX = 50
"""What is told to a person in one run; more of it would not be read."""


class ShellArguments(ToolArguments):
    """These are the arguments of `shell`."""

    command: str = Field(min_length=1)
    timeout_seconds: int = Field(TIMEOUT_SECONDS, ge=1, le=TIMEOUT_SECONDS_MAX)
    outside: str = ""
    background: bool = False


class Shell:
    """A `Shell` tool runs commands, and records the files that one changed.

    A command that is known to only read changes none, so it is run without looking. One
    that is to leave the sandbox is run by `host`, all others by `commands`.
    """

    spec = spec(
        "shell",
        ShellArguments,
        "Run a shell command in the workspace's root, without terminal or input. Gives stdout and "
        "stderr together. Nothing stays after it, but with `background` (servers, watchers): see "
        f"`{Output.spec.name}`, `{StopTool.spec.name}`. "
        "`outside`, only after the sandbox refused something that is needed: why; a person is "
        "asked.",
        kind="execute",
        forms={"command": "command", "timeout_seconds": "immaterial", "outside": "prose"},
    )

    def __init__(
        self,
        workspace: Workspace,
        checkpoints: Checkpoints,
        emit: Emit,
        commands: CommandRunner,
        host: CommandRunner,
        background: BackgroundCommands,
    ) -> None:
        self._workspace = workspace
        self._checkpoints = checkpoints
        self._emit = emit
        self._commands = commands
        self._host = host
        self._background = background
        self._noticed: set[str] = set()

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `$ pytest -q`."""
        command, outside = arguments.get("command"), arguments.get("outside")
        mark = " (outside of the sandbox)" if outside else ""
        mark += " (in the background)" if arguments.get("background") is True else ""
        return f"$ {command}{mark}" if isinstance(command, str) else self.spec.name

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to run the command."""
        wanted = validate(ShellArguments, arguments)
        return NeedsCommand(wanted.command, wanted.outside.strip(), wanted.background)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Runs the command to its end or its timeout, and returns how it ended and its output."""
        wanted = validate(ShellArguments, arguments)
        profile = await asyncio.to_thread(profile_of, wanted.command, self._workspace)
        if wanted.background:
            return await self._start(wanted, profile)
        if profile.changes_nothing:
            return _result(await self._run(wanted, profile), [])
        async with self._checkpoints.record_command(self._emit) as changed:
            completed = await self._run(wanted, profile)
        # With it a later look tells whether what was checked is what is there.
        is_check = check_kind(wanted.command) == "plain"
        tree = await self._checkpoints.tree.hash() if is_check else ""
        return replace(_result(completed, changed), tree=tree)

    async def _start(self, wanted: ShellArguments, profile: CommandProfile) -> ToolResult:
        """Starts it in the background; what it changes is recorded when it ends."""

        async def run(follower: CommandFollower) -> CommandResult:
            if profile.changes_nothing:
                return await self._run(wanted, profile, follower)
            async with record_background(
                self._checkpoints,
                self._emit,
                self._background.recorded,
                self._workspace.root,
                self._background.open_files,
            ):
                return await self._run(wanted, profile, follower)

        started = await self._background.start(wanted.command, run)
        if started.result is not None:
            return _result(started.result, [])
        how = f"{state_of(started)} in the background; later commands reach it on 127.0.0.1"
        return ToolResult(f"{how}\n{new_output(started)}")

    async def _run(
        self,
        wanted: ShellArguments,
        profile: CommandProfile,
        follower: CommandFollower | None = None,
    ) -> CommandResult:
        runner = self._host if wanted.outside.strip() else self._commands
        completed = await runner.run(
            wanted.command,
            self._workspace.root,
            timeout_seconds=wanted.timeout_seconds if follower is None else SECONDS_MAX,
            output_bytes_max=OUTPUT_BYTES_MAX,
            environment=profile.environment,
            reads_only=profile.reads_only,
            hidden=profile.hidden,
            follower=follower,
        )
        for notice in completed.notices:
            self._notice(notice)
        return completed

    def _notice(self, notice: str) -> None:
        """Tells a person, once in a run, what a sandbox refused or took back."""
        if notice not in self._noticed and len(self._noticed) < NOTICES_MAX:
            self._noticed.add(notice)
            self._emit(Warned(notice))


def sandbox_text(network: NetworkSetting) -> str:
    """Returns what the sandbox of commands means for the model.

    >>> print(sandbox_text("on"))
    commands run in a sandbox. They write in the project's folder and $TMPDIR alone; `.git` \
and what runs code on the person's side (`.github`, `.vscode`, `.envrc`, …) is read-only. \
Work with that. Only what cannot be done inside: call `shell` with `outside` and why.
    """
    return (
        "commands run in a sandbox. They write in the project's folder and $TMPDIR alone; `.git` "
        "and what runs code on the person's side (`.github`, `.vscode`, `.envrc`, …) is read-only"
        f"{_NETWORKS[network]}. Work with that. Only what cannot be done inside: call "
        f"`{Shell.spec.name}` with `outside` and why."
    )


_NETWORKS: Mapping[NetworkSetting, str] = MappingProxyType(
    {
        "off": "; there is no network",
        "loopback": "; there is no network but a loopback",
        "on": "",
    }
)


def recorded_command(tool: str, arguments: str) -> str | None:
    """Returns the command of a call in a journal, None when the call is of another tool.

    `tool` is the name of the call's tool, `arguments` is the JSON that the model sent.

    >>> recorded_command("shell", '{"command": "pytest -q"}')
    'pytest -q'
    """
    if tool != Shell.spec.name:
        return None
    match parse_arguments(arguments):
        case {"command": str(command)}:
            return command
        case _:
            return None


def _result(completed: CommandResult, changed: list[str]) -> ToolResult:
    parts = [f"{completed.ending} after {completed.seconds:.1f} s"]
    if completed.timed_out:
        parts[0] += "; give a larger timeout_seconds, or run less"
    output = terminal_text(completed.output).strip("\n")
    parts.append(output or "(no output)")
    parts += [f"[{completed.hint}]"] if completed.hint else []
    if changed:
        more = len(changed) - CHANGED_SHOWN_MAX
        names = ", ".join(changed[:CHANGED_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
        parts.append(f"[changed: {names}]")
    return ToolResult(
        "\n".join(parts),
        is_error=completed.timed_out,
        changed=tuple(changed),
        failed=completed.exit_status != 0,
        ending=completed.ending,
        exit_status=completed.exit_status,
    )
