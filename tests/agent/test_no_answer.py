"""An answer that neither does nor says anything ends no run as achieved, and costs little."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.events import Told
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.tasks import Failed, Finished, Task
from tests.fakes.faults import FaultyScenario
from tests.harness.workshop import calls, finish, says, workshop

PRINTED = '<tool_call>\n{"name": "shell", "arguments": {"command": "touch ran"}}\n</tool_call>'
GOAL = Goal("g", "it works", (Condition("c1", "it works", (CommandCheck("false"),)),))


@pytest.mark.parametrize("goal", [None, GOAL], ids=["without a check", "with a check"])
@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (PRINTED, "--tool-call-parser"),
        (f"I run it.\n{PRINTED}", "--jinja"),
        (f"<think>Hm</think>\n{PRINTED}", "--tool-call-parser"),
        ("<think>I should run it.</think>", "reasoning parser"),
        ("<think>I should run", "reasoning parser"),
        ('functools[{"name": "shell", "arguments": {"command": "touch ran"}}]', "--jinja"),
        ("<shell>touch ran</shell>", "--jinja"),
        ("I'll now read a.py and fix it:", "calls no tool"),
        ("I see. Let me run the tests.", "calls no tool"),
    ],
)
async def test_what_is_no_answer_is_told_twice_and_then_fails(
    project: Path, text: str, hint: str, goal: Goal | None
) -> None:
    async with workshop(project, [says(text)] * 5) as shop:
        outcome = await shop.run(Task("make it", goal))
        assert isinstance(outcome, Failed)
        assert hint in outcome.error
        assert len(shop.server.requests) == 3
        assert len(shop.events(Told)) == 2
        assert not (project / "ran").exists()


async def test_a_model_that_calls_after_it_was_told_goes_on(project: Path) -> None:
    look = calls(("shell", {"command": "true"}))
    turns = [says(PRINTED), says(PRINTED), look, says(PRINTED), says(PRINTED), finish("it is made")]
    async with workshop(project, turns) as shop:
        assert await shop.run() == Finished("it is made")


@pytest.mark.parametrize(
    "text",
    ["list(range(3))", '{"plan": "a"}', "<plan>a</plan>", 'Use `shell(command="make")`', "To install, run:",
     "Please tell me which file you mean:", "Ich werde nichts \xe4ndern.", "Let's see: 4 + 4 = 8."],
)  # fmt: skip
async def test_an_answer_without_any_work_is_one(project: Path, text: str) -> None:
    async with workshop(project, [says(text)] * 5) as shop:
        assert await shop.run() == Finished(text)
        assert not shop.events(Told)


DOUBTFUL = ("Call it so:\n\n```python\nread(path='a.py')\n```", "Then I'll read a.py.")


@pytest.mark.parametrize("text", DOUBTFUL)
async def test_once_something_was_done_a_doubtful_text_is_an_answer(
    project: Path, text: str
) -> None:
    look = calls(("shell", {"command": "true"}))
    async with workshop(project, [look, says(text)]) as shop:
        assert await shop.run() == Finished(text)
        assert not shop.events(Told)


@pytest.mark.parametrize("text", DOUBTFUL)
async def test_a_call_that_failed_did_nothing(project: Path, text: str) -> None:
    fails = calls(("read", {"path": "nowhere.py"}))
    async with workshop(project, [fails, says(text), finish("done")]) as shop:
        assert await shop.run() == Finished("done")
        assert len(shop.events(Told)) == 1


async def test_a_prompt_that_cannot_become_smaller_is_not_asked_for_again(project: Path) -> None:
    scenario = FaultyScenario.model_validate({"turns": [finish()], "prompt_tokens_max": 100})
    async with workshop(project, scenario) as shop:
        outcome = await shop.run()
        assert isinstance(outcome, Failed)
        assert "model.output_tokens_max" in outcome.error
        assert len(shop.server.requests) <= 3
