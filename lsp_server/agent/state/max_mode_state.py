"""This module knows what Max Mode proposed, and what a person chose and wished."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import (
    CandidateAccepted,
    CandidatesJudged,
    Event,
    ModelAnswered,
    RunEnded,
    SamplingChanged,
)
from lsp_server.domain.tasks import Sampling


@dataclass(slots=True)
class MaxModeState:
    """A `MaxModeState` has the last comparison of candidates, and the wish for Max Mode."""

    judged: CandidatesJudged | None = None
    accepted: CandidateGroup | None = None
    """The group of `judged` that a person chose, until it is the run's answer or the run ends."""
    sampling: Sampling | None = None
    """A person's wish since the run began; None: that of the task counts."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case CandidatesJudged():
                self.judged, self.accepted = event, None
            case CandidateAccepted() if self.judged is not None:
                self.accepted = self.judged.groups[event.group]
            case ModelAnswered() | RunEnded():
                # A proposal that could not be carried out is not tried again by itself.
                self.accepted = None
            case SamplingChanged():
                self.sampling = event.sampling
            case _:
                pass
