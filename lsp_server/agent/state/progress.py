"""This module counts how far a run is, and what it has cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged
from lsp_server.domain.child_events import ChildEnded
from lsp_server.domain.events import (
    BriefWritten,
    CandidatesJudged,
    CycleStarted,
    Event,
    GoalChecked,
    ModelAnswered,
    PlanChanged,
    StepStarted,
)
from lsp_server.domain.messages import ModelRole, RoleSpending, Usage
from lsp_server.domain.plans import PlanItem, walk
from lsp_server.domain.rewind_events import Rewound

NOTHING = (Usage(), 0.0)


@dataclass(slots=True)
class Progress:
    """A `Progress` has the counters of a run, and its plan.

    `usage` is what the answers in the conversation have used, `billed` everything that
    was paid, judges, rejected candidates and children included. `cycle` and `step` count from 1.
    """

    cycle: int = 0
    step: int = 0
    prompt_tokens: int = 0
    """The size of the last prompt, an estimate."""
    answer_billed: Usage = Usage()
    """What the last step's answer took, rejected candidates and their judge included."""
    child_steps: int = 0
    """The steps of children that have ended."""
    usage: Usage = Usage()
    billed: Usage = Usage()
    cost_usd: float = 0.0
    plan: tuple[PlanItem, ...] = ()
    _by_role: dict[ModelRole, tuple[Usage, float]] = field(default_factory=dict)
    _judging: tuple[Usage, float] = (Usage(), 0.0)
    """What comparing the candidates of the next answer cost."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case CycleStarted():
                self.cycle = event.number
            case StepStarted():
                self.step = event.step
                self.prompt_tokens = event.prompt_tokens
            case CandidatesJudged():
                self._judging = event.judge_billed, event.judge_cost_usd
            case ModelAnswered():
                self.usage += event.usage
                self.answer_billed = event.billed
                # What it cost to choose among candidates is in the answer's price.
                (judged, judge_usd), self._judging = self._judging, NOTHING
                self._pay("judge", judged, judge_usd)
                self._pay("worker", event.billed - judged, event.cost_usd - judge_usd)
            case BriefWritten():
                self.usage += event.usage
                self._pay(event.role, event.billed, event.cost_usd)
            case AttemptEnded():
                self.step += event.steps
                self.usage += event.usage
                self._pay("children", event.billed, event.cost_usd)
            case GoalChecked() | AttemptsJudged():
                self._pay("judge", event.billed, event.cost_usd)
            case ChildEnded():
                self.child_steps += event.steps
                self._pay("children", event.billed, event.cost_usd)
            case Rewound():
                self.usage, self.billed, self.cost_usd = event.usage, event.billed, event.cost_usd
                self._by_role = {each.role: (each.billed, each.cost_usd) for each in event.roles}
                self._judging = NOTHING
            case PlanChanged():
                self.plan = event.items
            case _:
                pass

    @property
    def all_steps(self) -> int:
        """Returns the steps of the run and of its children, as the budget counts them."""
        return self.step + self.child_steps

    @property
    def told_steps(self) -> int:
        """Returns the steps that a person is told of: the run's own, or those of its children alone."""
        return self.step or self.child_steps

    @property
    def doing(self) -> list[str]:
        """Returns the texts of the plan's items that are in progress."""
        return [item.text for _, item in walk(self.plan) if item.status == "in_progress"]

    @property
    def roles(self) -> tuple[RoleSpending, ...]:
        """Returns what each role took that took anything, as far as the journal says it."""
        return tuple(
            RoleSpending(role, *self._by_role[role])
            for role in get_args(ModelRole)
            if self._by_role.get(role, NOTHING) != NOTHING
        )

    def _pay(self, role: ModelRole, billed: Usage, cost_usd: float) -> None:
        self.billed += billed
        self.cost_usd += cost_usd
        before, before_usd = self._by_role.get(role, NOTHING)
        self._by_role[role] = before + billed, before_usd + cost_usd
