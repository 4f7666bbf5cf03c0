"""Hooks of runs that another run began, and what hooks may not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.child_events import ChildEnded
from lsp_server.domain.events import FileChanged, Warned
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Blocked, Task
from tests.fakes.cast import cast, delegates
from tests.harness.command_line import HOLDS
from tests.harness.expectation import until
from tests.harness.workshop import Workshop, calls, finish, workshop
from tests.session.test_hooks import hooks, says

KEEP = 'cat >> "$HOLDFAST_PROJECT_DIR/seen.jsonl"; echo >> "$HOLDFAST_PROJECT_DIR/seen.jsonl"; '
SANDBOXED = {"mode": "sandboxed"}


def write(path: str) -> Any:
    return calls(("write", {"path": path, "text": "made\n"}))


CHILD_WRITES = cast(parent=[delegates("alpha", mode="build")], alpha=[write("made.txt")])


def seen(project: Path) -> list[dict[str, Any]]:
    lines = (project / "seen.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line]


def ended(shop: Workshop) -> list[str]:
    return [event.outcome for event in shop.events(ChildEnded)]


async def test_a_hook_sends_a_subagent_back_and_not_its_parent(project: Path) -> None:
    command = f"{KEEP} test -e again.txt || {{ touch again.txt; echo look again >&2; exit 2; }}"
    both = {**hooks("SubagentStop", command), **hooks("Stop", "echo stop >> stops.txt")}
    async with workshop(project, CHILD_WRITES, hooks=both) as shop:
        await shop.run("parent")
        told = seen(project)
        assert [one["stop_hook_active"] for one in told] == [False, True]
        assert {one["hook_event_name"] for one in told} == {"SubagentStop"}
        assert {one["session_id"].endswith(".1") for one in told} == {True}
        assert (project / "stops.txt").read_text() == "stop\n", "the parent stops once"
        assert "look again" in str(shop.prompts())
        assert ended(shop) == ["finished"]
        report = await shop.session.undo()
        assert report.conflicts == ()
        assert not (project / "again.txt").exists()


async def test_a_hook_that_always_sends_a_subagent_back_does_not_hold_it_for_ever(
    project: Path,
) -> None:
    always = hooks("SubagentStop", "echo more >&2; exit 2")
    async with workshop(project, CHILD_WRITES, hooks=always) as shop:
        assert (await shop.run("parent")).outcome == "finished"
        assert any("5 times" in event.message for event in shop.events(Warned))


@pytest.mark.parametrize(
    ("command", "outcome", "words"),
    [
        ("echo never >&2; exit 2", "blocked", "a hook says: never"),
        (says({"continue": False, "stopReason": "enough"}), "stopped", "enough"),
        (says({"decision": "block", "reason": "older"}), "blocked", "a hook says: older"),
    ],
)
async def test_a_hook_refuses_what_a_subagent_is_about_to_do(
    project: Path, command: str, outcome: str, words: str
) -> None:
    guard = hooks("PreToolUse", command, matcher="write")
    async with workshop(project, CHILD_WRITES, hooks=guard) as shop:
        await shop.run("parent")
        assert not (project / "made.txt").exists()
        assert ended(shop) == [outcome]
        assert words in str(shop.prompts()[-1])


async def test_what_a_hook_refused_to_a_subagent_was_refused_to_its_run(project: Path) -> None:
    guard = hooks("PreToolUse", "echo never >&2; exit 2", matcher="write")
    async with workshop(project, CHILD_WRITES, hooks=guard) as shop:
        outcome = await shop.run("parent")
        assert isinstance(outcome, Blocked)
        assert "- task alpha: a hook says: never\nChange the hook" in outcome.question


async def test_a_run_is_blocked_where_nobody_could_be_asked_for_its_subagent(project: Path) -> None:
    permissions = {"mode": "ask", "allow": ["task"], "answer_timeout_seconds": 0.1}
    async with workshop(
        project, CHILD_WRITES, answer=lambda _: None, permissions=permissions
    ) as shop:
        outcome = await shop.run("parent")
        assert isinstance(outcome, Blocked)
        assert "task alpha: nobody could be asked; the rule `edit(./made.txt)`" in outcome.question


async def test_a_plan_is_one_also_where_something_was_refused(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", mode="build"), finish("The plan.")], alpha=[])
    async with workshop(project, turns) as shop:
        outcome = await shop.run(Task("parent", mode="plan"))
        assert outcome.outcome == "finished"
        assert "not allowed: task alpha" in str(outcome)


async def test_what_another_writes_while_a_hook_runs_is_not_the_hooks(project: Path) -> None:
    """The formatter of one subagent waits until the other one has written, which it must not."""
    slow = f"{KEEP} for n in 1 2 3 4 5; do test -e b.txt && break; sleep 0.1; done; touch formatted"
    turns = cast(
        parent=[delegates("alpha", "beta", mode="build")],
        alpha=[write("a.txt")],
        beta=[calls(("read", {"path": "seen.jsonl"})), write("b.txt")],
    )
    async with workshop(project, turns, hooks=hooks("PostToolUse", slow, matcher="write")) as shop:
        await shop.run("parent")
        changed = [event.path for event in shop.events(FileChanged)]
        assert changed.count("b.txt") == 1
        assert changed.count("formatted") == 1


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds here")
@pytest.mark.parametrize("event", ["PreToolUse", "PostToolUse", "UserPromptSubmit", "Stop"])
@pytest.mark.parametrize(
    "command",
    [
        "mkdir -p .vscode; echo '{}' > .vscode/tasks.json",
        "mkdir -p .github/workflows; echo x > .github/workflows/ci.yml",
        "echo '#!/bin/sh' > .git/hooks/pre-commit",
        "echo '[alias] x = !sh' >> .git/config",
        "echo '- [x] all' >> .holdfast/goals.md",
        "echo '{}' > .holdfast/hooks.json",
        "echo 'export PATH=.' > .envrc",
    ],
)
async def test_what_runs_code_on_our_side_is_as_before_a_hook(
    project: Path, event: str, command: str
) -> None:
    (project / ".git" / "hooks").mkdir(parents=True)
    (project / ".git" / "config").write_text("[core]\n")
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "goals.md").write_text("## Goal\n- [ ] holds\n")
    before = files(project)
    settings = hooks(event, f"{command} 2>/dev/null; touch ran")
    turns = [write("made.txt"), finish()]
    async with workshop(project, turns, hooks=settings, permissions=SANDBOXED) as shop:
        await shop.run()
        after = files(project)
        assert {after.pop("ran", None), after.pop("made.txt", None)} == {b"", b"made\n"}
        assert after == before


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds here")
async def test_it_is_said_what_of_a_hook_was_put_back_and_an_edit_meanwhile_stays(
    project: Path,
) -> None:
    """The edit is one that the person allowed while the hook of the question still ran."""
    held = "mkdir -p .vscode; touch .vscode/tasks.json; until test -e go; do sleep 0.05; done"
    workflow = ".github/workflows/ci.yml"

    def answer(_: Question) -> Answer:
        return "once"

    async with workshop(
        project,
        [write(workflow), finish()],
        answer=answer,
        hooks=hooks("Notification", held),
        permissions=SANDBOXED,
    ) as shop:
        run = shop.session.runs.start(Task("do it"))
        await until((project / ".vscode" / "tasks.json").exists, "the hook works", 60)
        await until((project / workflow).exists, "the edit is made", 60)
        (project / "go").touch()
        await run.wait()
        assert (project / workflow).read_text() == "made\n"
        assert not (project / ".vscode").exists()
        (warned,) = [one.message for one in shop.events(Warned)]
        assert ".vscode (taken away)" in warned
        assert "ci.yml" not in warned


def files(project: Path) -> dict[str, bytes]:
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file()
    }
