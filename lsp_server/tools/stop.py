"""The tool `stop` ends a command that runs in the background."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.tools.output import new_output, state_of
from lsp_server.workspace.commands.background_commands import BackgroundCommands


class StopArguments(ToolArguments):
    """These are the arguments of `stop`."""

    id: str


class StopTool:
    """A `StopTool` ends background commands of the run, with all that they started."""

    spec = spec(
        "stop",
        StopArguments,
        "End a background command that is no longer needed. All end with the run.",
        kind="execute",
    )

    def __init__(self, background: BackgroundCommands) -> None:
        self._background = background

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `stop bg1`."""
        return describe(self.spec.name, arguments.get("id"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: it ends what the run itself started."""
        validate(StopArguments, arguments)
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Ends the command, and returns what it printed last."""
        command = self._background.need(validate(StopArguments, arguments).id)
        await self._background.stop(command)
        return ToolResult(f"{state_of(command)}\n{new_output(command)}")
