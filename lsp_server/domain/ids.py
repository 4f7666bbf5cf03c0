"""Names that Holdfast gives or goes by: of calls, tools, goals, contents, states of the tree."""

from __future__ import annotations

from typing import Annotated, TypeAlias


class Own:
    """Marks a text as a name of ours, in which no word of a person's secrets is meant."""


Id: TypeAlias = Annotated[str, Own]
ToolName: TypeAlias = Annotated[str, Own]
