"""This module checks the conditions of all nodes once more, on the tree as it is in the end.

What a node showed may be undone by the work of a later one. What was shown on this very tree
is not shown again.
"""

from __future__ import annotations

from lsp_server.agent.goal_check import Verify, check_goal
from lsp_server.agent.state import State
from lsp_server.domain.events import Emit
from lsp_server.domain.goals import Condition, ConditionReport, Goal, GoalReport
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Outcome
from lsp_server.domain.workflows import Workflow, WorkflowNode
from lsp_server.goals.changes import StopAttempt
from lsp_server.session.workflows.node_ends import conditions_of, report_of

CLOSING = "all nodes of the workflow are done"


class ClosingCheck:
    """A `ClosingCheck` knows what was shown last of each condition, and of which tree.

    `verify` checks a goal by the rules of the run with this `state`.
    """

    def __init__(self, verify: Verify, state: State, emit: Emit) -> None:
        self._verify = verify
        self._state = state
        self._emit = emit
        self.reports: dict[Id, ConditionReport] = {}
        self._trees: dict[Id, Id] = {}
        self.tree: Id = ""
        self.edited: tuple[str, ...] = ()
        """Files that decide about the conditions, which were there before and were edited."""

    def take(self, outcome: Outcome | None) -> None:
        """Takes in what the run of a node showed."""
        report = report_of(outcome) if outcome is not None else None
        if report is not None:
            for item in report.conditions:
                self._keep(item, report.tree)

    def lacks(self, node: WorkflowNode) -> bool:
        """Says whether nothing is known of a condition of the node."""
        return any(condition.id not in self.reports for condition in node.conditions)

    async def look(self, workflow: Workflow) -> GoalReport:
        """Checks all conditions of a workflow, and returns the verdict on each."""
        checked = conditions_of(workflow.nodes, checked=True)
        in_words = conditions_of(workflow.nodes, checked=False)
        evidence = tuple(one for item in self.reports.values() for one in item.evidence)
        changes = self._state.work.changes
        # A node may write the tests that another has to pass; edits of what was there are judged.
        edits = {path: one for path, one in changes.items() if one.before is not None}
        report = await self._check(workflow, checked, StopAttempt(edits, CLOSING, evidence))
        self.tree, self.edited = report.tree, report.judges_edited
        holds = all(item.verdict in ("met", "waived") for item in report.conditions)
        stale = [one for one in in_words if self._trees.get(one.id) != report.tree]
        if holds and stale:
            await self._check(workflow, tuple(stale), StopAttempt(changes, CLOSING))
        goal = Goal(workflow.name, f"workflow {workflow.name}", (*checked, *in_words))
        known = tuple(
            self.reports.get(one.id, ConditionReport(one, "unverified")) for one in goal.conditions
        )
        return GoalReport(goal, known, self.tree, self.edited)

    async def _check(
        self, workflow: Workflow, conditions: tuple[Condition, ...], attempt: StopAttempt
    ) -> GoalReport:
        goal = Goal(workflow.name, f"workflow {workflow.name}", conditions)
        if not conditions:
            return (await self._verify(goal, attempt)).report
        report = await check_goal(self._verify, goal, attempt, self._emit)
        for item in report.conditions:
            self._keep(item, report.tree)
        return report

    def _keep(self, item: ConditionReport, tree: Id) -> None:
        self.reports[item.condition.id] = item
        self._trees[item.condition.id] = tree
