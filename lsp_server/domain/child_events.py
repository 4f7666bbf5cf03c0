"""This module defines the Events with which a run records its children: runs that it began itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.ids import Id
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import RunId, RunState


def node_key(call_id: Id, node_id: Id, digest: Id, number: int) -> Id:
    """Returns what stands for the tool call of the run that works on a node, for the `number`th time.

    >>> ChildStarted(RunId("r.1"), node_key("call_1", "tests", "4f2a", 1), "Tests").tool_call
    'call_1'
    """
    return f"{call_id}/{node_id}/{digest}/{number}"


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

    For a node of a workflow `call_id` is the node's key (`node_key`). `title` says in a few words what it is for, `agent` names the custom agent that it works as.
    """

    run_id: RunId
    call_id: Id
    title: str
    agent: str = ""
    kind: Literal["child_started"] = "child_started"

    @property
    def tool_call(self) -> Id:
        """Returns the id of the tool call, also of a node; empty for a workflow that is a run's task."""
        parts = self.call_id.rsplit("/", 3)
        return parts[0] if len(parts) == 4 else self.call_id


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
