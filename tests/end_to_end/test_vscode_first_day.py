"""A newcomer's first day in real VS Code, in a real browser, with a model that streams slowly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.code_server import CLIENT, code_server, need
from tests.harness.workshop import calls, finish, says

pytestmark = [pytest.mark.editor, pytest.mark.vscode, pytest.mark.timeout(420)]

PICTURES = Path(__file__).parents[2] / "out" / "screenshots"
AXE = CLIENT / "node_modules" / "axe-core" / "axe.min.js"
ANSWER = 'def answer():\n    """Says it."""\n    return 41\n'
POEM = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
SLOW = {"tokens_per_second": 40, "reasoning": "Capitals first, then the number."}
PLAN = {
    "items": [
        {"text": "look at both files", "status": "done"},
        {"text": "change them", "status": "in_progress"},
    ]
}
LOOK = """## What I see

| file | change |
|---|---|
| `poem.txt` | two lines in capitals |
| `answer.py` | **42** |

```python
def answer() -> int:
    return 42
```
"""
EDITS = (
    ("edit", {"path": "poem.txt", "old_text": "one\n", "new_text": "ONE\n"}),
    ("edit", {"path": "poem.txt", "old_text": "nine\n", "new_text": "NINE\n"}),
    ("edit", {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}),
)
STEERS = "Keep the docstring."
PART = {"description": "count the lines", "prompt": "How many lines has poem.txt?"}


def talker(body: Mapping[str, Any]) -> ScriptedTurn:
    """Explains slowly until it is steered, edits two files in one step, asks back, lets a subagent
    look, and ends."""
    if len(body["messages"]) < 2:
        return says("Hello.")  # It is tried before it is chosen.
    if "How many lines" in str(body["messages"][1]["content"]):
        return says("The poem has nine lines.")
    messages = body["messages"]
    told = [at for at, message in enumerate(messages) if STEERS in str(message["content"])]
    step = sum(message["role"] == "assistant" for message in messages[told[0] if told else 0 :])
    if not told and step == 0:
        return calls(("plan", PLAN), ("read", {"path": "answer.py"}), text=LOOK, **SLOW)
    if not told:
        # A person types as slowly as their machine lets them.
        line = {"path": "poem.txt", "start_line": step % 9 + 1}
        return calls(("read", line), text="I say at length what I do. " * 12, **SLOW)
    turns = (
        calls(*EDITS, text="I change both."),
        says("Which of the two endings do you mean?"),
        calls(("task", PART), text="I have the lines counted."),
        finish("All is as you said."),
    )
    return turns[min(step, len(turns) - 1)]


async def test_a_first_day_from_no_model_to_a_run_that_is_found_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need()
    monkeypatch.delenv("HOLDFAST_MODEL__BASE_URL", raising=False)
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    (project / "poem.txt").write_text(POEM, "utf-8")
    async with (
        ScriptedServer(talker, behaviour=EndpointBehaviour(models=("scripted",))) as model,
        code_server(
            tmp_path / "code", project, environment={"HOLDFAST_GOAL__JUDGE_TASK": "false"}
        ) as code,
    ):
        code.play_seconds = 360.0
        seen = await code.play("first_day", PICTURES, AXE=str(AXE), ADDRESS=model.base_url)
        said = [str(each.body.get("messages")) for each in model.requests if each.body]
    assert "error" not in seen, seen["error"]
    assert "Resume" in seen["without"], "no task is lost where there is no model"
    assert "3 edits of 2 files: poem.txt, answer.py" in seen["question"]
    assert "+NINE" in seen["question"]
    assert "+    return 42" in seen["question"]
    assert "read here" in seen["read"]
    assert any(STEERS in each for each in said)
    assert any("The first one." in each for each in said)
    assert seen["before"] == POEM
    assert seen["undone"] == POEM.replace("one", "ONE"), "one hunk is taken back, the other stays"
    assert seen["again"] == seen["labels"], "a past run is shown as it was, its subagent included"
    assert seen["wider"] == 0, "nothing is clipped in a narrow window"
    assert not seen["faults"], seen["faults"]
