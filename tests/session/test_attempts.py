"""Several whole runs of one task: which one is taken, and what becomes of the others."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.attempt_events import AttemptEnded, AttemptStarted
from lsp_server.domain.events import CandidatesJudged, Event, RunStarted, ToolReturned
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.memories import Query
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import (
    Achieved,
    Attempts,
    Blocked,
    Budget,
    Failed,
    Finished,
    RunId,
    Stopped,
    Task,
    Unmet,
)
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.sandbox.choice import choose
from lsp_server.session.run_errors import IsAttempt
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.harness.attempts import Body, attempt_of, attempts, writes
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.workshop import Workshop, calls, finish, says, workshop

CHECK = CommandCheck("grep -q good made.txt")
GOAL = Goal("g1", "It is made", (Condition("c1", "made.txt is good", (CHECK,)),))
LINES = "one\ntwo\nthree\nfour\nfive\n"


def task(count: int = 3, goal: Goal | None = GOAL, *, takes_best: bool = True) -> Task:
    return Task("Make it.", goal, budget=Budget(60), attempts=Attempts(count, takes_best))


def makes(*texts: str) -> list[list[ScriptedTurn]]:
    """A script for each attempt, which writes this text."""
    return [writes("made.txt", text, f"wrote {text.strip()}") for text in texts]


def prefers(word: str, points: int = 9) -> Any:
    return lambda shown: points * (word in shown)


def copies(shop: Workshop) -> list[str]:
    """What is left of copies, for which git may have entries."""
    folder = shop.session.runs.store.folder.parent / "worktrees"
    entries = shop.session.root / ".git" / "worktrees"
    return [path.name for place in (folder, entries) if place.exists() for path in place.iterdir()]


@pytest.mark.parametrize(
    ("texts", "chosen", "by"),
    [
        (("bad\n", "good\n", "nice\n"), "good\n", "evidence"),
        (("good 1\n", "bad\n", "good nice\n"), "good nice\n", "judge"),
        (("good\n", "good\n", "bad nice\n"), "good\n", "agreement"),
    ],
)
async def test_what_passes_its_checks_is_chosen_and_a_judge_decides_among_that_alone(
    project: Path, texts: Sequence[str], chosen: str, by: str
) -> None:
    async with workshop(project, attempts(*makes(*texts), judge=prefers("nice"))) as shop:
        outcome = await shop.run(task())
        assert isinstance(outcome, Achieved), outcome
        assert outcome.report is not None
        assert (project / "made.txt").read_text() == chosen
        (judged,) = shop.events(CandidatesJudged)
        assert (judged.by, judged.groups[judged.winner].changes.splitlines()[-1]) == (
            by,
            f"+{chosen.strip()}",
        )
        assert copies(shop) == []


async def test_where_none_passes_the_goal_is_unmet_and_nothing_is_changed(project: Path) -> None:
    scripts = makes("bad\n", "nice\n", "fine\n")
    async with workshop(project, attempts(*scripts, judge=prefers("nice"))) as shop:
        outcome = await shop.run(task())
        assert isinstance(outcome, Unmet), outcome
        assert not (project / "made.txt").exists()
        (judged,) = shop.events(CandidatesJudged)
        assert all("made.txt is good" in group.problem for group in judged.groups)


async def test_without_checks_a_judge_chooses_and_cannot_know_which_came_first(
    project: Path,
) -> None:
    asked: list[Body] = []
    for texts in (("a\n", "b\n", "nice\n"), ("nice\n", "b\n", "a\n"), ("b\n", "nice\n", "a\n")):
        script = attempts(*makes(*texts), judge=prefers("nice"), seen=asked)
        async with workshop(project, script) as shop:
            outcome = await shop.run(task(goal=None))
            assert isinstance(outcome, Finished), outcome
            assert (project / "made.txt").read_text() == "nice\n"
            (project / "made.txt").unlink()
    labels = [labelled(body) for body in asked]
    assert labels[0] == labels[1] == labels[2]


def labelled(body: Mapping[str, Any]) -> list[str]:
    """What the judge was shown as added lines, in the order of its labels."""
    text = str(body["messages"][-1]["content"])
    return [line for line in text.splitlines() if line in ("+a", "+b", "+nice")]


async def test_an_attempt_that_fails_costs_itself_alone(project: Path) -> None:
    refused = [says("x", fault={"kind": "status", "status": 401})]
    async with workshop(project, attempts(*makes("good\n"), refused)) as shop:
        outcome = await shop.run(task(2))
        assert isinstance(outcome, Achieved), outcome
        ended = {one.number: one.outcome.outcome for one in shop.events(AttemptEnded)}
        assert ended == {1: "achieved", 2: "failed"}


async def test_attempts_differ_in_hint_and_temperature_and_share_one_budget(project: Path) -> None:
    async with workshop(project, attempts(*makes("good 1\n", "good 2\n", "good 3\n"))) as shop:
        await shop.run(task())
        started = shop.events(AttemptStarted)
        assert len({one.hint for one in started}) == len(started) == 3
        asked = {request.body.get("temperature") for request in shop.server.requests}
        assert asked == {None, 0.7, 1.0, 0.0}, "the judge is asked at 0"
        store = shop.session.runs.store
        for one in started:
            (begun,) = [e for e in store.events(one.run_id) if isinstance(e, RunStarted)]
            assert begun.task.budget.steps_max == 20
            assert one.hint in begun.task.instruction
        spent = [one.billed for one in shop.events(AttemptEnded)]
        (judged,) = shop.events(CandidatesJudged)
        assert shop.ended.billed == judged.billed
        assert shop.ended.billed.total_tokens > sum(one.total_tokens for one in spent)
        assert shop.ended.steps == sum(one.steps for one in shop.events(AttemptEnded)) == 6


async def test_an_attempt_ends_at_its_share_of_the_budget(project: Path) -> None:
    loops = [[calls(("read", {"path": f"{n}.py"})) for n in range(30)] for _ in range(2)]
    wanted = Task("Make it.", GOAL, budget=Budget(10), attempts=Attempts(2, takes_best=True))
    async with workshop(project, attempts(*loops)) as shop:
        outcome = await shop.run(wanted)
        assert isinstance(outcome, Stopped | Unmet | Failed), outcome
        assert all(one.steps <= 5 for one in shop.events(AttemptEnded))


@pytest.mark.parametrize(
    ("mine", "merged", "conflict"),
    [
        ("ONE\ntwo\nthree\nfour\nfive\n", "ONE\ntwo\nthree\nfour\ngood\n", ""),
        ("one\ntwo\nthree\nfour\nMINE\n", "one\ntwo\nthree\nfour\nMINE\n", "the same lines"),
    ],
)
async def test_what_a_person_did_during_the_attempts_survives(
    project: Path, mine: str, merged: str, conflict: str
) -> None:
    lay_out(project, {"made.txt": LINES, "other.txt": "old\n"})
    good = LINES.replace("five", "good")
    edit = [
        calls(
            ("write", {"path": "made.txt", "text": good}),
            ("write", {"path": "other.txt", "text": "new\n"}),
        ),
        finish(),
    ]
    async with workshop(project, attempts(edit, edit)) as shop:

        def change(event: Event) -> None:
            if isinstance(event, AttemptStarted):
                (project / "made.txt").write_text(mine)

        shop.on_event = change
        outcome = await shop.run(task(2))
        assert (project / "made.txt").read_text() == merged
        assert (project / "other.txt").read_text() == "new\n"
        if conflict:
            assert isinstance(outcome, Blocked)
            assert f"made.txt: {conflict}" in outcome.question
        else:
            assert isinstance(outcome, Achieved)
        report = await shop.session.undo()
        assert report.conflicts == ()
        assert (project / "made.txt").read_text() == mine
        assert (project / "other.txt").read_text() == "old\n"


async def test_a_goal_that_holds_in_the_copy_alone_is_not_achieved(project: Path) -> None:
    both = CommandCheck("grep -q good made.txt && ! test -e broken")
    goal = Goal("g1", "It is made", (Condition("c1", "made.txt is good", (both,)),))
    async with workshop(project, attempts(*makes("good\n", "bad\n"))) as shop:

        def spoil(event: Event) -> None:
            if isinstance(event, AttemptStarted):
                (project / "broken").touch()

        shop.on_event = spoil
        outcome = await shop.run(task(2, goal))
        assert isinstance(outcome, Unmet), outcome
        assert (project / "made.txt").read_text() == "good\n"


async def test_a_person_accepts_one_where_nothing_is_taken_by_itself(project: Path) -> None:
    async with workshop(project, attempts(*makes("good 1\n", "good 2\n"))) as shop:
        outcome = await shop.run(task(2, takes_best=False))
        assert isinstance(outcome, Achieved), outcome
        assert not (project / "made.txt").exists()
        text = shop.session.proposals.comparison().read_text("utf-8")
        for shown in (
            "# Attempts",
            "attempt 1 of 2",
            "+good 2",
            "grep -q good made.txt",
            "tokens in",
        ):
            assert shown in text
        accepted = await shop.session.proposals.accept(candidate=2).wait()
        assert isinstance(accepted, Achieved), accepted
        assert (project / "made.txt").read_text() == "good 2\n"
        assert shop.ended.outcome == accepted


async def test_the_first_that_passes_may_end_the_others(project: Path) -> None:
    slow = [calls(("shell", {"command": "sleep 60"})), finish()]
    sections: dict[str, Any] = {"attempts": {"first_passing": True}}
    async with workshop(project, attempts(*makes("good\n"), slow, slow), **sections) as shop:
        outcome = await shop.run(task())
        assert isinstance(outcome, Achieved), outcome
        ended = {one.number: one.outcome.outcome for one in shop.events(AttemptEnded)}
        assert ended == {1: "achieved", 2: "stopped", 3: "stopped"}
        assert copies(shop) == []


async def test_a_stop_ends_all_attempts_and_leaves_no_copy_and_the_run_goes_on_later(
    project: Path,
) -> None:
    committed(lay_out(project, {"a.py": "a\n"}))
    slow = [calls(("shell", {"command": "sleep 60"})), finish()]
    scripts: list[list[ScriptedTurn]] = [*makes("good\n"), [*slow]]
    async with workshop(project, attempts(*scripts)) as shop:

        def stop(event: Event) -> None:
            if isinstance(event, AttemptEnded) and event.is_whole:
                shop.session.runs.stop()

        shop.on_event = stop
        assert isinstance(await shop.run(task(2)), Stopped)
        assert copies(shop) == []
        shop.on_event = lambda _: None
        scripts[1] = writes("made.txt", "bad\n")
    async with workshop(project, attempts(*makes("never\n", "bad\n"))) as shop:
        outcome = await shop.session.runs.resume().wait()
        assert isinstance(outcome, Achieved), outcome
        assert [one.number for one in shop.events(AttemptStarted)] == [2], "the first had ended"
        assert (project / "made.txt").read_text() == "good\n"


async def test_a_message_to_the_run_reaches_every_attempt(project: Path) -> None:
    begin = calls(("read", {"path": "a.py"}))
    scripts = [[begin, begin, *writes("made.txt", "good\n")]] * 2
    lay_out(project, {"a.py": "a\n"})
    async with workshop(project, attempts(*scripts)) as shop:
        sent = False

        def say(event: Event) -> None:
            nonlocal sent
            if isinstance(event, AttemptStarted) and event.number == 2 and not sent:
                sent = True
                shop.session.runs.send(None, "mind the gap", "steer")

        shop.on_event = say
        await shop.run(task(2))
        said = [str(prompt) for prompt in shop.prompts()]
        heard = {attempt_of({"messages": p}) for p in shop.prompts() if "mind the gap" in str(p)}
        assert heard == {1, 2}, said


async def test_a_question_says_which_attempt_asks_and_a_denial_costs_that_attempt_alone(
    project: Path,
) -> None:
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return "deny" if "attempt 1" in question.summary else "once"

    script = attempts(*makes("good\n", "good too\n"))
    sections: dict[str, Any] = {"permissions": {"allow": ["shell(grep *)"]}}
    async with workshop(project, script, answer=answer, **sections) as shop:
        outcome = await shop.run(task(2))
        assert isinstance(outcome, Achieved), outcome
        assert {one.summary.partition(":")[0] for one in asked} == {
            "attempt 1 of 2",
            "attempt 2 of 2",
        }
        assert (project / "made.txt").read_text() == "good too\n"
        assert len(shop.events(PermissionAsked)) == len(asked), "the run that people see has them"


async def test_losing_attempts_are_found_in_memory(project: Path) -> None:
    scripts = makes("zebra good\n", "walrus bad\n")
    async with workshop(
        project, attempts(*scripts), memory={"enabled": True, "embedder": "hashing"}
    ) as shop:
        await shop.run(task(2))
        await shop.session.memory.ready()
        await shop.session.memory.catch_up()
        hits = await shop.session.memory.search(Query("walrus", ("action",), 10))
        assert any("not done: attempt 2" in str(hit.found) for hit in hits)


async def test_many_attempts_at_a_question_change_nothing(project: Path) -> None:
    scripts = [[says(f"It is {number}.")] for number in range(8)]
    script = attempts(*scripts, judge=prefers("It is 5."))
    async with workshop(project, script) as shop:
        outcome = await shop.run(task(8, goal=None))
        assert isinstance(outcome, Finished), outcome
        assert copies(shop) == []
        assert list(project.iterdir()) == []


@pytest.mark.skipif(not choose().holds, reason="no sandbox holds here")
async def test_in_the_sandbox_an_attempt_writes_its_own_copy_and_sees_no_other(
    project: Path,
) -> None:
    lay_out(project, {"a.py": "a\n"})
    outside = project.parent / "outside"
    data = workspace_folder(data_folder(), project.resolve())
    command = (
        f"echo good > made.txt; cat {project}/a.py; echo bad > {project}/a.py; "
        f"echo bad > {outside}; ls {data}/runs {data}/worktrees"
    )
    tries = [calls(("shell", {"command": command})), finish()]
    sections: dict[str, Any] = {"permissions": {"mode": "sandboxed"}}
    async with workshop(project, attempts(tries, tries), **sections) as shop:
        outcome = await shop.run(task(2))
        assert isinstance(outcome, Achieved), outcome
        assert (project / "a.py").read_text() == "a\n"
        assert not outside.exists()
        store = shop.session.runs.store
        for one in shop.events(AttemptStarted):
            (shown,) = [
                event.result.text
                for event in store.events(one.run_id)
                if isinstance(event, ToolReturned) and event.tool == "shell"
            ]
            assert "journal" not in shown
            others = {each.run_id for each in shop.events(AttemptStarted)} - {one.run_id}
            assert not any(other in shown for other in others), shown


async def test_a_trusted_hook_guards_the_attempts_and_none_brings_one_of_its_own(
    project: Path,
) -> None:
    guard = {"matcher": "Write", "hooks": [{"command": "sh guard.sh"}]}
    lay_out(
        project,
        {
            ".claude/settings.json": json.dumps({"hooks": {"PreToolUse": [guard]}}),
            "guard.sh": "grep -q made.txt && { echo not that one >&2; exit 2; } || true\n",
        },
    )
    own = json.dumps({"hooks": {"PreToolUse": [{"hooks": [{"command": "touch ran"}]}]}})
    script = [
        calls(("write", {"path": ".holdfast/hooks.json", "text": own})),
        calls(("write", {"path": "made.txt", "text": "x"})),
        calls(("write", {"path": "other.txt", "text": "x"})),
        finish(),
    ]
    async with workshop(
        project, attempts(script, script), answer=lambda _: "once", permissions={"mode": "full"}
    ) as shop:
        await shop.session.trust.decide(await shop.session.trust.waiting(), trusted=True)
        await shop.run(task(2, goal=None))
        assert not (project / "made.txt").exists()
        assert (project / "other.txt").exists()
        assert not (project / "ran").exists()


@pytest.mark.parametrize("verb", ["resume", "undo", "take back", "fork", "speak to"])
async def test_an_attempt_is_no_run_that_people_go_on_with(project: Path, verb: str) -> None:
    """It worked in a copy: in the workspace its journal means nothing."""
    scripts = makes("bad\n", "worse\n")
    async with workshop(project, attempts(*scripts)) as shop:
        await shop.run(task(2))
        run = shop.session.runs.list()[0].run_id
        attempt = RunId(f"{run}.1")
        rewinds, runs = shop.session.rewinds, shop.session.runs

        async def resume() -> object:
            return runs.resume(attempt)

        async def send() -> object:
            return runs.send(attempt, "More.", "steer")

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "resume": resume,
            "undo": lambda: shop.session.undo(attempt),
            "take back": lambda: rewinds.rewind(attempt, 0),
            "fork": lambda: rewinds.fork(attempt, 0, "Otherwise."),
            "speak to": send,
        }
        with pytest.raises(IsAttempt, match=f"{verb} its run, {run}$"):
            await ways[verb]()
        assert not runs.at_work
