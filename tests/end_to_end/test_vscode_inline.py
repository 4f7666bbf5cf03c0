"""What is done in the text itself and from VS Code's menus, in real VS Code in a real browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.code_server import code_server, need
from tests.harness.stand import acts
from tests.harness.workshop import says

pytestmark = [pytest.mark.editor, pytest.mark.vscode, pytest.mark.timeout(240)]

PICTURES = Path(__file__).parents[2] / "out" / "screenshots"
ANSWER = "def answer():\n    return 41\n"
EDIT = {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}


def agent(body: Mapping[str, Any]) -> ScriptedTurn:
    """What the model says, by the task."""
    task = str(body["messages"][1]["content"])
    if "Say 42 here." in task:
        return acts("edit", EDIT, text="I change the number.")
    if "Write another file." in task:
        return acts("write", {"path": "other.py", "text": "x = 1\n"}, text="I write another.")
    return says("It went off." if "boom" in task else "It is about answer.")


async def test_the_text_itself_and_the_menus_lead_to_the_agent(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    async with (
        ScriptedServer(agent) as model,
        code_server(
            tmp_path / "code",
            project,
            environment={
                "HOLDFAST_MODEL__BASE_URL": model.base_url,
                "HOLDFAST_MODEL__NAME": "scripted",
                "HOLDFAST_GOAL__JUDGE_TASK": "false",
            },
        ) as code,
    ):
        seen = await code.play("inline", PICTURES)
        asked = [str(each.body["messages"][1]["content"]) for each in model.requests]
    assert "error" not in seen, seen["error"]
    assert any("return 42" in line for line in seen["edited"])
    assert not any("waits for permission" in each or "proposals" in each for each in seen["toasts"])
    assert ["".join(tab.split()) for tab in seen["tabs"]] == ["answer.py"], "nothing else opens"
    assert any("return 41" in line for line in seen["undone"])
    assert any("return 42" in line for line in seen["kept"])
    assert not (project / "other.py").exists(), "what is no edit of the file is not made unasked"
    assert "Edit with Holdfast…" in seen["menu"]
    assert "Explain This with Holdfast" in seen["menu"]
    assert seen["mentioned"] == "@answer.py:1-2 "
    explained = next(task for task in asked if "Explain `answer`\n" in task)
    assert "def answer" in explained
    assert "Traceback: boom" in next(task for task in asked if "the terminal shows" in task)
