"""Workflows: graphs of nodes, each a run with a goal, through a session and a model over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, FileChanged, GoalChecked, RunStarted, ToolReturned
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Achieved, Blocked, Finished, Stopped, Unmet
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.session.begin_workflow import begin_workflow
from tests.fakes.cast import cast
from tests.harness.workflows import asked, states, trusted, worked, written
from tests.harness.workshop import Workshop, calls, finish, says, workshop

READ = calls(("read", {"path": "a.txt"}))


def write(path: str, text: str = "x\n") -> Any:
    return calls(("write", {"path": path, "text": text}))


CHAIN = """\
Adds a reader. All of it is in plain Python.

## alpha: Write the reader
- attempts: 1

Write it to `reader.txt`.

- check: `test -f reader.txt`

## beta
- needs: alpha

Describe it.

- [ ] it is described
  - check: `test -f docs.txt`
"""


async def test_nodes_work_one_after_the_other_and_read_what_those_before_said(
    project: Path,
) -> None:
    written(project, CHAIN)
    turns = cast(
        Write=[write("reader.txt"), finish("The reader is in reader.txt.")],
        beta=[write("docs.txt")],
    )
    async with workshop(project, turns) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Achieved), outcome
        assert outcome.report is not None
        assert len(outcome.report.conditions) == 2
        assert all(item.evidence for item in outcome.report.conditions), "verdicts have evidence"
        assert states(shop) == {"alpha": "achieved", "beta": "achieved"}
        (beta,) = [one[1]["content"] for one in shop.prompts() if "Describe it" in str(one)][:1]
        assert "The reader is in reader.txt." in beta
        assert "`reader.txt`" in beta
        assert "All of it is in plain Python." in beta, "what is common is told to every node"


async def test_nodes_that_do_not_need_each_other_work_at_the_same_time(project: Path) -> None:
    names = ("alpha", "beta", "gamma")
    written(project, "\n".join(f"## {name}\nLook.\n" for name in names))
    together = asyncio.Barrier(3)
    meeting: list[asyncio.Task[Any]] = []
    async with workshop(project, cast(**{name: [READ] for name in names})) as shop:
        shop.on_event = lambda event: (
            meeting.append(asyncio.ensure_future(together.wait()))
            if isinstance(event, ToolReturned) and event.tool == "read"
            else None
        )
        await worked(shop)
        await asyncio.wait_for(asyncio.gather(*meeting), 10)
        both = (ChildStarted, ChildEnded)
        kinds = [type(one.event) for one in shop.recorded if isinstance(one.event, both)]
        assert kinds == [ChildStarted] * 3 + [ChildEnded] * 3, "all began before one had ended"


@pytest.mark.parametrize(("children_max", "at_once"), [(2, 2), (1, 1), (0, 1)])
async def test_no_more_nodes_work_at_once_than_subagents_may(
    project: Path, children_max: int, at_once: int
) -> None:
    names = ("alpha", "beta", "gamma", "delta")
    written(project, "\n".join(f"## {name}\nLook.\n" for name in names))
    turns = cast(**{name: [READ] for name in names})
    async with workshop(project, turns, run={"children_max": children_max}) as shop:
        await worked(shop)
        most = max(
            sum(node.state == "running" for node in event.nodes)
            for event in shop.events(WorkflowChanged)
        )
        assert most == at_once


FALLS_SHORT = """\
## alpha
- rework: {rework}

Make it.

- check: `test -f made.txt`

## beta
- needs: alpha

Use it.

## gamma

Look.
"""


@pytest.mark.parametrize("rework", [0, 1, 2])
async def test_a_node_that_falls_short_is_worked_on_anew_and_then_given_up(
    project: Path, rework: int
) -> None:
    written(project, FALLS_SHORT.format(rework=rework))
    turns = cast(alpha=[finish("It is made.")], beta=[READ], gamma=[READ])
    async with workshop(project, turns, goal={"re_entries_max": 1}) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Unmet), outcome
        assert states(shop)["beta"] == "skipped", "what needs it is not begun"
        assert states(shop)["gamma"] == "finished", "what does not need it is"
        titles = [event.title for event in shop.events(ChildStarted)]
        assert titles.count("alpha") == rework + 1
        assert "beta" not in titles
        said = str(outcome)
        assert "alpha" in said
        assert "beta: skipped: it needs alpha" in said
        again = [str(one) for one in shop.prompts() if "What is missing" in str(one[1])]
        assert bool(again) == (rework > 0), "a new run is told what the last one lacked"


async def test_a_node_that_fell_short_once_and_then_holds_is_done(project: Path) -> None:
    written(project, FALLS_SHORT.format(rework=1))
    made = write("made.txt")

    def turn(body: Any) -> Any:
        first = str(body["messages"][1]["content"])
        begins = len(body["messages"]) == 2
        if first.startswith("alpha") and "What is missing" in first and begins:
            return made
        return finish("done")

    async with workshop(project, turn, goal={"re_entries_max": 1}) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Finished), outcome
        assert "beta" in outcome.why, "it names the nodes of which nothing shows that they are done"
        assert set(states(shop).values()) == {"achieved", "finished"}


BROKEN_LATER = """\
## alpha
Make it.

- check: `test -f made.txt`

## beta
- needs: alpha

Clean up.

- check: `test -f clean.txt`
"""


async def test_what_a_later_node_broke_is_found_in_the_end_and_worked_on_anew(
    project: Path,
) -> None:
    written(project, BROKEN_LATER)

    def turn(body: Any) -> Any:
        messages = body["messages"]
        first = str(messages[1]["content"])
        answered = sum(message["role"] == "assistant" for message in messages)
        if first.startswith("beta"):
            script = [calls(("shell", {"command": "rm made.txt; touch clean.txt"}))]
        else:
            script = [write("made.txt")]
        return script[answered] if answered < len(script) else finish("done")

    async with workshop(project, turn) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Achieved), outcome
        titles = [event.title for event in shop.events(ChildStarted)]
        assert titles == ["alpha", "beta", "alpha"], "beta is not begun again"
        assert (project / "made.txt").exists()


async def test_a_node_works_as_its_agent_and_in_its_mode(project: Path) -> None:
    agent = project / ".holdfast" / "agents" / "reviewer.md"
    agent.parent.mkdir(parents=True)
    agent.write_text("---\nname: reviewer\ndescription: Reviews.\n---\nYou review with care.\n")
    written(project, "## alpha\n- agent: reviewer\n- mode: plan\n\nLook.\n")
    async with workshop(project, cast(alpha=[write("made.txt")])) as shop:
        await worked(shop)
        (started,) = [e for e in shop.events(RunStarted) if e.task.parent_call]
        assert started.task.agent is not None
        assert started.task.agent.name == "reviewer"
        assert "You review with care." in str(shop.prompts()[0][0]["content"])
        assert not (project / "made.txt").exists()


async def test_in_plan_mode_no_node_changes_a_file(project: Path) -> None:
    written(project, "## alpha\nMake it.\n")
    async with workshop(project, cast(alpha=[write("made.txt")])) as shop:
        await worked(shop, mode="plan")
        assert not (project / "made.txt").exists()


async def test_deny_rules_hold_in_nodes(project: Path) -> None:
    written(project, "## alpha\nMake it.\n")
    rules = {"deny": ["write(secret/**)"]}
    async with workshop(project, cast(alpha=[write("secret/a.txt")]), permissions=rules) as shop:
        await worked(shop)
        assert not (project / "secret").exists()


async def test_a_nodes_question_says_which_node_asks(project: Path) -> None:
    questions: list[str] = []

    def answer(question: Question) -> Answer:
        questions.append(question.summary)
        return "once"

    written(project, "## alpha\nMake it.\n\n- check: `test -f made.txt`\n")
    async with workshop(project, cast(alpha=[write("made.txt")]), answer=answer) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Achieved)
        assert questions[0] == "the subagent “alpha” asks: write made.txt"
        assert any("test -f made.txt" in one for one in questions[1:]), "a check asks once"


async def test_a_node_that_needs_a_yes_is_not_worked_on_anew_without_one(project: Path) -> None:
    written(project, "## alpha\n- rework: 5\n\nMake it.\n\n- check: `make`\n")
    turns = cast(alpha=[finish("done")])
    async with workshop(project, turns, answer=lambda _: "deny") as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Blocked), outcome
        assert "`make`" in outcome.question
        assert len(shop.events(ChildStarted)) == 1


async def test_an_agent_whose_text_changed_makes_its_nodes_and_what_needs_them_run_again(
    project: Path,
) -> None:
    agent = project / ".holdfast" / "agents" / "critic.md"
    agent.parent.mkdir(parents=True)
    head = "---\nname: critic\ndescription: Doubts.\n---\n"
    agent.write_text(f"{head}Doubt it.\n")
    nodes = "## alpha\nMake it.\n\n## beta\n- agent: critic\n\nLook.\n\n## gamma\n- needs: beta\n\n"
    written(project, nodes + "Look.\n\n- check: `test -f made.txt`\n")
    names = ("alpha", "beta", "gamma")
    async with workshop(project, cast(**{name: [READ] for name in names})) as shop:
        assert (await worked(shop)).outcome == "unmet"
        before = len(shop.server.requests)
        agent.write_text(f"{head}Doubt all of it.\n")
        await worked(shop)
        assert set(asked(shop)[before:]) == {"beta", "gamma"}


async def test_a_message_of_a_person_reaches_the_nodes_that_begin_from_then_on(
    project: Path,
) -> None:
    written(project, FALLS_SHORT.format(rework=0))
    turns = cast(alpha=[finish("no")], beta=[READ], gamma=[READ])
    async with workshop(project, turns, goal={"re_entries_max": 0}) as shop:
        await worked(shop)
        run_id = shop.session.runs.list()[0].run_id
        before = len(shop.server.requests)
        run = shop.session.runs.send(run_id, "The name is made.txt.", "steer")
        await run.wait()
        prompts = shop.prompts()[before:]
        assert prompts
        assert all("The name is made.txt." in prompt[1]["content"] for prompt in prompts)


async def test_nodes_spend_the_budget_of_their_run(project: Path) -> None:
    names = [f"n{number}" for number in range(6)]
    needs = ["", *(f"- needs: {name}\n" for name in names)]
    text = "\n".join(
        f"## {name}\n{need}\nLook.\n" for name, need in zip(names, needs, strict=False)
    )
    written(project, text)
    reads = [calls(("read", {"path": "a.txt", "start_line": n})) for n in range(1, 40)]
    turns = cast(**dict.fromkeys(names, reads))
    async with workshop(project, turns, run={"steps_max": 20}) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Stopped), outcome
        assert "steps_max" in outcome.reason
        assert len(shop.server.requests) <= 20 + len(names)


async def test_two_nodes_never_change_files_at_the_same_time(project: Path) -> None:
    names = ("alpha", "beta", "gamma")
    text = "\n".join(f"## {name}\nWrite.\n\n- check: `test -f {name}4.txt`\n" for name in names)
    written(project, text)
    count = "for i in 1 2 3; do echo {0} >> log.txt; sleep 0.02; done; touch {0}{1}.txt"
    turns = cast(
        **{
            name: [calls(("shell", {"command": count.format(name, n)})) for n in range(5)]
            for name in names
        }
    )
    async with workshop(project, turns) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Achieved), outcome
        lines = (project / "log.txt").read_text().split()
        blocks = [set(lines[place : place + 3]) for place in range(0, len(lines), 3)]
        assert all(len(block) == 1 for block in blocks), "commands of nodes were mixed"
        changes: dict[str, set[str]] = {}
        for ended in shop.events(ChildEnded):
            changes[ended.title] = {one.path for one in ended.changes}
        for name in names:
            assert {f"{name}{n}.txt" for n in range(5)} <= changes[name]
            others = {f"{other}{n}.txt" for other in names for n in range(5) if other != name}
            assert not changes[name] & others, "what another wrote is not told as its own"


async def test_several_attempts_at_a_node_leave_the_one_that_passes(project: Path) -> None:
    written(project, "## alpha\n- attempts: 2\n\nMake it.\n\n- check: `test -f made.txt`\n")

    def turn(body: Any) -> Any:
        messages = body["messages"]
        answered = sum(message["role"] == "assistant" for message in messages)
        hinted = "Find the cause first" in str(messages[1]["content"])
        return write("made.txt") if hinted and answered == 0 else finish("done")

    async with workshop(project, turn, goal={"re_entries_max": 0}) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Achieved), outcome
        assert (project / "made.txt").exists()
        (ended,) = shop.events(ChildEnded)
        assert [change.path for change in ended.changes] == ["made.txt"]


async def test_undo_of_a_workflow_takes_back_what_its_nodes_changed(project: Path) -> None:
    written(project, BROKEN_LATER)
    turns = cast(alpha=[write("made.txt")], beta=[write("clean.txt")])
    async with workshop(project, turns) as shop:
        await worked(shop)
        assert (project / "made.txt").exists()
        await shop.session.undo()
        assert not (project / "made.txt").exists()
        assert not (project / "clean.txt").exists()


async def test_a_workflow_goes_back_to_its_beginning_and_is_then_worked_through_anew(
    project: Path,
) -> None:
    written(project, BROKEN_LATER)
    turns = cast(alpha=[write("made.txt")], beta=[write("clean.txt")])
    async with workshop(project, turns) as shop:
        await worked(shop)
        run_id = shop.session.runs.list()[0].run_id
        report = await shop.session.rewinds.rewind(run_id, 0)
        assert sorted(report.files.restored) == ["clean.txt", "made.txt"]
        assert not (project / "made.txt").exists()
        before = len(shop.server.requests)
        outcome = await shop.session.runs.begin(run_id).wait()
        assert isinstance(outcome, Achieved)
        assert set(asked(shop)[before:]) == {"alpha", "beta"}
        fork = await shop.session.rewinds.fork(run_id, 0)
        assert isinstance(await fork.wait(), Achieved)
        assert len(shop.session.runs.list()) == 8, "two runs, of the first the nodes of both times"


async def test_a_condition_in_words_is_judged_and_once_more_in_the_end(project: Path) -> None:
    text = (
        "## alpha\nMake it.\n\n- [ ] the file says x\n\n## beta\n- needs: alpha\n\nMore.\n\n"
        "- check: `test -f more.txt`\n"
    )
    written(project, text)
    judged: list[str] = []

    def turn(body: Any) -> Any:
        messages = body["messages"]
        last = str(messages[-1]["content"])
        if "## Conditions to judge" in last:
            judged.append(last)
            condition = last.split("id: ")[1].split(maxsplit=1)[0] if "id: " in last else ""
            return says(_verdict(last, condition))
        answered = sum(message["role"] == "assistant" for message in messages)
        name = "made" if str(messages[1]["content"]).startswith("alpha") else "more"
        return write(f"{name}.txt") if answered == 0 else finish("done")

    async with workshop(project, turn) as shop:
        outcome = await worked(shop)
        assert isinstance(outcome, Achieved), outcome
        assert len(judged) == 2, "once for its node, once on the tree as it is in the end"
        assert shop.events(GoalChecked)


def _verdict(question: str, _: str) -> str:
    import json
    import re

    found = re.findall(r"c-[0-9a-f]{8}", question.rpartition("## Conditions to judge")[2])
    shown = {"verdict": "met", "evidence": ["change-1"], "missing": ""}
    return json.dumps({"conditions": [{"id": one, **shown} for one in dict.fromkeys(found)]})


async def test_a_workflow_of_the_project_is_data_until_its_text_is_trusted(project: Path) -> None:
    path = written(project, "## alpha\nLook.\n")
    async with workshop(project, cast(alpha=[READ])) as shop:
        with pytest.raises(HoldfastError, match="not trusted"):
            await begin_workflow(shop.session, "plan")
        await trusted(shop)
        assert (await worked(shop)).outcome == "finished"
        path.write_text("## alpha\nDelete everything.\n")
        with pytest.raises(HoldfastError, match="not trusted"):
            await begin_workflow(shop.session, "plan")
        assert len(shop.events(RunStarted)) == 2


async def test_a_workflow_of_ones_own_needs_no_trust(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    (config / "holdfast" / "workflows").mkdir(parents=True)
    (config / "holdfast" / "workflows" / "plan.md").write_text("## alpha\nLook.\n")
    turns = cast(alpha=[READ], beta=[READ])
    async with workshop(project, turns) as shop:
        for _ in range(2):
            begun = await begin_workflow(shop.session, "plan")
            assert (await begun.run.wait()).outcome == "finished"
            # One of the project's that nobody trusts takes the place of none.
            written(project, "## beta\nLook.\n")
        assert set(asked(shop)) == {"alpha"}
        await worked(shop)
        assert set(asked(shop)) == {"alpha", "beta"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("## alpha\n- agent: nobody\n\nLook.\n", "there is no agent 'nobody'"),
        ("## alpha\n- needs: beta\n\nLook.\n", "needs beta, which is no node"),
    ],
)
async def test_what_cannot_be_run_is_said_before_a_run_begins(
    project: Path, text: str, words: str
) -> None:
    written(project, text)
    async with workshop(project, []) as shop:
        with pytest.raises(HoldfastError, match=words):
            await worked(shop)
        assert not shop.session.runs.list()


async def test_the_end_of_a_workflow_ends_its_nodes(project: Path) -> None:
    written(project, "## alpha\nWait.\n\n## beta\nWait.\n")
    waits = calls(("shell", {"command": "sleep 100"}))

    def stop(event: Event) -> None:
        if isinstance(event, WorkflowChanged) and all(n.state == "running" for n in event.nodes):
            asyncio.get_running_loop().call_later(0.2, shop.session.runs.stop)

    shop: Workshop
    async with workshop(project, cast(alpha=[waits], beta=[waits])) as shop:
        shop.on_event = stop
        outcome = await asyncio.wait_for(worked(shop), 30)
        assert outcome.outcome == "stopped"
        assert set(states(shop).values()) == {"stopped"}
        assert not shop.session.runs.at_work
        assert not shop.events(FileChanged)


async def test_requests_name_no_node_that_is_not_begun(project: Path) -> None:
    written(project, FALLS_SHORT.format(rework=0))
    turns = cast(alpha=[finish("no")], beta=[READ], gamma=[READ])
    async with workshop(project, turns, goal={"re_entries_max": 0}) as shop:
        await worked(shop)
        assert set(asked(shop)) == {"alpha", "gamma"}
