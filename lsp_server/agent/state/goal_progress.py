"""This module knows what the last check of a run's goal found, and how often it sent the run back."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.events import Event, GoalChecked, RunResumed, Told
from lsp_server.domain.goals import GoalReport


@dataclass(slots=True)
class GoalProgress:
    """A `GoalProgress` has the last report on the goal.

    `re_entries` counts how often the run was sent back since a person last spoke.
    """

    report: GoalReport | None = None
    gap: tuple[str, ...] = ()
    """The gap of the last report; empty once a person has moved the run on."""
    re_entries: int = 0
    judged_tokens: int = 0
    """What asking the judge took in the whole run."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case GoalChecked():
                self.report = event.report
                self.gap = event.report.gap
                self.judged_tokens += event.billed.total_tokens
            case Told(origin="goal"):
                self.re_entries += 1
            case Told(origin="person") | RunResumed():
                # A person answered or resumed, so the same gap is worth another attempt.
                self.gap = ()
                self.re_entries = 0
            case _:
                pass
