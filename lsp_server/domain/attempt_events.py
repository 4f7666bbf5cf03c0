"""This module defines the Events of a run that makes several attempts at its task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.file_events import FileChanged
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Outcome, RunId


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """One of several whole runs of the task begins, in a copy of the workspace.

    `number` counts from 1, `run_id` is that of its own run. `hint` and `temperature` tell it
    from the others.
    """

    number: int
    run_id: RunId
    hint: str = ""
    temperature: float | None = None
    kind: Literal["attempt_started"] = "attempt_started"


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """An attempt ended; `changes` are what it changed in its copy, one for each path.

    `report` is what the goal's checks showed there, None without a goal. The counters are
    those of its own run. `is_whole` is false for one that was broken off: it is made again.
    """

    number: int
    run_id: RunId
    outcome: Outcome
    changes: tuple[FileChanged, ...] = ()
    report: GoalReport | None = None
    steps: int = 0
    usage: Usage = Usage()
    billed: Usage = Usage()
    cost_usd: float = 0.0
    seconds: float = 0.0
    is_whole: bool = True
    kind: Literal["attempt_ended"] = "attempt_ended"


@dataclass(frozen=True, slots=True)
class AttemptsJudged:
    """The judge has compared attempts; `billed` and `cost_usd` are what that cost."""

    billed: Usage
    cost_usd: float
    kind: Literal["attempts_judged"] = "attempts_judged"
