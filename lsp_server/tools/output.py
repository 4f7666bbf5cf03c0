"""The tool `output` shows what a command in the background printed, and whether it still runs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.text.count import count_of
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.workspace.commands.background_commands import (
    BackgroundCommand,
    BackgroundCommands,
)

WAIT_SECONDS_MAX = 600
LINES_MAX = 200
"""How many of the lines with a text are shown, the last ones."""


class OutputArguments(ToolArguments):
    """These are the arguments of `output`."""

    id: str
    wait_seconds: int = Field(0, ge=0, le=WAIT_SECONDS_MAX)
    contains: str = ""


class Output:
    """An `Output` tool shows the output of the run's background commands."""

    spec = spec(
        "output",
        OutputArguments,
        "Show what a background command printed since you last looked, and whether it runs. "
        "`wait_seconds`: how long to wait for something new. `contains`: of all of it the lines "
        "with this text, waited for as well.",
        kind="recall",
    )

    def __init__(self, background: BackgroundCommands) -> None:
        self._background = background

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `output bg1`."""
        return describe(self.spec.name, arguments.get("id"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: the command was allowed when it was started."""
        validate(OutputArguments, arguments)
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Waits as asked, and returns the state of the command with its output."""
        wanted = validate(OutputArguments, arguments)
        command = self._background.need(wanted.id)
        with command.watched():
            await command.log.wait(wanted.wait_seconds, wanted.contains)
        if not wanted.contains:
            return ToolResult(f"{state_of(command)}\n{new_output(command)}")
        lines = command.log.lines_with(wanted.contains)
        left_out = len(lines) - LINES_MAX
        more = f"[{count_of(left_out, 'earlier line')} left out]\n" if left_out > 0 else ""
        shown = "\n".join(lines[-LINES_MAX:]) or f"(no line contains {wanted.contains!r})"
        return ToolResult(f"{state_of(command)}\n{more}{shown}")


def state_of(command: BackgroundCommand) -> str:
    """Says in a line whether the command runs, or how it ended."""
    return f"{command.id} ended: {command.ending}" if command.ending else f"{command.id} runs"


def new_output(command: BackgroundCommand) -> str:
    """Returns what the command printed since it was last looked at."""
    return command.log.take_unread().strip("\n") or "(no new output)"
