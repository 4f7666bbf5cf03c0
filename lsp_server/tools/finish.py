"""The tool `finish` lets the agent say that it is done; the stop policy decides whether it is."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.tools.arguments import ToolArguments, spec, validate


class FinishArguments(ToolArguments):
    """These are the arguments of `finish`."""

    summary: str = Field(description="What was done, for the person; what is left, if anything.")


class Finish:
    """A `Finish` tool gives the summary as its result; the loop tries to end the run with it."""

    spec = spec(
        "finish",
        FinishArguments,
        "End the task with a summary. Only when everything asked for is done and checked.",
        kind="finish",
        forms={"summary": "immaterial"},
    )

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows the name alone: the summary is shown as the outcome."""
        del arguments
        return self.spec.name

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: it changes nothing."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Returns the summary."""
        return ToolResult(validate(FinishArguments, arguments).summary)
