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
    """The last comparison of candidates, and the wish for Max Mode."""

    judged: CandidatesJudged | None = None
    accepted: CandidateGroup | None = None
    """What a person chose of `judged`, until it is the run's answer or the run ended."""
    sampling: Sampling | None = None
    """What a person wished since the run began; None: what the task says counts."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case CandidatesJudged():
                self.judged, self.accepted = event, None
            case CandidateAccepted() if self.judged is not None:
                self.accepted = self.judged.groups[event.group]
            case ModelAnswered() | RunEnded():
                # What could not be carried out is not tried by itself again.
                self.accepted = None
            case SamplingChanged():
                self.sampling = event.sampling
            case _:
                pass
