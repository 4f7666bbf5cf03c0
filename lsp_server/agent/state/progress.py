"""This module counts how far a run is, and what it has cost."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.events import (
    BriefWritten,
    CycleStarted,
    Event,
    GoalChecked,
    ModelAnswered,
    PlanChanged,
    StepStarted,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.plans import PlanItem, walk


@dataclass(slots=True)
class Progress:
    """A `Progress` has the counters of a run, and its plan.

    `usage` is what the answers in the conversation have used, `billed` everything that
    was paid, judges and rejected candidates included. `cycle` and `step` count from 1.
    """

    cycle: int = 0
    step: int = 0
    usage: Usage = Usage()
    billed: Usage = Usage()
    cost_usd: float = 0.0
    plan: tuple[PlanItem, ...] = ()

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case CycleStarted():
                self.cycle = event.number
            case StepStarted():
                self.step = event.step
            case ModelAnswered() | BriefWritten():
                self.usage += event.usage
                self._pay(event.billed, event.cost_usd)
            case GoalChecked():
                self._pay(event.billed, event.cost_usd)
            case PlanChanged():
                self.plan = event.items
            case _:
                pass

    @property
    def doing(self) -> list[str]:
        """Returns the texts of the plan's items that are in progress."""
        return [item.text for _, item in walk(self.plan) if item.status == "in_progress"]

    def _pay(self, billed: Usage, cost_usd: float) -> None:
        self.billed += billed
        self.cost_usd += cost_usd
