"""Names that Holdfast gives or goes by: of calls, tools, goals, contents, states of the tree."""

from __future__ import annotations

from typing import Annotated, TypeAlias


class Own:
    """Marks a text as a name of ours, in which no word of a person's secrets is meant."""


VendorFields: TypeAlias = Annotated[str, Own]
"""JSON of what an endpoint said beyond the common form, such as the signature of a thought. A
text of it that is redacted by its shape would be refused, and no person reads it."""
Id: TypeAlias = Annotated[str, Own]
ToolName: TypeAlias = Annotated[str, Own]
