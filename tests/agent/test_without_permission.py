"""How a run ends that changed nothing, as what it wanted last was not allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lsp_server.domain.permissions import Answer, Question
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import calls, finish, says, workshop

WRITE = calls(("write", {"path": "made.txt", "text": "made\n"}))
OTHER = calls(("write", {"path": "other.txt", "text": "made\n"}))
MAKE = calls(("shell", {"command": "make all"}))
TOUCH = calls(("shell", {"command": "touch by-command"}))
READ = calls(("read", {"path": "calc.py"}))
LOOK = calls(("shell", {"command": "ls"}))
ANSWER = says("f adds two numbers.")
ASK = {"mode": "ask", "answer_timeout_seconds": 0.1}
DENY_ALL = {"mode": "full", "deny": ["write(*)", "shell(*)", "edit(*)"]}


def nobody(_: Question) -> None:
    return None


def person(_: Question) -> Answer:
    return "deny"


@pytest.mark.parametrize(
    ("turns", "task", "answer", "permissions", "outcome", "words"),
    [
        # Nobody could be asked, and the task wants something done.
        ([WRITE], "make it", nobody, ASK, "blocked", ["write made.txt: nobody could be asked", "the rule `edit(./made.txt)` allows it", "permissions.allow", "--yes"]),
        ([WRITE, LOOK], "make it", nobody, ASK, "blocked", ["write made.txt"]),
        ([WRITE, MAKE], "make it", nobody, ASK, "blocked", ["write made.txt", "$ make all"]),
        ([WRITE], "make it", nobody, {**ASK, "mode": "sandboxed"}, "finished", []),
        # What was denied on the side takes nothing from an answer.
        ([MAKE, READ, ANSWER], "What does f do?", nobody, ASK, "finished", ["f adds two numbers.", "$ make all"]),
        ([MAKE, ANSWER], "Explain f", nobody, ASK, "finished", ["f adds two numbers."]),
        ([MAKE, ANSWER], "f は何をしますか？", nobody, ASK, "finished", ["f adds two numbers."]),  # noqa: RUF001
        ([MAKE, ANSWER], "Mend f", nobody, ASK, "blocked", ["$ make all"]),
        # A rule forbids all of it, and is named.
        ([WRITE, TOUCH], "make it", nobody, DENY_ALL, "blocked", ["the rule `write(*)` forbids it", "the rule `shell(*)` forbids it", "permissions.deny"]),
        ([TOUCH], "make it", nobody, {"mode": "full", "deny": ["shell(touch *)"]}, "blocked", ["the rule `shell(touch *)` forbids it"]),
        ([WRITE], "make it", nobody, {"mode": "read-only"}, "blocked", ["nothing can be changed in this mode", "permissions.mode"]),
        ([WRITE, ANSWER], "What does f do?", nobody, DENY_ALL, "finished", ["write made.txt"]),
        # What was denied was got round.
        ([TOUCH, WRITE], "make it", nobody, {"mode": "full", "deny": ["shell(touch *)"]}, "finished", []),
        ([WRITE, TOUCH], "make it", nobody, {"mode": "full", "deny": ["shell(touch *)"]}, "finished", []),
        # A person's no is settled.
        ([WRITE], "make it", person, {"mode": "ask"}, "finished", ["not allowed: write made.txt"]),
    ],
)  # fmt: skip
async def test_what_was_not_allowed_decides_how_it_ends(
    project: Any,
    turns: list[ScriptedTurn],
    task: str,
    answer: Callable[[Question], Answer | None],
    permissions: dict[str, Any],
    outcome: str,
    words: list[str],
) -> None:
    (project / "calc.py").write_text("def f(a, b):\n    return a + b\n")
    async with workshop(
        project, [*turns, finish()], answer=answer, permissions=permissions
    ) as shop:
        ended = await shop.run(task)
        assert ended.outcome == outcome, ended
        said = str(ended)
        assert [each for each in words if each not in said] == []
