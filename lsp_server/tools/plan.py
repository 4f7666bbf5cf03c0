"""The tool `plan` keeps the agent's own tree of what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Emit, PlanChanged
from lsp_server.domain.plans import PlanItem, PlanStatus, outline, walk
from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.text.count import count_of
from lsp_server.tools.arguments import ToolArguments, spec, validate

ITEMS_MAX = 100
"""The limit for the whole tree."""


# Docstrings of these would be sent to the model with the schema of the outermost one.
class DetailArguments(ToolArguments):
    text: str = Field(min_length=1, max_length=500)
    status: PlanStatus


class PartArguments(DetailArguments):
    items: list[DetailArguments] = Field([])


class ItemArguments(DetailArguments):
    items: list[PartArguments] = Field([], description="Parts of it, if it has any.")


class PlanArguments(ToolArguments):
    """These are the arguments of `plan`: a tree of three levels at most."""

    items: list[ItemArguments]


class Plan:
    """A `Plan` tool replaces the whole plan with each call, by an Event that keeps it."""

    spec = spec(
        "plan",
        PlanArguments,
        "Write down the plan, whole each time; an item may have parts. "
        "Keep its states true as work goes on.",
        kind="plan",
    )

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `plan, 5 items`."""
        items = arguments.get("items")
        return (
            f"{self.spec.name}, {count_of(len(items), 'item')}"
            if isinstance(items, list)
            else self.spec.name
        )

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: it changes the agent's own plan alone."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Keeps the plan and returns it as an outline. Raises ToolError above ITEMS_MAX."""
        items = _items(validate(PlanArguments, arguments).items)
        count = sum(1 for _ in walk(items))
        if count > ITEMS_MAX:
            raise ToolError(
                f"the plan has {count_of(count, 'item')}, at most {ITEMS_MAX}; draw some together"
            )
        self._emit(PlanChanged(items))
        return ToolResult("\n".join(outline(items)) or "the plan is empty")


def _items(wanted: Sequence[DetailArguments]) -> tuple[PlanItem, ...]:
    """Returns the tree, three levels deep at most, as the arguments are."""
    # The innermost level has no `items` of its own.
    return tuple(
        PlanItem(item.text, item.status, _items(getattr(item, "items", ()))) for item in wanted
    )
