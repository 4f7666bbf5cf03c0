"""What is checked again when a run without a goal wants to stop, and what that costs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.task_policy import JUDGE_TOKENS_MAX
from lsp_server.domain.events import Event, GoalChecked, StepStarted, Told
from lsp_server.domain.tasks import Achieved, Blocked, Finished, Task, Unmet
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import Workshop, calls, finish, judges, says, workshop

JUDGED: dict[str, Any] = {"judge_task": True}
COUNT = "n=$(cat .venv/n 2>/dev/null || echo 0); mkdir -p .venv; echo $((n + 1)) > .venv/n\n"
CHECK = f"{sys.executable} -m py_compile calc.py && sh .venv/count"
RUN_CHECK = calls(("shell", {"command": CHECK}))


def write(path: str, text: str) -> ScriptedTurn:
    return calls(("write", {"path": path, "text": text}))


def project_with_check(project: Path) -> None:
    (project / ".venv").mkdir()
    (project / ".venv" / "count").write_text(COUNT)
    (project / "calc.py").write_text("x = 1\n")


def times_checked(project: Path) -> int:
    return int((project / ".venv" / "n").read_text())


@pytest.mark.parametrize(
    ("turns", "times"),
    [
        ([write("calc.py", "x = 2\n"), RUN_CHECK], 1),
        ([RUN_CHECK, write("calc.py", "x = 2\n")], 2),
        ([RUN_CHECK, write("notes", "x\n"), RUN_CHECK], 2),
        # Looking changes nothing.
        ([write("calc.py", "x = 2\n"), RUN_CHECK, calls(("read", {"path": "calc.py"}))], 1),
    ],
)
async def test_a_check_runs_again_only_where_files_changed_since(
    project: Path, turns: list[ScriptedTurn], times: int
) -> None:
    project_with_check(project)
    async with workshop(project, [*turns, finish(), judges()], goal=JUDGED) as shop:
        assert isinstance(await shop.run("Change x"), Achieved)
        assert times_checked(project) == times


async def test_a_check_runs_again_where_a_person_changed_a_file_since(project: Path) -> None:
    project_with_check(project)
    turns = [write("notes", "x\n"), RUN_CHECK, calls(("read", {"path": "calc.py"})), finish()]

    def person(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == len(turns):
            (project / "calc.py").write_text("x = 3\n")

    async with workshop(project, [*turns, judges()], goal=JUDGED) as shop:
        shop.on_event = person
        assert isinstance(await shop.run("Change x"), Achieved)
        assert times_checked(project) == 2


async def test_a_no_sends_the_run_on_with_its_reason_and_no_more_than_twice(project: Path) -> None:
    turns = [turn for n in range(5) for turn in (write("log", f"{n}\n"), finish())]
    no = judges("unmet", missing="x is still 1")
    async with workshop(project, [*turns, no], goal=JUDGED) as shop:
        outcome = await shop.run("Set x to 2")
        assert isinstance(outcome, Unmet)
        told = [event.text for event in shop.events(Told) if event.origin == "goal"]
        assert len(told) == 2
        assert all("x is still 1" in text for text in told)
        assert len(shop.events(GoalChecked)) == 3


async def test_the_judge_sees_the_task_the_change_and_the_check_and_no_conversation(
    project: Path,
) -> None:
    project_with_check(project)
    turns = [
        calls(("write", {"path": "calc.py", "text": "x = 2\n"}), text="I think that this is it."),
        RUN_CHECK,
        finish("All is done."),
        judges(),
    ]
    async with workshop(project, turns, goal=JUDGED) as shop:
        await shop.run("Set x to 2, please.")
        shown = prompt_of_judge(shop)
    assert "Set x to 2, please." in shown
    assert "-x = 1\n+x = 2" in shown
    assert f"### own-1: {CHECK}\nexit status 0, in step 2" in shown
    assert "I think that this is it." not in shown
    assert "what the worker claims in the end\n```\nAll is done." in shown


async def test_a_large_change_is_cut_for_the_judge(project: Path) -> None:
    lines = "".join(f"line {number} of a long text\n" for number in range(20_000))
    async with workshop(project, [write("a", lines), finish(), judges()], goal=JUDGED) as shop:
        await shop.run("Write it")
        assert len(prompt_of_judge(shop)) < 40_000


async def test_a_judge_that_took_its_share_is_not_asked_again(project: Path) -> None:
    costly = judges("unmet", missing=" ".join(map(str, range(JUDGE_TOKENS_MAX))))
    turns = [write("log", "1\n"), finish(), write("log", "2\n"), finish()]
    async with workshop(project, [*turns, costly], goal=JUDGED) as shop:
        outcome = await shop.run("Set x to 2")
        assert isinstance(outcome, Finished)
        assert f"{JUDGE_TOKENS_MAX:,} tokens" in outcome.why
        assert len(shop.events(GoalChecked)) == 1


async def test_nobody_is_asked_about_what_changed_and_checked_nothing(project: Path) -> None:
    async with workshop(project, [finish("It is 4.")], goal=JUDGED) as shop:
        outcome = await shop.run("What is 2 + 2?")
        assert isinstance(outcome, Finished)
        assert len(shop.server.requests) == 1


ASKS = "There are two of them.\n\nWhich one do you mean?"
CHANGED = [write("calc.py", "x = 2\n")]


@pytest.mark.parametrize(
    ("task", "turns", "outcome"),
    [
        # What keeps it from the task is asked, whether or not it has begun.
        ("Rename the helper", [says(ASKS)], Blocked),
        ("Rename the helper", [finish(ASKS)], Blocked),
        ("Rename the helper", [says("Which one, **a or b?**")], Blocked),
        ("Rename the helper", [says("どちらですか\uff1f")], Blocked),
        ("Rename the helper", [*CHANGED, says(ASKS), judges("unmet")], Blocked),
        # What is shown to be done is done, and the offer behind it politeness.
        ("Set x to 2", [*CHANGED, says("Done. Shall I add a test?"), judges()], Achieved),
        ("What is calc?", [says("A module. Do you want to see it?")], Finished),
        ("Explain calc", [says("A module.\n\nWhat else?")], Finished),
        ("Rename the helper", [says("Is it slow? No, it is not.")], Finished),
    ],
)
async def test_a_run_that_asks_is_not_done(
    project: Path, task: str, turns: list[ScriptedTurn], outcome: type[Any]
) -> None:
    async with workshop(project, turns, goal=JUDGED) as shop:
        ended = await shop.run(task)
        assert isinstance(ended, outcome)
        if isinstance(ended, Blocked):
            assert not [event for event in shop.events(Told) if event.origin == "goal"]


async def test_a_run_that_asked_goes_on_with_the_answer(project: Path) -> None:
    turns = [says(ASKS), *CHANGED, finish(), judges()]
    async with workshop(project, turns, goal=JUDGED) as shop:
        run = shop.session.runs.start(Task("Rename the helper"))
        assert isinstance(await run.wait(), Blocked)
        answered = shop.session.runs.send(run.run_id, "The second one.", "steer")
        assert answered.run_id == run.run_id
        assert isinstance(await answered.wait(), Achieved)
        assert any("The second one." in str(message) for message in shop.prompts()[1])


def prompt_of_judge(shop: Workshop) -> str:
    bodies = (request.body for request in shop.server.requests)
    (body,) = (each for each in bodies if "tools" not in each)
    return str(body["messages"][-1]["content"])
