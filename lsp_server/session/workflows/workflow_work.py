"""This module works through one workflow: each node is a child of the run, begun once it may.

How far it is goes into the journal of the run with each change (`WorkflowChanged`), and a
node's runs are found again by its id and the digest of its input. So work that was
interrupted, or whose workflow was edited since, begins only what is open, what changed, and
what needs that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lsp_server.agent.state import State
from lsp_server.domain.child_events import node_key
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Emit
from lsp_server.domain.goals import Goal
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import (
    Attempts,
    Budget,
    Finished,
    Mode,
    Outcome,
    RunId,
    Task,
    Unmet,
)
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.domain.workflows import NodeStatus, Workflow, WorkflowNode, in_order
from lsp_server.session.children import Children, ChildWork
from lsp_server.session.workflows.closing_check import ClosingCheck
from lsp_server.session.workflows.node_ends import node_state, why_text
from lsp_server.session.workflows.node_input import (
    NeededResult,
    definition_digest,
    node_digest,
    node_text,
)
from lsp_server.skills.custom_agent import CustomAgent

NEEDS_MORE = "it needs {}"
BROKEN = "It held when it was done, and does not hold any more."


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """A `WorkflowPlan` is a workflow with its custom agents, by their names, for one tool call.

    `call_id` is empty where the workflow is the task of the run. `said` are a person's
    messages since that was given.
    """

    workflow: Workflow
    agents: Mapping[str, CustomAgent]
    call_id: Id = ""
    said: tuple[str, ...] = ()


class WorkflowWork:
    """A `WorkflowWork` works through a workflow until each node is over.

    `state` and `emit` are those of the run whose `children` work.
    """

    def __init__(
        self,
        plan: WorkflowPlan,
        children: Children,
        state: State,
        emit: Emit,
        closing: ClosingCheck,
    ) -> None:
        self._plan = plan
        self._by_id = {node.id: node for node in plan.workflow.nodes}
        self._children = children
        self._state = state
        self._emit = emit
        self._closing = closing
        self._definition = definition_digest(plan.workflow)
        self._nodes = {
            node.id: NodeStatus(node.id, node.title, node.needs) for node in plan.workflow.nodes
        }
        self._over = {node.id: asyncio.Event() for node in plan.workflow.nodes}
        self._untold: set[Id] = set()
        """Runs that worked on nodes when a crash came, and whose ends the nodes do not know."""

    @property
    def nodes(self) -> tuple[NodeStatus, ...]:
        """Returns how far each node is, in their order."""
        return tuple(self._nodes.values())

    async def run(self) -> tuple[NodeStatus, ...]:
        """Works until every node is over, and checks all of them again in the end."""
        self._take_up()
        self._say()
        try:
            async with asyncio.TaskGroup() as group:
                for node in self._plan.workflow.nodes:
                    if not self._nodes[node.id].is_done:
                        group.create_task(self._work_on(node))
            await self._close()
        except asyncio.CancelledError:
            for status in self.nodes:
                if status.state == "running":
                    self._nodes[status.id] = replace(status, state="stopped")
            self._say()
            raise
        return self.nodes

    def _take_up(self) -> None:
        """Takes up what is known of nodes whose input is what it was."""
        known = self._state.workflows.by_call.get(self._plan.call_id)
        before = {} if known is None else {status.id: status for status in known.nodes}
        self._untold |= {one.run_id for one in before.values() if one.state == "running"}
        for node in in_order(self._plan.workflow.nodes):
            if not all(self._nodes[need].result for need in node.needs):
                continue
            digest, status = self._digest(node), before.get(node.id)
            if status is None or status.digest != digest:
                continue
            state = status.state if status.is_done else "waiting"
            self._nodes[node.id] = replace(status, title=node.title, needs=node.needs, state=state)
            if status.is_done:
                self._over[node.id].set()

    async def _work_on(self, node: WorkflowNode) -> None:
        """Works on a node once those that it needs are over."""
        for need in node.needs:
            await self._over[need].wait()
        lacking = [need for need in node.needs if not self._nodes[need].is_done]
        if lacking:
            titles = ", ".join(self._by_id[need].title for need in lacking)
            self._set(node, state="skipped", why=NEEDS_MORE.format(titles))
        else:
            await self._bring_to_its_end(node, node.reworks + 1)
        self._over[node.id].set()

    async def _bring_to_its_end(
        self, node: WorkflowNode, runs_max: int, earlier: Outcome | None = None
    ) -> None:
        """Lets runs work on a node until one shows that it is done, `runs_max` at most."""
        digest = self._digest(node)
        if self._nodes[node.id].digest != digest:
            self._nodes[node.id] = replace(self._nodes[node.id], digest=digest, result="")
        needed = [await self._result_of(need) for need in node.needs]
        for _ in range(runs_max):
            try:
                done = await self._run(node, digest, needed, earlier)
                if done.had_ended and done.outcome.outcome in ("stopped", "failed"):
                    done = await self._run(node, digest, needed, earlier)
            except ToolError as error:
                self._set(node, state="stopped", why=str(error))
                return
            self._take(node, done)
            # An error, a stop and a question to a person would only come again.
            if self._nodes[node.id].state != "unmet":
                return
            earlier = done.outcome

    async def _run(
        self,
        node: WorkflowNode,
        digest: Id,
        needed: Sequence[NeededResult],
        earlier: Outcome | None,
    ) -> ChildWork:
        plan = self._plan
        agent = plan.agents.get(node.agent)
        agent_mode: Mode = "build" if agent is None else agent.mode
        mode: Mode = "plan" if "plan" in (node.mode, agent_mode) else "build"
        key = self._key(node, digest)

        def make(run_id: RunId, share: Budget) -> Task:
            self._set(node, state="running", run_id=run_id, why="")
            return Task(
                node_text(node, plan.workflow.common, needed, plan.said, earlier),
                goal=Goal(node.id, node.title, node.conditions) if node.conditions else None,
                mode=mode,
                budget=share,
                agent=agent.profile if agent is not None else None,
                parent_call=key,
                attempts=Attempts(node.attempts if mode == "build" else 1, takes_best=True),
            )

        return await self._children.work(key, node.title, make)

    def _key(self, node: WorkflowNode, digest: Id) -> Id:
        """Returns the key of the run that is to work on a node: one that did not end, or a new one."""
        conversation = self._state.conversation
        prefix = node_key(self._plan.call_id, node.id, digest, 1).removesuffix("1")
        runs = [(key, run) for key, run in conversation.children.items() if key.startswith(prefix)]
        for key, run_id in runs[-1:]:
            if run_id in self._untold or run_id not in conversation.ended_children:
                self._untold.discard(run_id)
                return key
        return node_key(self._plan.call_id, node.id, digest, len(runs) + 1)

    def _take(self, node: WorkflowNode, done: ChildWork) -> None:
        """Takes in how a run of a node ended."""
        outcome, status = done.outcome, self._nodes[node.id]
        self._closing.take(outcome)
        state = node_state(node, outcome)
        is_done = state in ("achieved", "finished")
        result = status.result or (done.run_id if is_done else "")
        self._set(node, state=state, run_id=done.run_id, result=result, why=why_text(outcome))

    async def _close(self) -> None:
        """Checks all again on the tree as it is in the end; a node that broke is worked on anew."""
        left = {node.id: node.reworks for node in self._plan.workflow.nodes}
        while all(status.is_done for status in self.nodes):
            for node in filter(self._closing.lacks, self._plan.workflow.nodes):
                run_id = RunId(self._nodes[node.id].run_id)
                self._closing.take(await self._children.outcome(run_id))
            report = await self._closing.look(self._plan.workflow)
            failed = {item.condition.id for item in report.conditions if item.verdict == "unmet"}
            broken = [
                node
                for node in self._plan.workflow.nodes
                if any(condition.id in failed for condition in node.conditions)
            ]
            for node in broken:
                earlier = Unmet(BROKEN, report)
                if left[node.id] == 0:
                    self._set(node, state="unmet", why=f"{BROKEN} {why_text(earlier)}")
                else:
                    left[node.id] -= 1
                    await self._bring_to_its_end(node, 1, earlier)
            if not broken:
                return

    async def _result_of(self, need: Id) -> NeededResult:
        run_id = RunId(self._nodes[need].result)
        outcome = await self._children.outcome(run_id) or Finished(self._nodes[need].why)
        ended = self._state.conversation.ended_children.get(run_id)
        changed = tuple(change.path for change in ended.changes) if ended is not None else ()
        return NeededResult(self._by_id[need], run_id, outcome, changed)

    def _digest(self, node: WorkflowNode) -> Id:
        results = [(need, self._nodes[need].result) for need in node.needs]
        agent = self._plan.agents.get(node.agent)
        return node_digest(node, self._plan.workflow.common, agent, results)

    def _set(self, node: WorkflowNode, **changes: object) -> None:
        self._nodes[node.id] = replace(self._nodes[node.id], **changes)  # type: ignore[arg-type]
        self._say()

    def _say(self) -> None:
        self._emit(
            WorkflowChanged(
                self._plan.workflow.name, self._plan.call_id, self._definition, self.nodes
            )
        )
