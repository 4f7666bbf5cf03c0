"""The tool `shell` runs a command in the workspace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.events import Emit
from lsp_server.domain.tools import Needs, NeedsCommand, ToolResult, parse_arguments
from lsp_server.tools.arguments import ToolArguments, spec, validate
from lsp_server.tools.free import profile_of
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.commands import CommandProfile, CommandResult, CommandRunner
from lsp_server.workspace.paths import Workspace

TIMEOUT_SECONDS = 120
TIMEOUT_SECONDS_MAX = 3600
OUTPUT_BYTES_MAX = 100_000
CHANGED_SHOWN_MAX = 20

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?!\n|$)", re.MULTILINE)


class ShellArguments(ToolArguments):
    """These are the arguments of `shell`."""

    command: str = Field(min_length=1)
    timeout_seconds: int = Field(TIMEOUT_SECONDS, ge=1, le=TIMEOUT_SECONDS_MAX)


class Shell:
    """A `Shell` tool runs commands, and records the files that one changed.

    A command that is known to only read changes none, so it is run without looking.
    """

    spec = spec(
        "shell",
        ShellArguments,
        "Run a shell command in the workspace's root, without terminal or input. Output is "
        "stdout and stderr together. Nothing stays in the background after it.",
        kind="execute",
        forms={"command": "command", "timeout_seconds": "immaterial"},
    )

    def __init__(
        self, workspace: Workspace, checkpoints: Checkpoints, emit: Emit, commands: CommandRunner
    ) -> None:
        self._workspace = workspace
        self._checkpoints = checkpoints
        self._emit = emit
        self._commands = commands

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `$ pytest -q`."""
        command = arguments.get("command")
        return f"$ {command}" if isinstance(command, str) else self.spec.name

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to run the command."""
        return NeedsCommand(validate(ShellArguments, arguments).command)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Runs the command to its end or its timeout, and returns how it ended and its output."""
        wanted = validate(ShellArguments, arguments)
        profile = await asyncio.to_thread(profile_of, wanted.command, self._workspace)
        if profile.changes_nothing:
            return _result(await self._run(wanted, profile), [])
        async with self._checkpoints.record_command(self._emit) as changed:
            completed = await self._run(wanted, profile)
        return _result(completed, changed)

    async def _run(self, wanted: ShellArguments, profile: CommandProfile) -> CommandResult:
        return await self._commands.run(
            wanted.command,
            self._workspace.root,
            timeout_seconds=wanted.timeout_seconds,
            output_bytes_max=OUTPUT_BYTES_MAX,
            environment=profile.environment,
            reads_only=profile.reads_only,
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


def terminal_text(output: str) -> str:
    """Returns an output as a terminal leaves it: without escape sequences, progress bars at their end."""
    return _OVERWRITTEN.sub("", _ESCAPES.sub("", output)).replace("\r\n", "\n")
