"""The tool `skill` loads the instructions of a skill, or one of the files beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from pydantic import Field

from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate

LoadSkill: TypeAlias = Callable[[str, str | None], Awaitable[str]]
"""Returns the text of a skill, or of a file of it. Raises ToolError naming what there is."""


class SkillArguments(ToolArguments):
    """These are the arguments of `skill`."""

    name: str = Field(description="A skill's name.")
    file: str | None = Field(None, description="A file beside it, as its text names it.")


class SkillTool:
    """A `SkillTool` gives the text of a skill, which stays in the prompt over cycles."""

    spec = spec(
        "skill",
        SkillArguments,
        "Load a skill's instructions, or a file that they name.",
        kind="recall",
    )

    def __init__(self, load: LoadSkill) -> None:
        self._load = load

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `skill deploy`."""
        return describe(self.spec.name, arguments.get("name"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: a person wrote or trusted the skill, and loading it runs nothing."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Loads it. Raises ToolError when there is no such skill or file."""
        wanted = validate(SkillArguments, arguments)
        text = await self._load(wanted.name, wanted.file)
        topic = f"Skill {wanted.name}" if wanted.file is None else ""
        return ToolResult(text, topic=topic)
