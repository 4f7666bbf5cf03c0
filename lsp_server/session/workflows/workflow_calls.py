"""This module works through workflows that a model gives as a tool call of its run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lsp_server.agent.state import State
from lsp_server.domain.errors import HoldfastError, ToolError
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Mode, Outcome, RunId
from lsp_server.domain.tools import ToolResult
from lsp_server.domain.workflows import (
    NodeStatus,
    Workflow,
    WorkflowNode,
    graph_faults,
    only_looking,
    progress_text,
)
from lsp_server.goals.new_goal import goal_from_parts
from lsp_server.session.children import Children
from lsp_server.session.run_context import RunContext
from lsp_server.session.skills import SessionSkills
from lsp_server.session.workflows.closing_check import ClosingCheck
from lsp_server.session.workflows.workflow_agents import agents_of
from lsp_server.session.workflows.workflow_work import WorkflowPlan, WorkflowWork
from lsp_server.text.markdown import code_block, code_span
from lsp_server.text.truncate import first_line, truncate_middle
from lsp_server.tools.workflow import NodeArguments, WorkflowArguments
from lsp_server.wording.run_texts import outcome_text

OF_CALL = "plan"
"""The name of a workflow that has no file."""
SAID_CHARS_MAX = 12_000
"""What all nodes together say is shared out evenly in the result of the call."""
TITLE_CHARS_MAX = 60


class WorkflowCalls:
    """`WorkflowCalls` are workflows of one run, each for a tool call of it: the delegate of the tool.

    `closing` makes what checks all nodes of one in the end.
    """

    def __init__(
        self,
        children: Children,
        parent: RunContext,
        skills: SessionSkills,
        closing: Callable[[], ClosingCheck],
    ) -> None:
        self._children = children
        self._skills = skills
        self._closing = closing
        self._mode: Mode = parent.task.mode
        self._state: State = parent.event_log.state
        self._emit = parent.event_log.emit

    def has_begun(self, call_id: Id) -> bool:
        """Says whether the workflow of the call is worked through, or was."""
        return call_id in self._state.workflows.by_call

    async def work(self, call_id: Id, wish: WorkflowArguments) -> ToolResult:
        """Works through a workflow, or goes on with it. Raises ToolError when it is none."""
        workflow = _workflow(wish)
        if self._mode == "plan":
            workflow = only_looking(workflow)
        try:
            agents = await agents_of(workflow, self._skills)
        except HoldfastError as error:
            raise ToolError(str(error)) from error
        plan = WorkflowPlan(workflow, agents, call_id)
        closing = self._closing()
        work = WorkflowWork(plan, self._children, self._state, self._emit, closing)
        nodes = await work.run()
        outcomes = [await self._children.outcome(RunId(node.run_id)) for node in nodes]
        return ToolResult(
            _report_text(nodes, outcomes, closing.edited),
            changed=tuple(dict.fromkeys(self._changed(nodes))),
            failed=not all(node.is_done for node in nodes),
        )

    def _changed(self, nodes: Sequence[NodeStatus]) -> Iterator[str]:
        ids = {node.run_id for node in nodes}
        for run_id, ended in self._state.conversation.ended_children.items():
            if run_id in ids:
                yield from (change.path for change in ended.changes)


def _workflow(wish: WorkflowArguments) -> Workflow:
    nodes = tuple(map(_node, wish.nodes))
    faults = [fault.message for fault in graph_faults(nodes)]
    if faults:
        raise ToolError("; ".join(faults))
    return Workflow(OF_CALL, nodes)


def _node(wish: NodeArguments) -> WorkflowNode:
    try:
        goal = goal_from_parts(tuple(wish.conditions), tuple(wish.checks), wish.id)
    except HoldfastError as error:
        raise ToolError(f"{wish.id}: {error}") from error
    return WorkflowNode(
        id=wish.id,
        title=f"{wish.id}: {first_line(wish.task, TITLE_CHARS_MAX)}",
        task=wish.task,
        needs=tuple(dict.fromkeys(wish.needs)),
        agent=wish.agent or "",
        mode=wish.mode,
        attempts=wish.attempts,
        reworks=wish.rework,
        conditions=goal.conditions if goal is not None else (),
    )


def _report_text(
    nodes: Sequence[NodeStatus], outcomes: Sequence[Outcome | None], edited: Sequence[str]
) -> str:
    """Returns the result of a call; what subagents say stands in blocks, as it may come from anywhere."""
    share = max(200, SAID_CHARS_MAX // max(1, len(nodes)))
    lines = [f"The workflow ended: {progress_text(nodes)}."]
    for node, outcome in zip(nodes, outcomes, strict=True):
        ended = f"{code_span(node.id)}: {node.state}"
        lines.append(f"- {ended}{f' (run {node.run_id})' if node.run_id else f': {node.why}'}")
        if outcome is not None:
            lines.append(code_block(truncate_middle(outcome_text(outcome), share)))
    if edited:
        lines.append(f"Edited, though they decide about the checks: {', '.join(edited)}")
    return "\n".join(lines)
