"""This module describes the candidates for one step of Max Mode, grouped by what they would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lsp_server.domain.tools import ToolCall

DrawStrategy: TypeAlias = Literal["adaptive", "gated", "always"]
"""How the candidates of a step are drawn: a few and all only if they differ, one and more only
where it matters, all."""

WantedStrategy: TypeAlias = Literal["auto", "adaptive", "gated", "always"]
"""What a person may ask for; `auto` leaves it to what the endpoint can do."""

ChosenBy: TypeAlias = Literal[
    "agreement", "evidence", "judge", "largest group", "best evidence", "first"
]
"""How a group was chosen.

`agreement`: all candidates, or most, would do the same. `evidence`: no other group can
work. `judge`: the judge gave it the highest score. The last three are used in place of a
judge that could not be asked or gave no valid answer.
"""


@dataclass(frozen=True, slots=True)
class Scores:
    """A judge gives a group of candidates four scores of 0 to 10 each, more is better."""

    correctness: int
    groundedness: int
    progress: int
    safety: int

    @property
    def total(self) -> int:
        """Adds the four scores up, to 0 to 40 points."""
        return self.correctness + self.groundedness + self.progress + self.safety


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """A `CandidateGroup` holds candidates that would all do the same.

    `title` says in one line for people what they would do. `text` and `calls` are
    those of the first candidate, which represents the group, and `size` is the number
    of candidates in it. `problem` says why it cannot work, and is empty when nothing
    speaks against it. `notes` are what a dry run showed, `changes` its diff, and
    `diffed` the ids of the calls whose effect that diff shows. `scores` are None where
    no judge was asked. `read_versions` are the files that the dry run read: absolute
    paths, and fingerprints of the texts, empty for a file that did not exist. They show
    later whether the proposal still fits the files.
    """

    title: str
    text: str
    calls: tuple[ToolCall, ...]
    size: int
    problem: str = ""
    notes: tuple[str, ...] = ()
    changes: str = ""
    scores: Scores | None = None
    read_versions: Mapping[str, str] = field(default_factory=dict)
    diffed: tuple[str, ...] = ()
