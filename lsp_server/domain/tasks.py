"""This module defines tasks, the limits that they run under, and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType, TypeAlias

from lsp_server.domain.goals import Finding, Goal, GoalReport
from lsp_server.domain.ids import Id
from lsp_server.domain.images import Image

RunId = NewType("RunId", str)
Mode: TypeAlias = Literal["build", "plan"]
"""In `plan` mode nothing can be changed."""
When: TypeAlias = Literal["steer", "queue"]
"""`steer`: the model reads a message before its next tool call. `queue`: when it wants to stop."""
RunState: TypeAlias = Literal[
    "running",
    "waiting",
    "achieved",
    "finished",
    "unmet",
    "blocked",
    "stopped",
    "failed",
    "interrupted",
]


@dataclass(frozen=True, slots=True)
class Budget:
    """A `Budget` limits one run; None means no limit.

    Tokens are those of prompts and answers together, as billed. With `is_share` it is a part
    of what the run may spend that began this one.
    """

    steps_max: int = 200
    tokens_max: int | None = None
    cost_usd_max: float | None = None
    wall_seconds_max: float | None = None
    is_share: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """A `Sampling` is a person's wish for Max Mode.

    `samples` is the number of candidates, None takes the setting. With `propose` the
    run looks around and stops before its first change, with several proposals of which
    a person accepts one.
    """

    max_mode: bool = False
    samples: int | None = None
    propose: bool = False

    @property
    def described(self) -> str:
        """Says in words, for a person, what is wished."""
        if not self.max_mode:
            return "Max Mode off"
        return "Max Mode on" + (f", {self.samples} candidates" if self.samples else "")


@dataclass(frozen=True, slots=True)
class Attempts:
    """An `Attempts` is a person's wish for several whole runs of one task, of which one is taken.

    `count` is 1 to 8. With `takes_best` the chosen one is carried over by itself; otherwise
    a person accepts one.
    """

    count: int = 1
    takes_best: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """A `Selection` is the code that a person points at.

    `path` is relative to the workspace; lines count from 1, both ends included.
    """

    path: str
    start_line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """An `AgentProfile` is the custom agent that a run works as, as it was when the run began.

    `instructions` join the system prompt. `tools` are the only ones that the run has,
    None: all but those in `without`, in the words of the agent's author. `model` names
    the one that should answer, empty for the run's own.
    """

    name: str
    instructions: str
    tools: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    model: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A `Task` is what a person wants done, in their words, and how it may be done.

    `selection` and `findings` are what the person pointed at in the editor. With a
    `goal`, the run ends as achieved only when the goal's checks hold. With an `agent` the
    run works as that custom agent. `images` are described in the instruction. With a
    `parent_call` it is a subagent: the part of another run's work that this tool call of it
    gave away. `temperature` is that of the answers, None leaves it as it is set. `workflow`
    names the one that the run works through, empty for a task in words.
    """

    instruction: str
    goal: Goal | None = None
    mode: Mode = "build"
    sampling: Sampling = Sampling()
    budget: Budget = Budget()
    selection: Selection | None = None
    findings: tuple[Finding, ...] = ()
    agent: AgentProfile | None = None
    images: tuple[Image, ...] = ()
    parent_call: Id = ""
    attempts: Attempts = Attempts()
    temperature: float | None = None
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class Achieved:
    """A run ended, and every condition of its goal, or the task itself, was shown to hold."""

    summary: str
    report: GoalReport | None = None
    outcome: Literal["achieved"] = "achieved"


@dataclass(frozen=True, slots=True)
class Finished:
    """A run has ended by itself, and nothing showed that its task is done: not verified.

    `why` says what was missing for that, empty where a person did not want it shown. With
    `answers` the task was a question, of which nothing has to be shown.
    """

    summary: str
    why: str = ""
    report: GoalReport | None = None
    answers: bool = False
    outcome: Literal["finished"] = "finished"


@dataclass(frozen=True, slots=True)
class Unmet:
    """A run gave up or ran out of re-entries, with its goal or its task still open."""

    summary: str
    report: GoalReport
    outcome: Literal["unmet"] = "unmet"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A run cannot go on before a person answers `question`."""

    question: str
    report: GoalReport | None = None
    outcome: Literal["blocked"] = "blocked"


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run was ended by a person or by a limit."""

    reason: str
    outcome: Literal["stopped"] = "stopped"


@dataclass(frozen=True, slots=True)
class Failed:
    """A run was ended by an error that neither the agent nor waiting could fix."""

    error: str
    outcome: Literal["failed"] = "failed"


Outcome: TypeAlias = Achieved | Finished | Unmet | Blocked | Stopped | Failed
