"""This module defines workflows: a plan as a graph of nodes, and how far each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from lsp_server.domain.goals import Condition
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Mode

NODES_MAX = 100
ATTEMPTS_MAX = 8
REWORKS_MAX = 5

NodeState: TypeAlias = Literal[
    "waiting",
    "running",
    "achieved",
    "finished",
    "unmet",
    "blocked",
    "stopped",
    "failed",
    "skipped",
]
"""What is known of a node: how its run ended, or why it has none. `skipped`: one that it needs fell short."""


@dataclass(frozen=True, slots=True)
class WorkflowNode:
    """A `WorkflowNode` is one piece of a workflow: a task, with what must hold when it is done.

    `needs` are the ids of nodes that must be done before. `agent` names the custom agent that
    works on it, empty for none. `attempts` is the number of whole runs of which one is taken
    (1 to ATTEMPTS_MAX), `reworks` how often a node that falls short is worked on anew (0 to
    REWORKS_MAX). Without conditions it is done once its run ends by itself.
    """

    id: Id
    title: str
    task: str
    needs: tuple[Id, ...] = ()
    agent: str = ""
    mode: Mode = "build"
    attempts: int = 1
    reworks: int = 1
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """A `Workflow` is a graph of nodes; each of them is told what is `common` to all."""

    name: str
    nodes: tuple[WorkflowNode, ...]
    common: str = ""


def only_looking(workflow: Workflow) -> Workflow:
    """Returns a workflow of which no node changes a file, nor runs a check."""
    nodes = (replace(one, mode="plan", attempts=1, conditions=()) for one in workflow.nodes)
    return replace(workflow, nodes=tuple(nodes))


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A `NodeStatus` is how far a node is; `why` says in a line how it came to that.

    `digest` names the input that it worked on, `run_id` the last run that did, and `result`
    the one that showed first that it is done; each is empty until there is one.
    """

    id: Id
    title: str
    needs: tuple[Id, ...]
    state: NodeState = "waiting"
    digest: Id = ""
    run_id: Id = ""
    result: Id = ""
    why: str = ""

    @property
    def is_done(self) -> bool:
        """Says whether the nodes that need it may begin."""
        return self.state in ("achieved", "finished")

    @property
    def is_over(self) -> bool:
        """Says whether nothing more comes of it in this run."""
        return self.state not in ("waiting", "running")


@dataclass(frozen=True, slots=True)
class GraphFault:
    """A `GraphFault` is what keeps nodes from being a workflow; `node` is its place among them.

    `in_needs` says that it stands where the node names what it needs.
    """

    node: int
    message: str
    in_needs: bool = False


def graph_faults(nodes: Sequence[WorkflowNode]) -> Iterator[GraphFault]:
    """Yields what keeps nodes from being a workflow: none, too many, ids twice, unknown needs, a cycle.

    >>> [fault.message for fault in graph_faults([WorkflowNode("a", "A", "", needs=("a",))])]
    ['the node a needs itself']
    """
    if not nodes:
        yield GraphFault(0, "there is no node")
    elif len(nodes) > NODES_MAX:
        message = f"{len(nodes):,} nodes are too many; a workflow has at most {NODES_MAX}"
        yield GraphFault(NODES_MAX, message)
    else:
        yield from _wrong_ids(nodes)
        yield from _wrong_needs(nodes)


def _wrong_ids(nodes: Sequence[WorkflowNode]) -> Iterator[GraphFault]:
    first: dict[Id, int] = {}
    for place, node in enumerate(nodes):
        if node.id in first:
            yield GraphFault(place, f"there are two nodes with the id {node.id}")
        first.setdefault(node.id, place)


def _wrong_needs(nodes: Sequence[WorkflowNode]) -> Iterator[GraphFault]:
    known = {node.id for node in nodes}
    unknown = False
    for place, node in enumerate(nodes):
        for need in dict.fromkeys(node.needs):
            if need not in known:
                unknown = True
                message = (
                    f"the node {node.id} needs {need}, which is no node; there are: {_named(known)}"
                )
                yield GraphFault(place, message, in_needs=True)
            elif need == node.id:
                unknown = True
                yield GraphFault(place, f"the node {node.id} needs itself", in_needs=True)
    cycle = [] if unknown else find_cycle(nodes)
    if cycle:
        place = next(place for place, node in enumerate(nodes) if node.id == cycle[0])
        path = " needs ".join((*cycle, cycle[0]))
        yield GraphFault(place, f"the nodes wait for each other: {path}", in_needs=True)


def find_cycle(nodes: Sequence[WorkflowNode]) -> list[Id]:
    """Returns nodes of which each needs the next and the last the first; empty where there are none.

    >>> find_cycle([WorkflowNode("a", "", "", needs=("b",)), WorkflowNode("b", "", "", needs=("a",))])
    ['a', 'b']
    """
    left = {node.id: node.needs for node in nodes}
    while free := [each for each, needs in left.items() if not any(need in left for need in needs)]:
        for each in free:
            del left[each]
    if not left:
        return []
    path: list[Id] = [next(iter(left))]
    while True:
        following = next(need for need in left[path[-1]] if need in left)
        if following in path:
            return path[path.index(following) :]
        path.append(following)


def in_order(nodes: Sequence[WorkflowNode]) -> list[WorkflowNode]:
    """Returns nodes without a cycle so that each stands behind those that it needs.

    >>> nodes = [WorkflowNode("b", "", "", needs=("a",)), WorkflowNode("a", "", "")]
    >>> [node.id for node in in_order(nodes)]
    ['a', 'b']
    """
    ordered: dict[Id, WorkflowNode] = {}
    while len(ordered) < len(nodes):
        for node in nodes:
            if node.id not in ordered and all(need in ordered for need in node.needs):
                ordered[node.id] = node
    return list(ordered.values())


def progress_text(nodes: Sequence[NodeStatus]) -> str:
    """Says in a line how far a workflow is.

    >>> progress_text([NodeStatus("a", "A", (), "achieved"), NodeStatus("b", "B", (), "running")])
    '1 of 2 nodes done; at work: B'
    """
    every = f"{len(nodes)} node{'s' * (len(nodes) != 1)}"
    done = f"{sum(node.is_done for node in nodes)} of {every} done"
    count = Counter(node.state for node in nodes)
    fell_short = [f"{count[state]} {state}" for state in _FELL_SHORT if count[state]]
    doing = [node.title for node in nodes if node.state == "running"]
    at_work = [f"at work: {', '.join(doing)}"] if doing else []
    return "; ".join([done, *fell_short, *at_work])


_FELL_SHORT: tuple[NodeState, ...] = ("unmet", "blocked", "failed", "stopped", "skipped")
IDS_NAMED_MAX = 20


def _named(ids: set[Id]) -> str:
    shown = sorted(ids)[:IDS_NAMED_MAX]
    return ", ".join(shown) + (" and more" if len(ids) > len(shown) else "")
