"""Attempts and subagents while they work, in a real VS Code and a real Neovim."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.cast import delegates
from tests.harness.attempts import attempt_of
from tests.harness.code_server import code_server, need
from tests.harness.editors import NEOVIMS, Editor, play
from tests.harness.workshop import calls, finish

pytestmark = pytest.mark.editor


def at_work(body: Mapping[str, Any]) -> ScriptedTurn:
    """Two attempts, or two subagents, that do one thing each and then wait to be stopped."""
    task = str(body["messages"][1]["content"])
    step = sum(message["role"] == "assistant" for message in body["messages"])
    if "Share it out." in task:
        return finish("Shared.") if step else delegates("alpha", "beta", mode="build")
    name = "first" if "Renew it." in task else task.split(maxsplit=1)[0]
    if name == "first" and attempt_of(body) == 2:
        name = "second"
    made = calls(("write", {"path": f"{name}.txt", "text": f"by {name}\n"}))
    waits = calls(("shell", {"command": f"touch {name}; sleep 60"}))
    return (made, waits)[step] if step < 2 else finish()


def environment(model: ScriptedServer) -> dict[str, str]:
    return {
        "HOLDFAST_MODEL__BASE_URL": model.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
        "HOLDFAST_PERMISSIONS__MODE": "full",
    }


@pytest.mark.vscode
@pytest.mark.timeout(240)
async def test_vscode_shows_attempts_and_subagents_below_their_run(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    pictures = Path(__file__).parents[2] / "out" / "screenshots"
    async with (
        ScriptedServer(at_work) as model,
        code_server(tmp_path / "code", project, environment=environment(model)) as code,
    ):
        seen = await code.play("attempts", pictures)
    assert "error" not in seen, seen["error"]
    rows = [" ".join(row.split()) for row in seen["attempts"]]
    assert rows[0].startswith("Renew it.")
    first, second = (place_of(rows, f"Attempt {number}") for number in (1, 2))
    assert 0 < first < place_of(rows, "write first.txt") < place_of(rows, "$ touch first")
    assert second < place_of(rows, "write second.txt")
    rows = [" ".join(row.split()) for row in seen["subagents"]]
    assert rows[0].startswith("Share it out.")
    places = {name: place_of(rows, name) for name in ("alpha", "beta")}
    assert min(places.values()) > 0
    # They take turns in commands, so that one of them may have to wait.
    assert any(place_of(rows, f"$ touch {name}") > place for name, place in places.items())


def place_of(rows: list[str], text: str) -> int:
    """Which row begins so."""
    return next((place for place, row in enumerate(rows) if row.startswith(text)), -1)


@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_neovim_begins_attempts_and_says_that_they_work(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 42\n")
    async with ScriptedServer(at_work) as model:
        seen = await play(editor, "attempts", project, model)
    assert "attempts takes a number and what to do" in seen["refused"]
    assert "2 attempts" in seen["attempts"]
    assert "2 subagents" in seen["subagents"]
    assert seen["left"] == ["answer.py"], "an attempt that is not taken leaves nothing"
