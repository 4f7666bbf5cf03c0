"""Tasks, the limits they run under, and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType, TypeAlias

from lsp_server.domain.goals import Finding, Goal, GoalReport

RunId = NewType("RunId", str)
Mode: TypeAlias = Literal["build", "plan"]
When: TypeAlias = Literal["steer", "queue"]
RunState: TypeAlias = Literal[
    "running", "waiting", "achieved", "unmet", "blocked", "stopped", "failed", "interrupted"
]


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run; None means no limit."""

    steps_max: int = 200
    tokens_max: int | None = None
    cost_usd_max: float | None = None
    wall_seconds_max: float | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """The wish for Max Mode; `samples` None takes the setting.

    With `propose` the run looks around and then stops before the first change, with
    several proposals of which a person accepts one.
    """

    max_mode: bool = False
    samples: int | None = None
    propose: bool = False

    @property
    def described(self) -> str:
        """In words for a person."""
        if not self.max_mode:
            return "Max Mode off"
        return "Max Mode on" + (f", {self.samples} candidates" if self.samples else "")


@dataclass(frozen=True, slots=True)
class Selection:
    """The code a person points at. Lines count from 1, both ends included."""

    path: str
    start_line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a person wants done. In `plan` mode nothing can be changed."""

    instruction: str
    goal: Goal | None = None
    mode: Mode = "build"
    sampling: Sampling = Sampling()
    budget: Budget = Budget()
    selection: Selection | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Achieved:
    """The agent finished and, where a goal was set, every condition was shown to hold."""

    summary: str
    report: GoalReport | None = None
    outcome: Literal["achieved"] = "achieved"


@dataclass(frozen=True, slots=True)
class Unmet:
    """The agent gave up or ran out of re-entries with conditions open."""

    summary: str
    report: GoalReport
    outcome: Literal["unmet"] = "unmet"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A person has to answer before it can go on."""

    question: str
    report: GoalReport | None = None
    outcome: Literal["blocked"] = "blocked"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Ended by a person or by a limit."""

    reason: str
    outcome: Literal["stopped"] = "stopped"


@dataclass(frozen=True, slots=True)
class Failed:
    """Ended by an error that neither the agent nor waiting could mend."""

    error: str
    outcome: Literal["failed"] = "failed"


Outcome: TypeAlias = Achieved | Unmet | Blocked | Stopped | Failed
