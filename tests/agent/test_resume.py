"""Going on with a run: the same prompt, the same state, and what changed meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lsp_server.agent.context import Context
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.journal import Journal
from lsp_server.agent.loop import Agent
from lsp_server.agent.run_config import RunConfig
from lsp_server.agent.state import State
from lsp_server.agent.stop_policy import StopPolicy
from lsp_server.agent.task_policy import TaskPolicy
from lsp_server.agent.workspace_view import resume_note
from lsp_server.domain.errors import ModelUnavailable
from lsp_server.domain.events import (
    CycleStarted,
    Emit,
    FileChanged,
    ModelAnswered,
    RunResumed,
    RunStarted,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.goals import Goal
from lsp_server.domain.messages import (
    Choice,
    Listener,
    Message,
    Request,
    Response,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.tasks import Budget, Failed, Finished, RunId, Task
from lsp_server.domain.tools import ToolCall, ToolResult
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import Verified
from lsp_server.workspace.checkpoints.tree import WorkingTree
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.tools import Bench
from tests.harness.workshop import calls, finish, says, workshop

TERMS = RunConfig("system", "Do it.", Budget(), 45_000)


async def test_where_nothing_changed_the_prompt_goes_on_as_it_was(project: Path) -> None:
    (project / "a.py").write_text("x = 1\n")
    refused = says("x", fault={"kind": "status", "status": 401, "times": 1})
    turns = [calls(("read", {"path": "a.py"})), refused, finish("done")]
    async with workshop(project, turns) as shop:
        assert isinstance(await shop.run(), Failed)
        before = shop.prompts()[-1]
        # What is written into the goals file after a run is no change for the run to see.
        goals = project / ".holdfast" / "goals.md"
        goals.parent.mkdir()
        goals.write_text("# Goals\n")
        os.utime(goals, (2e9, 2e9))
        resumed = shop.session.runs.resume()
        await resumed.wait()
        after = shop.prompts()[-1]
        assert after[: len(before)] == before
        assert after[len(before)]["content"].endswith("No file has changed since.")
        assert len(after) == len(before) + 1


async def test_what_changed_since_is_told(project: Path) -> None:
    (project / ".gitignore").write_text("own.py\nlocal.py\nlost.py\n")
    names = ("read.py", "edited.py", "gone.py", "other.py", "left.py")
    for name in (*names, "own.py", "local.py", "lost.py"):
        (project / name).write_text("x = 1\n")
    turns = [
        calls(
            ("read", {"path": "read.py"}),
            ("read", {"path": "left.py"}),
            ("edit", {"path": "edited.py", "old_text": "1", "new_text": "2"}),
            ("edit", {"path": "gone.py", "old_text": "1", "new_text": "2"}),
            # Git ignores these.
            ("read", {"path": "own.py"}),
            ("edit", {"path": "local.py", "old_text": "1", "new_text": "2"}),
            ("edit", {"path": "lost.py", "old_text": "1", "new_text": "2"}),
        ),
        says("x", fault={"kind": "status", "status": 401, "times": 1}),
        finish("done"),
    ]
    async with workshop(project, turns) as shop:
        assert isinstance(await shop.run(), Failed)
        (project / "gone.py").unlink()
        (project / "lost.py").unlink()
        for name in ("read.py", "edited.py", "other.py", "new.py"):
            path = project / name
            path.write_text("y = 3\n")
            later = path.stat().st_mtime + 5
            os.utime(path, (later, later))
        resumed = shop.session.runs.resume()
        await resumed.wait()
        (event,) = shop.events(RunResumed)
        told = event.note.splitlines()
        assert "read them before you rely" in told[0]
        assert sorted(told[1:]) == [
            "- edited.py (you had changed it)",
            "- gone.py (you had changed it; gone)",
            "- lost.py (you had changed it; gone)",
            "- new.py",
            "- other.py",
            "- read.py (you had read it)",
        ]


class Unreadable:
    async def contents(self, also: Collection[str] = ()) -> dict[str, str]:
        raise OSError("no")

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        return ()

    async def record_killed_command(self, snapshot: str, emit: Emit) -> None:
        return None


async def test_a_tree_that_cannot_be_seen_is_not_trusted() -> None:
    note = await resume_note(State(), Unreadable(), datetime.now(UTC).isoformat())
    assert "Files may have changed" in note


async def test_later_is_by_either_clock_of_a_file(project: Path) -> None:
    (project / "old").write_text("x")
    (project / "moved").write_text("x")
    workspace = Workspace(project)
    tree = WorkingTree(workspace, Ignore(workspace))
    now = datetime.now(UTC)
    assert await tree.changed_since(now + timedelta(seconds=60)) == []
    os.utime(project / "old", (2e9, 2e9))
    assert await tree.changed_since(now + timedelta(seconds=60)) == ["old"]
    os.utime(project / "moved", (1, 1))
    assert await tree.changed_since(now - timedelta(seconds=60)) == ["moved", "old"]


async def never(goal: Goal, attempt: StopAttempt) -> Verified:
    raise AssertionError("there is no goal")


async def accept(paths: tuple[str, ...]) -> bool:
    return True


class Counting:
    """An endpoint that names the calls of each answer from 0 on."""

    def __init__(self, *answers: tuple[str, dict[str, object]]) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        self.requests.append(request)
        if not self._answers:
            raise ModelUnavailable("it is over")
        name, arguments = self._answers.pop(0)
        call = ToolCall("call_0", name, json.dumps(arguments))
        choice = Choice(Message("assistant", "", tool_calls=(call,)), "tool_calls")
        return Response((choice,), Usage(), Usage())


def agent(model: Counting, project: Path, journal: Journal) -> tuple[Agent, EventLog]:
    record = EventLog(journal, Context(8000), lambda _: None)
    stop_policy = StopPolicy(never, accept, record.emit, 3, TaskPolicy(None, record.emit, 3))
    return Agent(model, Bench(project).toolbox, record, stop_policy, TERMS), record


async def test_calls_that_an_endpoint_counts_anew_keep_their_results_apart(
    project: Path, tmp_path: Path
) -> None:
    model = Counting(
        ("shell", {"command": "echo one"}),
        ("shell", {"command": "echo two"}),
        ("finish", {"summary": "done"}),
    )
    made, record = agent(model, project, Journal(tmp_path / "r" / "journal.jsonl"))
    assert await made.run() == Finished("done")
    messages = model.requests[-1].messages
    asked = [call.id for message in messages for call in message.tool_calls]
    answered = [message.tool_call_id for message in messages if message.role == "tool"]
    assert asked == answered
    assert asked[0] == "call_0"
    assert len(set(asked)) == 2
    assert len(record.state.conversation.call_ids) == 3


def rebuilt(path: Path) -> EventLog:
    journal = Journal(path)
    record = EventLog(journal, Context(8000), lambda _: None)
    journal.close()
    return record


@pytest.mark.slow
async def test_a_kill_at_any_byte_of_a_rebuild_leaves_a_run_that_goes_on(
    project: Path, tmp_path: Path
) -> None:
    """The journal is cut at every byte between the step before a new cycle and the one after."""
    path = tmp_path / "whole" / "journal.jsonl"
    journal = Journal(path)
    call = ToolCall("c1", "shell", '{"command": "true"}')
    message = Message("assistant", "Decision: port 48123.", tool_calls=(call,))
    for event in (
        RunStarted(RunId("r"), Task("Do it."), "/w", "m"),
        CycleStarted(1, "the run starts", "system", "Do it."),
        ModelAnswered(1, message, "tool_calls", Usage(), Usage(), 0.0),
        ToolCalled(1, call, "$ true"),
        ToolReturned(1, "c1", "shell", ToolResult("exit status 0"), 0.1),
        FileChanged("a.py", None, "0" * 64),
    ):
        journal.append(event)
    journal.close()
    start = path.stat().st_size
    model = Counting(("finish", {"summary": "done"}))
    small = RunConfig("system", "Do it.", Budget(), 10)
    record = EventLog(Journal(path), Context(8000), lambda _: None)
    stop_policy = StopPolicy(never, accept, record.emit, 3, TaskPolicy(None, record.emit, 3))
    assert await Agent(model, Bench(project).toolbox, record, stop_policy, small).run() == Finished(
        "done"
    )
    data = path.read_bytes()
    end = data.index(b'"kind":"step_started"', start)
    assert b'"kind":"cycle_packed"' in data[start:end]
    states = {}
    cut = tmp_path / "cut" / "journal.jsonl"
    cut.parent.mkdir()
    for at in range(start, end, 7):
        cut.write_bytes(data[:at])
        found = rebuilt(cut)
        states[found.state.progress.cycle] = found
        assert found.state.work.notes_of("decision")[0].text == "port 48123."
        assert found.state.work.changes.keys() == {"a.py"}
        assert found.context.messages[0].text == "system"
    assert set(states) == {1, 2}, "before the new cycle, or in it; nothing between"
    cut.write_bytes(data[: end - 30])
    model = Counting(("finish", {"summary": "again"}))
    made, _ = agent(model, project, Journal(cut))
    assert await made.run() == Finished("again")
