"""Candidates for one step, grouped by what they would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lsp_server.domain.tools import ToolCall

ChosenBy: TypeAlias = Literal[
    "agreement", "evidence", "judge", "largest group", "best evidence", "first"
]
"""`agreement`: all candidates, or most, would do the same. `evidence`: no other group can work.
The last three stand in for a judge that could not be asked or did not answer."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a judge thinks of a group, 0 to 10 each."""

    correctness: int
    groundedness: int
    progress: int
    safety: int

    @property
    def total(self) -> int:
        return self.correctness + self.groundedness + self.progress + self.safety


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """Candidates that would do the same; `text` and `calls` are those of one of them.

    `problem` says why it cannot work, empty when nothing speaks against it. `notes`
    are what a dry run showed, `changes` its diff, and `diffed` the ids of the calls
    whose effect that diff shows. `read_versions` are the files that the dry run read:
    their paths, and fingerprints of their texts, empty for a file that was not there.
    `scores` are None where no judge was asked.
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
