from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.agent.action_fold import ActionFold, action_rows
from lsp_server.agent.journal import replay
from lsp_server.domain.candidates import CandidateGroup, Scores
from lsp_server.domain.events import (
    CandidatesJudged,
    Event,
    FileChanged,
    FileRestored,
    GoalChecked,
    ModelAnswered,
    RecordedEvent,
    RunStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.goals import Condition, ConditionReport, Goal, GoalReport, Verdict
from lsp_server.domain.memories import ActionRecord
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.tasks import RunId, Task
from lsp_server.domain.tools import (
    Needs,
    NeedsCommand,
    NeedsPath,
    NeedsServer,
    NeedsUnknown,
    NeedsUrl,
    ToolCall,
    ToolKind,
    ToolResult,
)
from tests.harness.workshop import calls, finish, workshop

RUN = RunStarted(RunId("r"), Task("Mend the parser"), "/w", "m")
CALL = ToolCall("c1", "edit", '{"path": "a.py"}')
EDIT: tuple[Event, ...] = (
    ModelAnswered(1, Message("assistant", "It reads one too far."), "stop", Usage(), Usage(), 0.0),
    ToolCalled(1, CALL, "edit a.py"),
    FileChanged("a.py", None, None),
    ToolReturned(1, "c1", "edit", ToolResult("edited a.py", changed=("a.py",)), 0.2),
)
GROUPS = (
    CandidateGroup("edit a.py", "", (CALL,), 2, scores=Scores(9, 9, 9, 9)),
    CandidateGroup("$ rm -r src", "", (), 1, problem="it would be denied"),
    CandidateGroup("edit b.py", "", (), 1, scores=Scores(1, 2, 3, 4), changes="+ x"),
)


def checked(verdict: Verdict) -> GoalChecked:
    condition = Condition("c", "it works")
    goal = Goal("g", "works", (condition,))
    return GoalChecked(GoalReport(goal, (ConditionReport(condition, verdict),), "t1"))


def rows(*events: Event) -> dict[str, ActionRecord]:
    past = [
        RecordedEvent(seq, f"2026-01-01T00:00:{seq:02}", event) for seq, event in enumerate(events)
    ]
    return {row.id: row for row in action_rows(past)}


def test_a_call_becomes_a_row_with_its_reason_files_and_end() -> None:
    row = rows(RUN, *EDIT)["r/c1"]
    assert (row.tool, row.title, row.outcome, row.files) == ("edit", "edit a.py", "ok", ("a.py",))
    assert row.reason == "It reads one too far."
    assert (row.step, row.seconds, row.result) == (1, 0.2, "edited a.py")


@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        ((), "ok"),
        ((checked("unmet"),), "failed"),
        ((checked("unmet"), checked("met")), "ok"),
        ((checked("unverified"),), "ok"),
        ((checked("met"), FileRestored("a.py")), "reverted"),
        ((FileRestored("a.py"), checked("met")), "reverted"),
        ((FileRestored("a.py", "it changed since"),), "ok"),
        ((FileRestored("b.py"),), "ok"),
    ],
)
def test_how_a_change_ended_is_known_later(later: Sequence[Event], outcome: str) -> None:
    assert rows(RUN, *EDIT, *later)["r/c1"].outcome == outcome


@pytest.mark.parametrize(
    ("kind", "needs", "changed", "looked"),
    [
        ("read", NeedsPath("a.py", writes=False), (), True),
        ("fetch", NeedsUrl("https://example.org"), (), True),
        ("edit", NeedsPath("a.py", writes=True), ("a.py",), False),
        ("execute", NeedsCommand("sed -n 1,5p a.py | head"), (), True),
        ("execute", NeedsCommand("sed -n 1,5p a.py | tee b.py"), (), False),
        ("execute", NeedsCommand("cat a.py"), ("a.py",), False),
        ("execute", NeedsCommand("pytest -q"), (), False),
        ("other", NeedsServer("tracker", "list_issues"), (), False),
        ("other", NeedsUnknown(), (), False),
    ],
)
def test_a_call_that_only_looks_is_told_from_one_that_acts(
    kind: ToolKind, needs: Needs, changed: tuple[str, ...], looked: bool
) -> None:
    called = ToolCalled(1, CALL, "a call", kind, needs)
    returned = ToolReturned(1, "c1", "call", ToolResult("done", changed=changed), 0.2, kind)
    assert rows(RUN, called, returned)["r/c1"].looked == looked


def test_roads_not_taken_are_kept_with_the_reason() -> None:
    judged = CandidatesJudged(GROUPS, 0, "judge", "it is smaller", 4, (), Usage())
    found = rows(RUN, *EDIT[:1], judged)
    assert [row.outcome for row in found.values()] == ["unknown", "rejected", "rejected"]
    denied, beaten = found["r/proposal-2-2"], found["r/proposal-2-3"]
    assert denied.reason == "it could not have worked: it would be denied"
    assert beaten.reason == "edit a.py was better (10 of 40 points): it is smaller"
    assert beaten.result == "+ x"


def test_words_of_a_person_and_verdicts_are_rows_too() -> None:
    found = rows(RUN, Told("use tabs", "person"), Told("go on", "fence"), checked("unmet"))
    assert [row.title for row in found.values()] == [
        "Mend the parser",
        "use tabs",
        "goal not met: works",
    ]
    assert found["r/verdict-3"].tree == "t1"


async def test_the_rows_of_a_real_run(project: Path) -> None:
    (project / "a.py").write_text("x = 1\n")
    turns = [
        calls(("read", {"path": "a.py"}), text="Let me look."),
        calls(("edit", {"path": "a.py", "old_text": "x = 1", "new_text": "x = 2"})),
        calls(("shell", {"command": "exit 3"})),
        finish("x is 2"),
    ]
    async with workshop(project, turns) as shop:
        await shop.run("Set x")
        live: dict[str, ActionRecord] = {}
        fold = ActionFold()
        for recorded in shop.recorded:
            live |= {row.id: row for row in fold.fold(recorded)}
        journal = shop.session.transcript().with_name("journal.jsonl")
    assert {row.id: row for row in action_rows(replay(journal))} == live
    ended = [(row.tool, row.outcome) for row in live.values()]
    assert ended == [("task", "ok"), ("read", "ok"), ("edit", "ok"), ("shell", "failed")]
    task = next(iter(live.values()))
    assert task.pinned
    assert task.files == ("a.py",)
    assert "x is 2" in task.result
