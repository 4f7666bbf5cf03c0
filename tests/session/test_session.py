"""What goes through a session as a whole: changed files, and all that it says by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.assemble import sandboxes
from lsp_server.domain.events import ToolReturned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Finished
from lsp_server.sandbox.choice import ProbedSandbox, SandboxMode, choose
from lsp_server.session.notices import GoalsChanged, IndexProgressed, RunEvent, StatusChanged
from tests.harness.expectation import until
from tests.harness.workshop import Workshop, calls, finish, workshop

GOALS = "## G\n- [ ] it is made\n  - file: `made.txt`\n"


def verdicts(shop: Workshop) -> list[str]:
    return [status.verdict for status in shop.session.goals.statuses.conditions()]


def goals_file(project: Path) -> Path:
    path = project / ".holdfast" / "goals.md"
    path.parent.mkdir()
    path.write_text(GOALS)
    return path


@pytest.mark.parametrize(
    ("saved", "wanted", "verdict"),
    [(True, True, "met"), (True, False, "unverified"), (False, True, "unverified")],
)
async def test_a_saved_file_is_checked_where_settings_want_that(
    project: Path, saved: bool, wanted: bool, verdict: str
) -> None:
    goals_file(project)
    (project / "made.txt").write_text("x")
    async with workshop(project, [], goal={"check_on_save": wanted}) as shop:
        goals = shop.session.goals
        shop.session.files_changed([project / "made.txt"], saved=saved)
        # Checks on save rest as long as the look at the tree does.
        await until(lambda: goals.statuses.tree, "a look at the tree")
        await until(lambda: goals.checks.running == 0, "the end of the checks")
        await until(lambda: verdicts(shop) == [verdict], verdict)


async def test_a_file_that_a_run_changed_makes_stale_what_held(project: Path) -> None:
    goals_file(project)
    (project / "made.txt").write_text("x")
    write = calls(("write", {"path": "other.txt", "text": "other\n"}))
    async with workshop(project, [write, finish()]) as shop:
        await shop.session.goals.checks.run(shop.session.goals.statuses.goals())
        assert verdicts(shop) == ["met"]
        assert await shop.run() == Finished("done")
        await until(lambda: verdicts(shop) == ["stale"], "stale")


async def test_text_in_a_buffer_may_state_a_goal(project: Path) -> None:
    async with workshop(project, []) as shop:
        shop.documents.open(project / "a.py", "# GOAL: it is made\n")
        shop.session.text_changed(project / "a.py")
        assert GoalsChanged() in shop.notices
        assert verdicts(shop) == ["unverified"]


async def test_all_that_a_session_says_comes_through_one_door(project: Path) -> None:
    (project / "a.py").write_text("def a(): ...\n")
    memory = {"enabled": True, "embedder": "hashing", "index_on_start": False}
    async with workshop(project, [finish()], memory=memory) as shop:
        await shop.run()
        await shop.session.memory.index()
        run_events = [notice for notice in shop.notices if isinstance(notice, RunEvent)]
        assert [notice.recorded for notice in run_events] == shop.recorded
        progress = [notice for notice in shop.notices if isinstance(notice, IndexProgressed)]
        assert progress[-1] == IndexProgressed(None), "the end is said"
        assert any(notice.progress is not None for notice in progress)
        assert StatusChanged() in shop.notices, "the endpoint was found, memory was opened"


@pytest.mark.parametrize("mode", ["ask", "sandboxed", "full"])
async def test_a_free_command_runs_in_a_sandbox_and_nothing_else_tries_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    tried: list[str] = []

    def chosen(wanted: SandboxMode) -> ProbedSandbox:
        tried.append(wanted)
        return choose(wanted)

    monkeypatch.setattr(sandboxes, "choose", chosen)
    (project / "a.txt").write_text("text")
    turns = [calls(("shell", {"command": "cat a.txt"})), finish()]
    async with workshop(project, turns, permissions={"mode": mode}) as shop:
        assert tried == []
        await shop.run()
        result = shop.events(ToolReturned)[0]
    assert tried == ["auto"]
    assert "text" in result.result.text


async def test_a_command_that_a_person_allowed_runs_without_a_sandbox(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(sandboxes, "choose", tried.append)
    outside = project.parent / "made-outside"
    turns = [calls(("shell", {"command": f"touch {outside}"})), finish()]
    async with workshop(project, turns, answer=lambda _: "once") as shop:
        assert tried == []
        await shop.run()
        assert tried == []
    assert outside.exists()


@pytest.mark.parametrize(
    ("outside", "answer", "made"),
    [
        # In the sandbox nobody is asked, and nothing outside is changed.
        ("", "once", False),
        ("the disk is there", "once", True),
        ("the disk is there", "deny", False),
    ],
)
async def test_in_the_sandbox_a_command_leaves_it_only_with_permission(
    project: Path, outside: str, answer: Answer, made: bool
) -> None:
    if not choose("auto").holds:
        pytest.skip("no sandbox holds here")
    target = project.parent / "made-outside"
    first = calls(("shell", {"command": f"touch {target}"}))
    again = calls(("shell", {"command": f"touch {target} ", "outside": outside}))
    sandboxed = {"mode": "sandboxed"}
    turns = [first, again, finish()]
    async with workshop(project, turns, answer=lambda _: answer, permissions=sandboxed) as shop:
        await shop.run()
        questions = [event.question for event in shop.events(PermissionAsked)]
    assert target.exists() == made
    assert len(questions) == (1 if outside else 0)
    if outside:
        assert questions[0].detail.endswith(f"why: the disk is there\ntouches: {target}")
    assert "\n- Commands run in a sandbox." in shop.prompts()[0][0]["content"]


async def test_after_the_answer_all_commands_run_in_the_sandbox(project: Path) -> None:
    if not choose("auto").holds:
        pytest.skip("no sandbox holds here")
    target = project.parent / "made-outside"
    turns = [
        calls(("write", {"path": "a", "text": "x"})),
        calls(("shell", {"command": f"touch inside; touch {target}"})),
        calls(("shell", {"command": f"touch {target}"})),
        calls(("write", {"path": "b", "text": "x"})),
        finish(),
    ]

    def answer(question: Question) -> Answer:
        return "sandboxed" if question.offers_sandbox else "once"

    async with workshop(project, turns, answer=answer) as shop:
        await shop.run()
        results = [event.result for event in shop.events(ToolReturned)]
        assert len(shop.events(PermissionAsked)) == 2
        run_id = shop.session.runs.list()[0].run_id
    assert "From here on: commands run in a sandbox." in results[1].text
    assert (project / "inside").exists()
    assert (project / "b").exists()
    assert not target.exists()
    assert "sandbox" not in shop.prompts()[0][0]["content"]
    # A run that is resumed goes on there, and knows it from its first message on.
    turns = [calls(("shell", {"command": f"touch again; touch {target}"})), finish()]
    async with workshop(project, turns, answer=answer) as later:
        await later.session.runs.send(run_id, "once more", "steer").wait()
        assert later.events(PermissionAsked) == []
    assert (project / "again").exists()
    assert not target.exists()
