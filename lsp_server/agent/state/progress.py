"""This module counts how far a run is, and what it has cost."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged
from lsp_server.domain.child_events import ChildEnded
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
from lsp_server.domain.rewind_events import Rewound


@dataclass(slots=True)
class Progress:
    """A `Progress` has the counters of a run, and its plan.

    `usage` is what the answers in the conversation have used, `billed` everything that
    was paid, judges, rejected candidates and children included. `cycle` and `step` count from 1.
    """

    cycle: int = 0
    step: int = 0
    child_steps: int = 0
    """The steps of children that have ended."""
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
            case AttemptEnded():
                self.step += event.steps
                self.usage += event.usage
                self._pay(event.billed, event.cost_usd)
            case GoalChecked() | AttemptsJudged():
                self._pay(event.billed, event.cost_usd)
            case ChildEnded():
                self.child_steps += event.steps
                self._pay(event.billed, event.cost_usd)
            case Rewound():
                self.usage, self.billed, self.cost_usd = event.usage, event.billed, event.cost_usd
            case PlanChanged():
                self.plan = event.items
            case _:
                pass

    @property
    def all_steps(self) -> int:
        """Returns the steps of the run and of its children, as the budget counts them."""
        return self.step + self.child_steps

    @property
    def doing(self) -> list[str]:
        """Returns the texts of the plan's items that are in progress."""
        return [item.text for _, item in walk(self.plan) if item.status == "in_progress"]

    def _pay(self, billed: Usage, cost_usd: float) -> None:
        self.billed += billed
        self.cost_usd += cost_usd
