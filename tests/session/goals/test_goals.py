"""The goals of a session: what runs show, what a person sees, and checks in the background."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import Verdict
from lsp_server.domain.tasks import Achieved, Blocked, Task
from lsp_server.goals.new_goal import make_goal
from lsp_server.session.goals import Goals
from tests.data.stops import DONE, FIX, PROJECT, TESTS_PASS, WEAKEN
from tests.fakes.faults import FaultyTurn
from tests.harness.expectation import until
from tests.harness.git import committed
from tests.harness.workshop import calls, finish, workshop

CHECK = TESTS_PASS[0][1][0]


@pytest.fixture
def goals_file(project: Path) -> Path:
    for name, text in PROJECT.items():
        (project / name).write_text(text)
    path = project / ".holdfast" / "goals.md"
    path.parent.mkdir()
    path.write_text(f"## G\n- [ ] tests pass\n  - check: `{getattr(CHECK, 'command', '')}`\n")
    return path


def verdicts(goals: Goals) -> list[Verdict]:
    return [place.verdict for place in goals.statuses.conditions()]


async def test_what_a_run_showed_is_known_and_written_down(project: Path, goals_file: Path) -> None:
    async with workshop(project, [FIX, DONE]) as shop:
        goals = shop.session.goals
        (goal,) = goals.statuses.goals()
        assert verdicts(goals) == ["unverified"]
        assert isinstance(await shop.run(Task("x", goal)), Achieved)
        await until(lambda: verdicts(goals) == ["met"], "the verdict")
        await until(lambda: "- [x] tests pass" in goals_file.read_text(), "the tick")
        assert goals.statuses.counts().met == 1
        assert goals.statuses.first_open() is None
        (project / "calc.py").write_text("broken")
        goals.tree_changed()
        await until(lambda: verdicts(goals) == ["stale"], "stale")
        assert "- [x]" in goals_file.read_text(), "the file does not flap with every edit"
        await goals.checks.run(goals.statuses.goals())
        assert verdicts(goals) == ["unmet"]
        assert "- [ ] tests pass" in goals_file.read_text()
        assert "evidence" not in goals_file.read_text()
    async with workshop(project, []) as shop:
        assert verdicts(shop.session.goals) == ["unmet"], "a new process knows it, too"


async def test_judges_that_a_run_edited_show_nothing_until_a_person_checks(
    project: Path, goals_file: Path
) -> None:
    brief = {"answer_timeout_seconds": 0.1}
    async with workshop(project, [WEAKEN, DONE], permissions=brief) as shop:
        goals = shop.session.goals
        outcome = await shop.run(Task("x", goals.statuses.goals()[0]))
        assert isinstance(outcome, Blocked)
        assert "test_calc.py" in outcome.question
        await until(lambda: verdicts(goals) == ["blocked"], "blocked")
        assert "edited what judges it (test_calc.py)" in goals.statuses.conditions()[0].missing
        assert "- [ ]" in goals_file.read_text()
        await goals.checks.run(goals.statuses.goals())
        assert verdicts(goals) == ["met"], "the person looked and checked"


@pytest.mark.parametrize(
    ("turn", "before", "after"), [(WEAKEN, "blocked", "stale"), (FIX, "met", "stale")]
)
async def test_what_a_run_showed_counts_no_more_when_it_is_taken_back(
    project: Path, goals_file: Path, turn: FaultyTurn, before: Verdict, after: Verdict
) -> None:
    brief = {"answer_timeout_seconds": 0.1}
    async with workshop(project, [turn, DONE], permissions=brief) as shop:
        goals = shop.session.goals
        await shop.run(Task("x", goals.statuses.goals()[0]))
        await until(lambda: verdicts(goals) == [before], before)
        await shop.session.undo()
        assert {path: (project / path).read_text() for path in PROJECT} == PROJECT
        assert verdicts(goals) == [after]
        (status,) = goals.statuses.conditions()
        assert "edited" not in status.missing
        assert shop.session.runs.list()[0].message.startswith("taken back since; ")
        await shop.session.undo()
        assert verdicts(goals) == [after]
    async with workshop(project, []) as shop:
        assert verdicts(shop.session.goals) == [after], "a new process knows it, too"


async def test_a_condition_waived_meanwhile_holds_up_nothing(
    project: Path, goals_file: Path
) -> None:
    look = calls(("shell", {"command": "sleep 0.1"}))
    async with workshop(project, [look, DONE, finish("never")]) as shop:
        goals = shop.session.goals
        (goal,) = goals.statuses.goals()
        run = shop.session.runs.start(Task("x", goal))
        await goals.waive(goal.conditions[0].id)
        outcome = await run.wait()
        assert isinstance(outcome, Achieved)
        assert outcome.report is not None
        assert outcome.report.conditions[0].verdict == "waived"
        assert outcome.report.judges_edited == (), "it was the person's edit"


async def test_the_next_save_cancels_the_checks_of_the_last(
    project: Path, goals_file: Path
) -> None:
    goals_file.write_text(
        "## G\n- [ ] c\n  - check: `echo began >> log; test -e wait && sleep 20; echo ended >> log`\n"
    )
    (project / ".gitignore").write_text("log\n")
    log = project / "log"
    async with workshop(project, []) as shop:
        goals = shop.session.goals
        await goals.checks.run(goals.statuses.goals())
        (project / "wait").write_text("")
        goals.file_saved(check=True)
        await until(lambda: log.read_text().count("began") == 2, "the check")
        (project / "wait").unlink()
        goals.file_saved(check=True)
        await until(lambda: log.read_text().split()[-1] == "ended", "the next check")
        assert log.read_text().split() == ["began", "ended", "began", "began", "ended"]
        await until(lambda: goals.checks.running == 0, "the end")


async def test_a_goals_file_that_can_be_read_again_is_known_again(
    project: Path, goals_file: Path
) -> None:
    text = goals_file.read_text()
    async with workshop(project, []) as shop:
        statuses = shop.session.goals.statuses
        goals_file.unlink()
        goals_file.mkdir()
        assert [problem.message for problem in statuses.problems()] == [
            statuses.document().unreadable
        ]
        with pytest.raises(HoldfastError, match="cannot be read"):
            statuses.first_open()
        goals_file.rmdir()
        assert (statuses.problems(), statuses.first_open()) == ((), None)
        goals_file.write_text(text)
        assert statuses.first_open() is not None


async def test_a_goal_is_not_added_where_nobody_would_read_it(
    project: Path, goals_file: Path
) -> None:
    goals_file.write_text("## G\n- [ ] c\n\n```\nopen")
    async with workshop(project, []) as shop:
        with pytest.raises(HoldfastError, match="code block"):
            await shop.session.goals.add(make_goal("H", (("d", ()),)))
        assert goals_file.read_text().endswith("open")


async def test_closing_leaves_no_check_behind(project: Path, goals_file: Path) -> None:
    goals_file.write_text("## G\n- [ ] c\n  - check: `touch began; sleep 60`\n")
    async with workshop(project, []) as shop:
        goals = shop.session.goals
        goals.checks.start(goals.statuses.goals(), lambda _: None)
        await until((project / "began").exists, "the check")
        async with asyncio.timeout(3):
            await shop.session.close()
    assert verdicts(goals) == ["unverified"]


async def test_evidence_says_where_it_was_shown_as_a_person_calls_it(
    project: Path, goals_file: Path
) -> None:
    commit = committed(project)
    async with workshop(project, [FIX, DONE]) as shop:
        (goal,) = shop.session.goals.statuses.goals()
        outcome = await shop.run(Task("x", goal))
        assert isinstance(outcome, Achieved)
        await until(lambda: "evidence" in goals_file.read_text(), "the evidence")
        written = goals_file.read_text()
        assert f" s at {commit} with 1 change on 20" in written
        assert f"at {commit} with 1 change" in shop.session.transcript().read_text()
        await shop.session.goals.checks.run((goal,))
        assert goals_file.read_text() == written, "a new time alone is no change"
        (project / "other").write_text("x")
        await shop.session.goals.checks.run((goal,))
        assert f" s at {commit} with 2 changes on 20" in goals_file.read_text()
