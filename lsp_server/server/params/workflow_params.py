"""This module has the shapes of the commands about workflows."""

from __future__ import annotations

from typing import Literal

from pydantic import StrictBool, StrictStr

from lsp_server.domain.tasks import Mode
from lsp_server.server.params.base import CommandParams, Payload, Reply
from lsp_server.session.trust import TrustState


class WorkflowRun(CommandParams):
    """`holdfast.workflow.run` takes a workflow by its name; without one the reply says which there are.

    Its last run goes on if that is open or the workflow was edited since; with `fresh` it
    begins anew.
    """

    name: StrictStr | None = None
    mode: Mode = "build"
    fresh: StrictBool = False


class WorkflowEntry(Payload):
    """A `WorkflowEntry` is a workflow; `problem` says why it cannot be run, empty if it can be read."""

    name: str
    description: str
    origin: Literal["project", "user"]
    state: TrustState
    nodes: int
    uri: str
    problem: str = ""


class WorkflowListReply(Reply):
    """A `WorkflowListReply` lists workflows, the project's first, those that cannot be read last."""

    workflows: tuple[WorkflowEntry, ...] = ()
