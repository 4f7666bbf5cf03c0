"""This module knows the attempts of a run: which are at work, what became of them, and which is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.attempt_events import AttemptEnded, AttemptStarted
from lsp_server.domain.events import (
    CandidateAccepted,
    CandidatesJudged,
    Event,
    RunEnded,
)
from lsp_server.domain.tasks import Blocked


@dataclass(slots=True)
class AttemptsState:
    """An `AttemptsState` has the attempts of the last round, by their numbers."""

    under_way: dict[int, AttemptStarted] = field(default_factory=dict)
    ended: dict[int, AttemptEnded] = field(default_factory=dict)
    """Those that came to an end; what was broken off is not among them."""
    winner: AttemptEnded | None = None
    """The one that the comparison chose, until a new round begins."""
    accepted: AttemptEnded | None = None
    """The one that is to be carried over, until that is done."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case AttemptStarted(number):
                if self.winner is not None:
                    self.ended, self.winner, self.accepted = {}, None, None
                self.under_way[number] = event
            case AttemptEnded(number):
                self.under_way.pop(number, None)
                if event.is_whole:
                    self.ended[number] = event
            case CandidatesJudged():
                self.winner = self._at(event.winner)
            case CandidateAccepted():
                self.accepted = self._at(event.group)
            case RunEnded(outcome) if not isinstance(outcome, Blocked):
                self.accepted = None
            case _:
                pass

    def _at(self, place: int) -> AttemptEnded | None:
        """Returns the attempt at a place of the comparison; None for candidates of a step."""
        ended = [one for _, one in sorted(self.ended.items())]
        return ended[place] if place < len(ended) else None
