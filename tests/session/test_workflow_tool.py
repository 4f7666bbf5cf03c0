"""The tool `workflow`: a plan of the model's own, worked through by subagents of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.child_events import ChildStarted
from lsp_server.domain.events import RunStarted, ToolReturned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Task
from lsp_server.domain.workflow_events import WorkflowChanged
from tests.fakes.cast import cast
from tests.harness.workflows import states
from tests.harness.workshop import Workshop, calls, finish, workshop

READ = calls(("read", {"path": "a.txt"}))


def write(path: str) -> Any:
    return calls(("write", {"path": path, "text": "x\n"}))


def plan(*nodes: dict[str, Any]) -> Any:
    """A turn in which the parent gives a plan."""
    return calls(("workflow", {"nodes": [{"task": f"Do {node['id']}.", **node} for node in nodes]}))


def result(shop: Workshop) -> str:
    (returned,) = [event for event in shop.events(ToolReturned) if event.tool == "workflow"]
    return returned.result.text


ALPHA: dict[str, Any] = {"id": "alpha", "mode": "build", "checks": ["test -f made.txt"]}
BETA: dict[str, Any] = {"id": "beta", "needs": ["alpha"]}


async def test_a_plan_is_worked_through_and_each_node_is_told(project: Path) -> None:
    turns = cast(
        parent=[plan(ALPHA, BETA)],
        alpha=[write("made.txt"), finish("It is in made.txt.")],
        beta=[READ, finish("I have read it.")],
    )
    async with workshop(project, turns) as shop:
        outcome = await shop.run("parent: do all")
        assert outcome.outcome == "finished"
        assert states(shop) == {"alpha": "achieved", "beta": "finished"}
        text = result(shop)
        assert "2 of 2 nodes done" in text
        assert "It is in made.txt." in text
        assert "I have read it." in text
        for event in shop.events(ChildStarted):
            assert event.run_id in text, "recall finds what it did by its run"
        (beta,) = [one[1]["content"] for one in shop.prompts() if one[1]["content"][:4] == "beta"][
            :1
        ]
        assert "It is in made.txt." in beta


async def test_a_node_that_falls_short_is_told_to_the_model(project: Path) -> None:
    turns = cast(parent=[plan({**ALPHA, "rework": 0}, BETA), finish("went on")], alpha=[READ])
    async with workshop(project, turns, goal={"re_entries_max": 0}) as shop:
        outcome = await shop.run("parent")
        assert outcome.outcome == "finished"
        assert "`alpha`: unmet" in result(shop)
        assert "`beta`: skipped: it needs alpha" in result(shop)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], "nodes"),
        ([{**BETA}], "beta needs alpha, which is no node"),
        ([{"id": "a", "needs": ["b"]}, {"id": "b", "needs": ["a"]}], "wait for each other"),
        ([{"id": "a"}, {"id": "a"}], "two nodes with the id a"),
        ([{"id": "a b"}], "id"),
        ([{"id": "a", "agent": "nobody"}], "there is no agent 'nobody'"),
        ([{"id": "a", "checks": [" "]}], "a check is empty"),
        ([{"id": f"n{n}"} for n in range(1000)], "1,000 nodes are too many"),
        ([{"id": "a", "task": ""}], "task"),
        ([{"id": "a", "attempts": 99}], "attempts"),
    ],
)
async def test_what_is_no_plan_is_said_in_words(
    project: Path, nodes: list[dict[str, Any]], words: str
) -> None:
    async with workshop(project, cast(parent=[plan(*nodes)])) as shop:
        await shop.run("parent")
        assert words in result(shop)
        assert not shop.events(ChildStarted)


async def test_a_plan_that_changes_files_or_runs_checks_asks_and_one_that_looks_does_not(
    project: Path,
) -> None:
    questions: list[Question] = []

    def answer(question: Question) -> Answer:
        questions.append(question)
        return "deny"

    turns = cast(
        parent=[plan(ALPHA), plan({"id": "beta", "checks": ["make"]}), plan({"id": "gamma"})],
        gamma=[READ],
    )
    async with workshop(project, turns, answer=answer) as shop:
        await shop.run("parent")
        assert [one.summary for one in questions] == [
            "begin a subagent that may change files: alpha",
            "begin a subagent that may change files: beta",
        ]
        assert "test -f made.txt" in questions[0].detail, "a person sees what would be run"
        assert [one.title for one in shop.events(ChildStarted)] == ["gamma: Do gamma."]


async def test_in_plan_mode_no_node_changes_a_file_and_no_check_runs(project: Path) -> None:
    node = {"id": "alpha", "checks": ["touch checked.txt"]}
    turns = cast(parent=[plan(node), plan({"id": "beta"})], beta=[write("made.txt")])
    async with workshop(project, turns) as shop:
        await shop.run(Task("parent", mode="plan"))
        assert not (project / "made.txt").exists()
        assert not (project / "checked.txt").exists()
        assert all(e.task.mode == "plan" for e in shop.events(RunStarted))


async def test_subagents_and_nodes_have_no_workflows_of_their_own(project: Path) -> None:
    turns = cast(parent=[plan({"id": "alpha"})], alpha=[plan({"id": "beta"})])
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        assert len(shop.events(ChildStarted)) == 1
        assert any(
            "there is no tool 'workflow'" in e.result.text for e in shop.events(ToolReturned)
        )


async def test_without_subagents_the_tool_is_not_there(project: Path) -> None:
    async with workshop(project, [finish(), finish()], run={"children_max": 0}) as shop:
        await shop.run()
        tools = shop.server.requests[0].body["tools"]
        assert "workflow" not in [one["function"]["name"] for one in tools]


async def test_a_stopped_run_goes_on_after_its_plan_and_knows_that_it_was_broken_off(
    project: Path,
) -> None:
    waits = calls(("shell", {"command": "sleep 100"}))
    turns = cast(parent=[plan({**ALPHA, "checks": []})], alpha=[waits])
    async with workshop(project, turns) as shop:

        def stop(event: Any) -> None:
            if isinstance(event, WorkflowChanged) and event.nodes[0].state == "running":
                shop.session.runs.stop()

        shop.on_event = stop
        assert (await shop.run("parent")).outcome == "stopped"
        assert "interrupted: the nodes had not all finished" in result(shop)
        assert not shop.events(PermissionAsked)
