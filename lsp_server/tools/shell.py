"""`shell`: a command in the workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.events import Emit
from lsp_server.domain.messages import ToolResult
from lsp_server.tools.arguments import Arguments, spec, validate
from lsp_server.tools.free import changes_nothing, environment
from lsp_server.tools.shell_syntax import parse
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.process import CommandResult, run_command

TIMEOUT_SECONDS = 120
TIMEOUT_SECONDS_MAX = 3600
OUTPUT_BYTES_MAX = 100_000
CHANGED_SHOWN_MAX = 20

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?!\n|$)", re.MULTILINE)


class ShellArguments(Arguments):
    command: str = Field(min_length=1)
    timeout_seconds: int = Field(TIMEOUT_SECONDS, ge=1, le=TIMEOUT_SECONDS_MAX)


class Shell:
    """Records what a command changed, unless it is known to only read."""

    spec = spec(
        "shell",
        ShellArguments,
        "Run a shell command in the workspace's root, without terminal or input. Output is "
        "stdout and stderr together. Nothing stays in the background after it.",
        read_only=False,
    )

    def __init__(self, workspace: Workspace, checkpoints: Checkpoints, emit: Emit) -> None:
        self._workspace = workspace
        self._checkpoints = checkpoints
        self._emit = emit

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        wanted = validate(ShellArguments, arguments)
        if changes_nothing(parse(wanted.command), self._workspace):
            return _result(await self._run(wanted), [])
        async with self._checkpoints.around(self._emit) as changed:
            completed = await self._run(wanted)
        return _result(completed, changed)

    async def _run(self, wanted: ShellArguments) -> CommandResult:
        return await run_command(
            wanted.command,
            self._workspace.root,
            timeout_seconds=wanted.timeout_seconds,
            output_bytes_max=OUTPUT_BYTES_MAX,
            environment=environment(wanted.command, self._workspace),
        )


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
    )


def terminal_text(output: str) -> str:
    """An output as a terminal leaves it: without escape sequences, progress bars at their end."""
    return _OVERWRITTEN.sub("", _ESCAPES.sub("", output)).replace("\r\n", "\n")
