"""What a node works on has a name that changes with all of it, and with nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from lsp_server.domain.goals import CommandCheck, Condition
from lsp_server.domain.workflows import Workflow, WorkflowNode
from lsp_server.session.workflows.node_input import definition_digest, node_digest

NODE = WorkflowNode("a", "A", "Do it.", ("b",), conditions=(Condition("c-1", "it is done"),))
CHANGES: dict[str, Any] = {
    "id": "other",
    "title": "Other",
    "task": "Do it well.",
    "agent": "critic",
    "mode": "plan",
    "attempts": 2,
    "conditions": (Condition("c-2", "it is done", (CommandCheck("make"),)),),
}


def digest(node: WorkflowNode = NODE, common: str = "", needs: str = "r.1") -> str:
    return node_digest(node, common, None, [(need, needs) for need in node.needs])


@pytest.mark.parametrize("field", CHANGES)
def test_each_part_of_a_node_changes_the_name_of_its_input(field: str) -> None:
    changed = replace(NODE, **{field: CHANGES[field]})
    assert digest(changed) != digest()
    assert definition_digest(Workflow("w", (changed,))) != definition_digest(Workflow("w", (NODE,)))


def test_what_is_common_and_what_is_needed_change_it() -> None:
    assert (
        len({digest(), digest(common="x"), digest(needs="r.2"), digest(replace(NODE, needs=()))})
        == 4
    )


def test_how_often_it_is_worked_on_anew_is_no_input() -> None:
    often = replace(NODE, reworks=5)
    assert digest(often) == digest()
    assert definition_digest(Workflow("w", (often,))) != definition_digest(Workflow("w", (NODE,)))


def test_no_part_of_a_node_is_forgotten() -> None:
    assert {field.name for field in fields(NODE)} == {*CHANGES, "needs", "reworks"}


def test_the_name_stays_what_it_was_written_with() -> None:
    assert digest() == "d65f52f7e8b5bbb6"
