"""A `WorkflowAgent` is the agent of a run whose task is a workflow: its nodes are its children."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from lsp_server.domain.events import RunResumed, Told
from lsp_server.domain.tasks import Outcome
from lsp_server.session.children import Children
from lsp_server.session.run_context import RunContext
from lsp_server.session.workflows.closing_check import ClosingCheck
from lsp_server.session.workflows.node_ends import outcome_of
from lsp_server.session.workflows.workflow_work import WorkflowPlan, WorkflowWork


@dataclass(frozen=True, slots=True)
class WorkflowParts:
    """`WorkflowParts` are what a workflow is worked through with.

    `accept` asks a person whether files that decide about the conditions may stay as edited.
    `model` names the endpoint.
    """

    children: Children
    closing: ClosingCheck
    accept: Callable[[tuple[str, ...]], Awaitable[bool]]
    model: str


class WorkflowAgent:
    """A `WorkflowAgent` works through the workflow that its run's task names.

    Example, the way `assemble/workflows.py` uses it::

        agent = WorkflowAgent(run_context, plan, parts)
        outcome = await agent.run()
    """

    def __init__(self, run: RunContext, plan: WorkflowPlan, parts: WorkflowParts) -> None:
        self._run = run
        self._plan = plan
        self._parts = parts

    async def run(self) -> Outcome:
        """Works until every node is over."""
        event_log = self._run.event_log
        if event_log.resumed_from:
            event_log.emit(RunResumed("", self._parts.model))
        conversation = event_log.state.conversation
        for message in list(conversation.pending_messages):
            event_log.emit(Told(message.text, "person"))
        plan = replace(self._plan, said=tuple(conversation.requests[1:]))
        closing = self._parts.closing
        work = WorkflowWork(plan, self._parts.children, event_log.state, event_log.emit, closing)
        nodes = await work.run()
        edited = closing.edited
        if edited and all(node.is_done for node in nodes) and await self._parts.accept(edited):
            edited = ()
        return outcome_of(plan.workflow, nodes, closing.reports, closing.tree, edited)
