"""Subagents: runs that a run gives parts of its work to, through a session and a model over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import (
    CandidatesJudged,
    CycleStarted,
    Event,
    FileChanged,
    ModelAnswered,
    SnapshotTaken,
    ToolReturned,
)
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Blocked, Budget, RunId, Sampling, Task
from lsp_server.goals.new_goal import goal_from_parts
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.session.notices import RunEvent
from tests.fakes.cast import cast, delegates
from tests.harness.stand import is_verdict
from tests.harness.workshop import Workshop, calls, finish, says, workshop
from tests.max_mode.test_run import script

READ = calls(("read", {"path": "a.txt"}))


def write(path: str, text: str = "x\n") -> Any:
    return calls(("write", {"path": path, "text": text}))


def parts(shop: Workshop, kind: Any, run: int | None = None) -> list[Any]:
    """The Events of one kind of a child, or of the parent."""
    found = [one for one in shop.notices if isinstance(one, RunEvent)]
    return [
        one.recorded.event
        for one in found
        if isinstance(one.recorded.event, kind)
        and one.run_id.partition(".")[2] == (str(run) if run else "")
    ]


def result(shop: Workshop, call: int = 0) -> str:
    """What the parent's model read of a child."""
    return str(parts(shop, ToolReturned)[call].result.text)


async def test_a_child_works_in_a_context_of_its_own_and_is_reported(project: Path) -> None:
    turns = cast(parent=[delegates("alpha")], alpha=[READ, finish("The port is 4812.")])
    async with workshop(project, turns) as shop:
        outcome = await shop.run("parent: find the port")
        assert outcome.outcome == "finished"
        assert "ended: finished, 2 steps" in result(shop)
        assert "The port is 4812." in result(shop)
        assert "it changed no file and ran no command" in result(shop)
        (alpha,) = [one for one in shop.prompts() if "alpha" in one[1]["content"]][:1]
        assert "find the port" not in str(alpha), "it sees nothing of its parent's conversation"
        assert [len(parts(shop, kind)) for kind in (ChildStarted, ChildEnded)] == [1, 1]


async def test_three_children_work_at_the_same_time(project: Path) -> None:
    together = asyncio.Barrier(3)
    names = ("alpha", "beta", "gamma")
    turns = cast(parent=[delegates(*names)], **{name: [READ] for name in names})
    meeting: list[asyncio.Task[Any]] = []
    async with workshop(project, turns) as shop:
        shop.on_event = lambda event: (
            meeting.append(asyncio.ensure_future(together.wait()))
            if isinstance(event, ToolReturned) and event.tool == "read"
            else None
        )
        await shop.run("parent")
        await asyncio.wait_for(asyncio.gather(*meeting), 10)
        started = [event.title for event in parts(shop, ChildStarted)]
        assert started == list(names)
        ids = [one["run"] for one in _nested(shop)]
        assert [run_id.rpartition(".")[2] for run_id in ids] == ["1", "2", "3"]
        kinds = [type(event) for event in parts(shop, ChildStarted | ChildEnded)]
        assert kinds == [ChildStarted] * 3 + [ChildEnded] * 3, "all began before one had ended"


def _nested(shop: Workshop) -> list[dict[str, str]]:
    runs = shop.session.runs.list()
    return [{"run": one.run_id, "state": one.state} for one in runs if one.parent_id]


async def test_no_more_work_at_once_than_is_set(project: Path) -> None:
    names = ("alpha", "beta", "gamma")
    turns = cast(parent=[delegates(*names)], **{name: [READ] for name in names})
    async with workshop(project, turns, run={"children_max": 1}) as shop:
        most = 0

        def count(_: object) -> None:
            nonlocal most
            most = max(most, len(shop.session.runs.at_work.children))

        shop.on_event = count
        await shop.run("parent")
        assert most == 1
        assert len(parts(shop, ChildEnded)) == 3


async def test_without_subagents_the_tool_is_not_there(project: Path) -> None:
    async with workshop(project, [finish(), finish()], run={"children_max": 0}) as shop:
        await shop.run()
        assert "task" not in [
            one["function"]["name"] for one in shop.server.requests[0].body["tools"]
        ]


async def test_a_child_has_no_children(project: Path) -> None:
    turns = cast(parent=[delegates("alpha")], alpha=[delegates("beta")])
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        assert "there is no tool 'task'" in parts(shop, ToolReturned, 1)[0].result.text
        assert len(parts(shop, ChildStarted)) == 1


@pytest.mark.parametrize(
    ("mode", "wished", "written"),
    [("build", "build", True), ("build", "plan", False), ("plan", "plan", False)],
)
async def test_a_child_only_looks_unless_it_was_asked_for_more(
    project: Path, mode: Any, wished: str, written: bool
) -> None:
    turns = cast(parent=[delegates("alpha", mode=wished)], alpha=[write("made.txt")])
    async with workshop(project, turns) as shop:
        await shop.run(Task("parent", mode=mode))
        assert (project / "made.txt").exists() == written


async def test_a_run_in_plan_mode_gets_no_child_that_builds(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", mode="build")], alpha=[write("made.txt")])
    async with workshop(project, turns) as shop:
        await shop.run(Task("parent", mode="plan"))
        assert "nothing else runs in this mode" in result(shop)
        assert not (project / "made.txt").exists()
        (tool,) = [
            one["function"]
            for one in shop.server.requests[0].body["tools"]
            if one["function"]["name"] == "task"
        ]
        assert "mode" not in tool["parameters"]["properties"]


async def test_what_a_child_changed_and_ran_is_said_by_the_harness(project: Path) -> None:
    turns = cast(
        parent=[delegates("alpha", mode="build")],
        alpha=[write("made.txt"), calls(("shell", {"command": "exit 3"})), finish("All is well.")],
    )
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        run_id = parts(shop, ChildStarted)[0].run_id
        assert "`made.txt`: created in step 1 of its own" in result(shop)
        assert "`exit 3`: exit status 3" in result(shop)
        call_id = parts(shop, ToolReturned, 1)[1].call_id
        assert f"{run_id}/{call_id}" in result(shop)
        (ended,) = parts(shop, ChildEnded)
        assert [change.path for change in ended.changes] == ["made.txt"]


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        ([READ] * 60, "stopped", "ended: stopped"),
        (
            [says("x", fault={"kind": "status", "status": 401, "times": 9})],
            "failed",
            "ended: failed",
        ),
    ],
)
async def test_a_child_that_loops_or_fails_costs_the_child_alone(
    project: Path, script: list[Any], outcome: str, words: str
) -> None:
    turns = cast(parent=[delegates("alpha", "beta"), finish("went on")], alpha=script, beta=[READ])
    async with workshop(project, turns) as shop:
        ended = await shop.run("parent")
        assert ended.outcome == "finished"
        assert words in result(shop)
        assert "ended: finished" in result(shop, 1)
        assert [one.outcome for one in parts(shop, ChildEnded)].count(outcome) == 1


async def test_a_child_that_is_stopped_by_a_person_is_told_to_its_parent(project: Path) -> None:
    waits = calls(("shell", {"command": "sleep 100"}))
    turns = cast(parent=[delegates("alpha", mode="build")], alpha=[waits])
    async with workshop(project, turns) as shop:

        def stop(event: Event) -> None:
            if isinstance(event, SnapshotTaken):
                shop.session.runs.stop(shop.session.runs.at_work.children[0].run_id)

        shop.on_event = stop
        outcome = await shop.run("parent")
        assert outcome.outcome == "finished"
        assert "stopped by the person" in result(shop)


async def test_the_end_of_a_run_ends_its_children(project: Path) -> None:
    waits = calls(("shell", {"command": "sleep 100"}))
    turns = cast(parent=[delegates("alpha", "beta", mode="build")], alpha=[waits], beta=[waits])
    async with workshop(project, turns) as shop:

        def stop(event: Event) -> None:
            if isinstance(event, SnapshotTaken):
                shop.session.runs.stop()

        shop.on_event = stop
        outcome = await asyncio.wait_for(shop.run("parent"), 20)
        assert outcome.outcome == "stopped"
        assert {one["state"] for one in _nested(shop)} == {"stopped"}
        assert not shop.session.runs.at_work
        ended = parts(shop, ChildEnded)
        assert len(ended) == 2
        assert "interrupted: the subagent" in result(shop)


async def test_a_childs_question_says_that_it_asks(project: Path) -> None:
    asked: list[str] = []

    def answer(question: Question) -> Answer:
        asked.append(question.summary)
        return "once"

    turns = cast(parent=[delegates("alpha", mode="build")], alpha=[write("made.txt")])
    async with workshop(project, turns, answer=answer) as shop:
        await shop.run("parent")
        assert asked == [
            "begin a subagent that may change files: alpha",
            "the subagent “alpha” asks: write made.txt",
        ]
        assert len(parts(shop, PermissionAsked, 1)) == 1
        assert (project / "made.txt").exists()


async def test_a_denied_child_does_not_begin(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", mode="build")], alpha=[write("made.txt")])
    async with workshop(project, turns, answer=lambda _: "deny") as shop:
        await shop.run("parent")
        assert "refused" in result(shop)
        assert not parts(shop, ChildStarted)


async def test_what_a_person_allowed_for_the_run_holds_for_its_children(project: Path) -> None:
    asked: list[str] = []

    def answer(question: Question) -> Answer:
        asked.append(question.summary)
        return "run"

    turns = cast(
        parent=[write("sub/one.txt"), delegates("alpha", mode="build")],
        alpha=[write("sub/two.txt")],
    )
    async with workshop(project, turns, answer=answer) as shop:
        await shop.run("parent")
        assert len(asked) == 2, asked


async def test_a_child_has_a_share_of_the_budget_and_spends_its_parents(project: Path) -> None:
    turns = cast(
        parent=[delegates("alpha")], alpha=[calls(("list", {"path": f"{n}"})) for n in range(90)]
    )
    async with workshop(project, turns) as shop:
        budget = Budget(steps_max=40, tokens_max=10_000_000)
        await shop.run(Task("parent", budget=budget))
        (ended,) = parts(shop, ChildEnded)
        assert ended.steps == 9, "39 steps were left, for three children and the parent"
        assert "run.steps_max" in result(shop)
        paid = parts(shop, ModelAnswered), parts(shop, ModelAnswered, 1)
        spent = [sum(one.billed.total_tokens for one in each) for each in paid]
        assert parts(shop, type(shop.ended))[-1].billed.total_tokens == sum(spent)


async def test_where_nothing_is_left_no_child_begins(project: Path) -> None:
    turns = cast(parent=[delegates("alpha")], alpha=[READ])
    async with workshop(project, turns) as shop:
        await shop.run(Task("parent", budget=Budget(steps_max=2)))
        assert "no room in the budget" in result(shop)
        assert not parts(shop, ChildStarted)


async def test_nobody_writes_over_what_another_wrote_and_it_has_not_read(project: Path) -> None:
    (project / "a.txt").write_text("old\n")
    other = write("a.txt", "by beta\n")
    turns = cast(
        parent=[
            READ,
            delegates("beta", mode="build"),
            write("a.txt", "by parent\n"),
            READ,
            write("a.txt", "both\n"),
        ],
        beta=[READ, other],
    )
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        refused = parts(shop, ToolReturned)[2].result
        assert refused.is_error
        assert "read it again" in refused.text
        assert (project / "a.txt").read_text() == "both\n"


async def test_two_children_change_one_file_one_after_the_other(project: Path) -> None:
    (project / "a.txt").write_text("one\ntwo\n")
    edit = {
        name: calls(("edit", {"path": "a.txt", "old_text": word, "new_text": name}))
        for name, word in (("alpha", "one"), ("beta", "two"))
    }
    command = calls(
        ("shell", {"command": "cat a.txt > seen.txt; sleep 0.2; cat a.txt >> seen.txt"})
    )
    turns = cast(
        parent=[delegates("alpha", "beta", "gamma", mode="build")],
        alpha=[READ, edit["alpha"]],
        beta=[READ, edit["beta"]],
        gamma=[command],
    )
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        assert (project / "a.txt").read_text() == "alpha\nbeta\n"
        by_gamma = {event.path for event in parts(shop, FileChanged, 3)}
        assert by_gamma == {"seen.txt"}, "what others wrote meanwhile is not the command's"
        half = len((project / "seen.txt").read_text()) // 2
        seen = (project / "seen.txt").read_text()
        assert seen[:half] == seen[half:], "nobody wrote while the command ran"


async def test_undo_takes_back_what_children_changed(project: Path) -> None:
    (project / "a.txt").write_text("old\n")
    turns = cast(
        parent=[write("b.txt"), delegates("alpha", mode="build")],
        alpha=[READ, write("a.txt", "new\n"), write("c.txt")],
    )
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        report = await shop.session.undo()
        assert set(report.restored) == {"a.txt", "b.txt", "c.txt"}
        assert (project / "a.txt").read_text() == "old\n"
        assert not (project / "c.txt").exists()


async def test_recall_reaches_what_a_child_did(project: Path) -> None:
    (project / "a.txt").write_text("the port is 4812\n")
    turns = cast(
        parent=[delegates("alpha"), calls(("recall", {"query": "port 4812"}))],
        alpha=[READ, finish("found")],
    )
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        run_id = parts(shop, ChildStarted)[0].run_id
        found = parts(shop, ToolReturned)[1].result.text
        assert f"{run_id}/" in found
        assert "the port is 4812" in found


async def test_lists_of_runs_show_children_behind_their_parent(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", "beta")], alpha=[READ], beta=[READ])
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        listed = [(one.title, one.parent_id) for one in shop.session.runs.list()]
        parent = shop.session.runs.list()[0].run_id
        assert listed == [("parent", None), ("alpha", parent), ("beta", parent)]
        assert shop.session.runs.newest() == shop.session.runs.find(RunId(parent))


async def test_a_child_works_as_the_agent_that_is_named(project: Path) -> None:
    agents = Path.home() / ".agents" / "agents"
    agents.mkdir(parents=True)
    (agents / "reviewer.md").write_text(
        "---\nname: reviewer\ndescription: Reviews changes.\ntools: Read\n---\nMind port 4812."
    )
    turns = cast(
        parent=[delegates("alpha", agent="reviewer"), delegates("beta", agent="nobody")],
        alpha=[write("made.txt")],
    )
    async with workshop(project, turns) as shop:
        await shop.run("parent")
        (child,) = [one for one in shop.prompts() if "alpha" in one[1]["content"]][:1]
        assert "Mind port 4812." in child[0]["content"]
        assert "there is no tool 'write'" in parts(shop, ToolReturned, 1)[0].result.text
        assert "there is no agent 'nobody'; known: reviewer" in result(shop, 1)
        (tool,) = [
            one["function"]
            for one in shop.server.requests[0].body["tools"]
            if one["function"]["name"] == "task"
        ]
        said = tool["parameters"]["properties"]["agent"]["description"]
        assert "- reviewer: Reviews changes." in said


async def test_a_new_cycle_remembers_which_parts_were_given_away(project: Path) -> None:
    (project / "long.txt").write_text("a line of text\n" * 600)
    reads = [calls(("read", {"path": "long.txt", "start_line": n})) for n in range(1, 12)]
    turns = Cycles(delegates("alpha"), *reads)
    small = {"budget_tokens": 6000}
    async with workshop(project, turns, context=small, memory={"enabled": False}) as shop:
        await shop.run("parent")
        (ended,) = parts(shop, ChildEnded)
        opening = str(shop.prompts()[-1][1]["content"])
        assert len(parts(shop, CycleStarted)) >= 3
        assert f"- alpha: finished, 1 step (`{ended.call_id}`)" in opening


class Cycles:
    """A script by the number of the request: a new cycle has fewer answers in its prompt."""

    def __init__(self, *turns: ScriptedTurn) -> None:
        self._turns = list(turns)

    def __call__(self, body: Mapping[str, Any]) -> ScriptedTurn:
        is_child = str(body["messages"][1]["content"]).startswith("alpha")
        return self._turns.pop(0) if self._turns and not is_child else finish("done")


async def test_no_candidate_of_max_mode_begins_a_subagent_before_it_is_chosen(
    project: Path,
) -> None:
    names = ("alpha", "beta", "gamma", "delta")
    sampled = script(lambda number: delegates(names[number % 4]))

    def turns(body: Mapping[str, Any]) -> ScriptedTurn:
        is_child = str(body["messages"][1]["content"]).startswith(names)
        return finish("looked") if is_child and not is_verdict(body) else sampled(body)

    sampling = Sampling(max_mode=True, samples=4)
    async with workshop(project, turns) as shop:
        await shop.run(Task("parent", sampling=sampling))
        kinds = [type(event) for event in parts(shop, CandidatesJudged | ChildStarted)]
        assert kinds[:2] == [CandidatesJudged, ChildStarted]
        assert kinds.count(ChildStarted) == 1


async def test_a_subagent_that_edits_what_judges_the_run_does_not_make_it_pass(
    project: Path,
) -> None:
    (project / "check.sh").write_text("exit 1\n")
    turns = cast(parent=[delegates("alpha", mode="build")], alpha=[write("check.sh", "exit 0\n")])
    async with workshop(project, turns, permissions={"answer_timeout_seconds": 0.1}) as shop:
        goal = goal_from_parts((), ("sh check.sh",))
        shop.session.goals.check_approvals.approve(("sh check.sh",))
        outcome = await shop.run(Task("parent", goal=goal))
        assert isinstance(outcome, Blocked)
        assert "edited what judges it: check.sh" in outcome.question
