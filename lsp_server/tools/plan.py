"""`plan`: the agent's own list of what is to be done."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.events import Emit, PlanChanged
from lsp_server.domain.messages import ToolResult
from lsp_server.domain.plans import PlanItem, PlanStatus
from lsp_server.tools.arguments import Arguments, spec, validated

ITEMS_MAX = 50
_MARKS: Mapping[PlanStatus, str] = {"pending": " ", "in_progress": ">", "done": "x", "dropped": "-"}


class ItemArguments(Arguments):
    text: str = Field(min_length=1, max_length=500)
    status: PlanStatus


class PlanArguments(Arguments):
    items: list[ItemArguments] = Field(max_length=ITEMS_MAX)


class Plan:
    """Each call replaces the whole plan; the Event is where it is kept."""

    spec = spec(
        "plan",
        PlanArguments,
        "Write down the plan, whole each time. Keep it up to date as work goes on.",
        read_only=True,
    )

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        wanted = validated(PlanArguments, arguments)
        items = tuple(PlanItem(item.text, item.status) for item in wanted.items)
        self._emit(PlanChanged(items))
        lines = [f"[{_MARKS[item.status]}] {item.text}" for item in items]
        return ToolResult("\n".join(lines) or "the plan is empty")
