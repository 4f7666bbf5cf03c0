"""This module defines the Events with which a run records its children: runs that it began itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.ids import Id
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import RunId, RunState


@dataclass(frozen=True, slots=True)
class ChildChange:
    """A `ChildChange` is what a child did to a file: as it was before, and as it left it.

    `before` and `after` are as in a FileChanged.
    """

    path: str
    before: Id | None
    after: Id | None


@dataclass(frozen=True, slots=True)
class ChildStarted:
    """The run gives a part of its work to the child `run_id`, for the tool call `call_id`.

    `title` says in a few words what it is for, `agent` names the custom agent that it works as.
    """

    run_id: RunId
    call_id: Id
    title: str
    agent: str = ""
    kind: Literal["child_started"] = "child_started"


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """A child has ended; what it spent and what it changed count for the run from here on."""

    run_id: RunId
    call_id: Id
    title: str
    outcome: RunState
    steps: int
    billed: Usage
    cost_usd: float
    changes: tuple[ChildChange, ...] = ()
    kind: Literal["child_ended"] = "child_ended"
