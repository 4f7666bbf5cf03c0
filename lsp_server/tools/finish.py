"""`finish`: the agent says that it is done; whether it is, is checked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.messages import ToolResult
from lsp_server.tools.arguments import Arguments, spec, validate


class FinishArguments(Arguments):
    summary: str = Field(description="What was done, for the person; what is left, if anything.")


class Finish:
    """Answers with the summary; the loop acts on it."""

    spec = spec(
        "finish",
        FinishArguments,
        "End the task with a summary. Only when everything asked for is done and checked.",
        read_only=True,
    )

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        return ToolResult(validate(FinishArguments, arguments).summary)
