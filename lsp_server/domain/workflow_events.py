"""This module defines the Event of a run that works on a workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.ids import Id
from lsp_server.domain.workflows import NodeStatus


@dataclass(frozen=True, slots=True)
class WorkflowChanged:
    """A workflow begins, or a node of it begins or ends; `nodes` are all of them as they are now.

    `call_id` is the tool call that it works for, empty where it is the task of the run.
    `definition` changes with what the workflow says.
    """

    name: str
    call_id: Id
    definition: Id
    nodes: tuple[NodeStatus, ...]
    kind: Literal["workflow_changed"] = "workflow_changed"
