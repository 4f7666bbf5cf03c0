"""The conversation in real VS Code, in a real browser, with a model that streams slowly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.code_server import CLIENT, code_server, need
from tests.harness.stand import acts
from tests.harness.workshop import calls, finish, says

pytestmark = [pytest.mark.editor, pytest.mark.vscode, pytest.mark.timeout(240)]

PICTURES = Path(__file__).parents[2] / "out" / "screenshots"
AXE = CLIENT / "node_modules" / "axe-core" / "axe.min.js"
ANSWER = "def answer():\n    return 41\n"
EDIT = {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}
LOOK = """## What I see

The function in `answer.py:2` returns **41**. Two ways lead on:

| way | cost |
|---|---|
| change the number | low |
| compute it | *seven and a half million years* |

```python
def answer() -> int:
    # It is known.
    return 42
```

See [the docs](https://example.com/answer) or [the file](answer.py). <b>No HTML.</b>
<script>document.title = "taken over"</script> [run](command:workbench.action.quit)
![a picture](https://example.com/seen.png)
"""
PLAN = {
    "items": [
        {"text": "look at answer.py", "status": "done"},
        {"text": "change the number", "status": "in_progress"},
        {"text": "run the tests", "status": "pending"},
    ]
}


def steps_of(body: Mapping[str, Any]) -> int:
    """How many answers the conversation has."""
    return sum(message["role"] == "assistant" for message in body["messages"])


def talker(body: Mapping[str, Any]) -> ScriptedTurn:
    """Thinks, explains slowly, plans, wants to edit, and asks back in the end."""
    slow = {"tokens_per_second": 40, "reasoning": "It says 41. It should say 42."}
    turns = (
        calls(("plan", PLAN), ("read", {"path": "answer.py"}), text=LOOK, **slow),
        acts("edit", EDIT, text="I change it, and I say so at some length. " * 24, **slow),
        acts("edit", EDIT, text="I keep the docstring."),
        acts("edit", EDIT, text="Then I try it once more."),
        says("Which of the two ways do you mean?"),
        finish("The answer is 42 now."),
    )
    return turns[min(steps_of(body), len(turns) - 1)]


def environment(model: ScriptedServer) -> dict[str, str]:
    return {
        "HOLDFAST_MODEL__BASE_URL": model.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
        "HOLDFAST_GOAL__JUDGE_TASK": "false",
    }


@pytest.mark.shows("vscode", "chat")
async def test_a_conversation_is_read_steered_and_answered_while_it_happens(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    async with (
        ScriptedServer(talker) as model,
        code_server(tmp_path / "code", project, environment=environment(model)) as code,
    ):
        seen = await code.play("conversation", PICTURES, AXE=str(AXE))
        said = [str(each.body["messages"]) for each in model.requests]
    assert "error" not in seen, seen["error"]
    assert seen["streamed"], "the text is read before its step ends"
    assert "taken over" not in seen["title"]
    assert seen["scripts"] == 1, "nothing that a model wrote becomes part of the page"
    assert seen["pictures"] == 0
    assert seen["plan"] == [
        "✓done: look at answer.py",
        "●in progress: change the number",
        "○open: run the tests",
    ]
    assert "not read yet" in seen["pending"]
    assert "read here" in seen["read"]
    assert seen["beside"] == 0, "what is seen on its card is asked nowhere else"
    assert any("Keep the docstring." in each for each in said)
    assert any("Not before the tests ran." in each for each in said), "why it was denied"
    assert seen["before"] == ANSWER
    assert seen["after"] == ANSWER.replace("41", "42")
    assert any("The first one." in each for each in said), "its question was answered"
    assert not seen["faults"], seen["faults"]


SEEN = """It is looked at. See `answer.py:2`, [a page](https://example.com/a?b=c) and
[the passwords](../../../../etc/passwd).
"""


async def test_conversations_are_found_again_and_what_was_typed_is_kept(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    commands = project / ".holdfast" / "commands"
    commands.mkdir(parents=True)
    (commands / "review.md").write_text("---\ndescription: Looks twice.\n---\nReview it.\n")

    def looker(body: Mapping[str, Any]) -> ScriptedTurn:
        look = calls(("read", {"path": "answer.py"}), text="I look.")
        return says(SEEN) if steps_of(body) else look

    async with (
        ScriptedServer(looker) as model,
        code_server(tmp_path / "code", project, environment=environment(model)) as code,
    ):
        seen = await code.play("conversation_past", PICTURES, AXE=str(AXE))
        asked = str(model.requests[0].body["messages"])
    assert "error" not in seen, seen["error"]
    assert seen["completed"] == "Look at @answer.py "
    assert "seen.pdf" in seen["refused"]
    assert "data:image/png;base64," in asked
    assert seen["recalled"] == "Look at @answer.py"
    assert seen["draft"] == "A draft"
    assert seen["shownAgain"] == seen["before"]
    assert [row.split("\n")[1] for row in seen["found"]] == ["Look at @answer.py"]
    assert seen["past"] == seen["before"]
    assert "https://example.com/a?b=c" in seen["dialog"]
    assert seen["left"] == 1
    assert not seen["faults"], seen["faults"]


async def test_two_thousand_events_and_a_megabyte_stay_fluent(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    for number in range(8):
        (project / f"file{number}.txt").write_text(f"This is file {number}.\n" * 30)
    paragraph = "A **paragraph** with `code`, [a link](file1.txt) and some words of its own. " * 12
    answer = "\n\n".join(f"## Part {number}\n\n{paragraph}" for number in range(1100))

    asked = 0

    def reader(_: Mapping[str, Any]) -> ScriptedTurn:
        nonlocal asked
        asked += 1
        if asked > 130:
            return says(f"{answer}\n\nThe very end.")
        reads = [
            ("read", {"path": f"file{at}.txt", "start_line": asked % 30 + 1}) for at in range(8)
        ]
        return calls(*reads, text=f"I read on, {asked}.")

    async with (
        ScriptedServer(reader) as model,
        code_server(tmp_path / "code", project, environment=environment(model)) as code,
    ):
        seen = await code.play("conversation_large", PICTURES)
    assert "error" not in seen, seen["error"]
    (PICTURES / "conversation-frames.json").write_text(json.dumps(seen, indent=2))
    assert seen["blocks"] > 1000
    assert seen["chars"] > 750_000, "a megabyte of Markdown, without its signs"
    assert seen["gap"] < 100, "the end is in sight"
    # How long the frames take depends on the machine; the figures are in the file. Here they go on.
    for phase in ("following", "using", "reopening"):
        assert seen[phase]["p50"] < 500, seen
