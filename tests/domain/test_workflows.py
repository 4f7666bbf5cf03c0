"""Graphs of nodes: order and cycles, compared with the standard library's."""

from __future__ import annotations

import random
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pytest

from lsp_server.domain.workflows import WorkflowNode, find_cycle, graph_faults, in_order
from tests.sampling import sampled


def drawn(chance: random.Random) -> list[WorkflowNode]:
    """A graph by chance, sparse or dense, with or without cycles."""
    names = [f"n{number}" for number in range(chance.randint(1, 12))]
    chance.shuffle(names)
    edges = chance.random() * 3 / len(names)
    return [
        WorkflowNode(
            name, name, "", tuple(o for o in names if o != name and chance.random() < edges)
        )
        for name in names
    ]


@pytest.mark.parametrize("seed", range(sampled(400)))
def test_order_and_cycles_are_those_of_the_standard_library(seed: int) -> None:
    nodes = drawn(random.Random(seed))
    needs = {node.id: node.needs for node in nodes}
    try:
        list(TopologicalSorter(needs).static_order())
    except CycleError:
        cycle = find_cycle(nodes)
        assert all(after in needs[before] for before, after in pairwise([*cycle, cycle[0]]))
        (fault,) = graph_faults(nodes)
        assert nodes[fault.node].id in cycle
        return
    assert not find_cycle(nodes)
    assert not list(graph_faults(nodes))
    ordered = [node.id for node in in_order(nodes)]
    assert sorted(ordered) == sorted(needs)
    assert all(
        ordered.index(need) < ordered.index(name) for name in ordered for need in needs[name]
    )
