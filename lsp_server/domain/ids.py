"""Names that Holdfast gives or goes by: of calls, tools, goals, contents, states of the tree."""

from __future__ import annotations

from typing import Annotated, TypeAlias


class Own:
    """Marks a text as a name of ours, in which no word of a person's secrets is meant."""


class OfVendor(Own):
    """Marks JSON that its vendor wants back as it came, or not at all."""


VendorFields: TypeAlias = Annotated[str, OfVendor]
"""JSON of what an endpoint said beyond the common form, such as the signature of a thought. A
text of it that is redacted by its shape would be refused, and no person reads it. With a thought
that holds a known secret none of it is kept."""
Id: TypeAlias = Annotated[str, Own]
ToolName: TypeAlias = Annotated[str, Own]
