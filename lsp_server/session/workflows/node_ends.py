"""This module says how a workflow ended, from how each of its nodes did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lsp_server.domain.goals import Condition, ConditionReport, Goal, GoalReport
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Achieved, Blocked, Failed, Finished, Outcome, Stopped, Unmet
from lsp_server.domain.workflows import NodeState, NodeStatus, Workflow, WorkflowNode
from lsp_server.text.count import count_of
from lsp_server.text.truncate import one_line

WHY_CHARS_MAX = 400
NO_CONDITION = "nothing says what must hold for {}"

_WORST_FIRST: tuple[NodeState, ...] = ("failed", "stopped", "unmet", "blocked")


def report_of(outcome: Outcome) -> GoalReport | None:
    """Returns what was shown when a run ended; None where nothing was."""
    return outcome.report if isinstance(outcome, Achieved | Finished | Unmet | Blocked) else None


def node_state(node: WorkflowNode, outcome: Outcome) -> NodeState:
    """Returns what the end of its run makes of a node.

    Of one with conditions it has to be shown that they hold. A run that is blocked since a
    condition does not hold asks nothing that a person could answer: its node fell short.
    """
    if isinstance(outcome, Finished) and node.conditions:
        return "unmet"
    report = report_of(outcome)
    verdicts = [item.verdict for item in report.conditions] if report is not None else []
    return "unmet" if isinstance(outcome, Blocked) and "unmet" in verdicts else outcome.outcome


def why_text(outcome: Outcome) -> str:
    """Says in a line how the run of a node came to its end: for one that fell short, what is missing."""
    report = report_of(outcome)
    missing = [item.missing for item in report.conditions if item.missing] if report else []
    match outcome:
        case Unmet() | Blocked() if missing:
            return one_line("; ".join(missing), WHY_CHARS_MAX)
        case Achieved(summary) | Finished(summary) | Unmet(summary):
            return one_line(summary, WHY_CHARS_MAX)
        case Blocked(question):
            return one_line(question, WHY_CHARS_MAX)
        case Stopped(reason):
            return one_line(reason, WHY_CHARS_MAX)
        case Failed(error):
            return one_line(error, WHY_CHARS_MAX)


def conditions_of(nodes: Iterable[WorkflowNode], *, checked: bool) -> tuple[Condition, ...]:
    """Returns the conditions of nodes, each once: those that checks show, or those in words."""
    found = (one for node in nodes for one in node.conditions if bool(one.checks) == checked)
    return tuple({one.id: one for one in found}.values())


def outcome_of(
    workflow: Workflow,
    nodes: Sequence[NodeStatus],
    reports: Mapping[Id, ConditionReport],
    tree: Id,
    edited: tuple[str, ...] = (),
) -> Outcome:
    """Returns how a workflow ended; `reports` are the last ones on conditions, by their ids.

    `edited` are files that decide about the conditions and that nodes edited.
    """
    summary = summary_text(workflow, nodes)
    states = {node.state for node in nodes}
    worst = next((state for state in _WORST_FIRST if state in states), None)
    report = _report(workflow, nodes, reports, tree, edited)
    match worst:
        case "failed":
            return Failed(summary)
        case "stopped":
            return Stopped(summary)
        case "unmet":
            return Unmet(summary, report)
        case "blocked":
            return Blocked(summary, report)
        case _:
            return _done(workflow, report, summary)


def _done(workflow: Workflow, report: GoalReport, summary: str) -> Outcome:
    if report.judges_edited and report.met:
        paths = ", ".join(report.judges_edited)
        return Blocked(
            f"All nodes are done, but what judges them was edited: {paths}. Look at these "
            "changes. Should they be taken back, or what else?",
            report,
        )
    open_ids = [node.title for node in workflow.nodes if not node.conditions]
    if open_ids:
        return Finished(summary, NO_CONDITION.format(", ".join(open_ids)), report)
    return Achieved(summary, report) if report.met else Unmet(summary, report)


def summary_text(workflow: Workflow, nodes: Sequence[NodeStatus]) -> str:
    """Says how far a workflow came, with a line for each node that fell short."""
    done = sum(node.is_done for node in nodes)
    lines = [f"The workflow {workflow.name}: {done} of {count_of(len(nodes), 'node')} done."]
    lines += [f"- {node.title}: {node.state}: {node.why}" for node in nodes if not node.is_done]
    return "\n".join(lines)


def _report(
    workflow: Workflow,
    nodes: Sequence[NodeStatus],
    reports: Mapping[Id, ConditionReport],
    tree: Id,
    edited: tuple[str, ...],
) -> GoalReport:
    why = {node.id: node.why for node in nodes}
    conditions = {
        one.id: reports.get(one.id) or ConditionReport(one, "unmet", why[node.id])
        for node in workflow.nodes
        for one in node.conditions
    }
    of_nodes = {
        node.id: ConditionReport(Condition(node.id, node.title), "unmet", why[node.id])
        for node in workflow.nodes
        if not node.conditions and not _is_done(nodes, node.id)
    }
    shown = (*conditions.values(), *of_nodes.values())
    goal = Goal(workflow.name, f"workflow {workflow.name}", tuple(one.condition for one in shown))
    return GoalReport(goal, shown, tree, edited)


def _is_done(nodes: Sequence[NodeStatus], node_id: Id) -> bool:
    return any(node.id == node_id and node.is_done for node in nodes)
