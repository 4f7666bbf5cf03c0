"""The tool `remember` keeps a fact about the project that later runs should know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from pydantic import Field

from lsp_server.domain.errors import MemoryUnavailable, ToolError
from lsp_server.domain.memories import Fact
from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.tools.arguments import ToolArguments, spec, validate

TEXT_CHARS_MAX = 1_000

Keep: TypeAlias = Callable[[str], Awaitable[Fact]]
"""Keeps a claim and returns the fact made of it. Raises MemoryUnavailable."""


class RememberArguments(ToolArguments):
    """These are the arguments of `remember`."""

    text: str = Field(min_length=8, max_length=TEXT_CHARS_MAX, description="One fact, whole.")


class Remember:
    """A `Remember` tool keeps what the agent claims about the project.

    A claim counts as verified only once the harness itself has evidence for it, so a later
    run is not misled by what an earlier one believed.
    """

    spec = spec(
        "remember",
        RememberArguments,
        "Keep a durable fact about this project for later runs: how it is built or tested, a "
        "convention, a trap. Name the command that shows it, if one does. Nothing about this task.",
        kind="recall",
        forms={"text": "prose"},
    )

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows the name alone."""
        del arguments
        return self.spec.name

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: it writes to Holdfast's own memory."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Keeps the fact and returns its id. Raises ToolError when memory cannot be used."""
        wanted = validate(RememberArguments, arguments)
        try:
            fact = await self._keep(wanted.text)
        except MemoryUnavailable as error:
            raise ToolError(f"it cannot be remembered: {error}") from error
        return ToolResult(f"remembered as {fact.status} ({fact.id})")
