"""The tool `plan` keeps the agent's own tree of what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Emit, PlanChanged
from lsp_server.domain.plans import PlanItem, PlanStatus, outline, walk
from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.tools.arguments import ToolArguments, spec, validate

ITEMS_MAX = 100
"""In the whole tree."""


class DetailArguments(ToolArguments):
    text: str = Field(min_length=1, max_length=500)
    status: PlanStatus


class PartArguments(DetailArguments):
    items: list[DetailArguments] = Field([])


class ItemArguments(DetailArguments):
    items: list[PartArguments] = Field([], description="Parts of it, if it has any.")


class PlanArguments(ToolArguments):
    items: list[ItemArguments]


class Plan:
    """Replaces the whole plan with each call; the Event is where it is kept."""

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
        """As in `plan, 5 items`."""
        items = arguments.get("items")
        return (
            f"{self.spec.name}, {len(items)} items" if isinstance(items, list) else self.spec.name
        )

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Changes the agent's own plan and nothing else."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        items = _items(validate(PlanArguments, arguments).items)
        count = sum(1 for _ in walk(items))
        if count > ITEMS_MAX:
            raise ToolError(f"the plan has {count} items, at most {ITEMS_MAX}; draw some together")
        self._emit(PlanChanged(items))
        return ToolResult("\n".join(outline(items)) or "the plan is empty")


def _items(wanted: Sequence[DetailArguments]) -> tuple[PlanItem, ...]:
    """The tree, three levels deep at most, as the arguments are."""
    return tuple(
        PlanItem(item.text, item.status, _items(getattr(item, "items", ()))) for item in wanted
    )
