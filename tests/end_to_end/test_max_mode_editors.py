"""Max Mode in real editors: propose, read the comparison, accept candidate 2, undo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.faults import FaultyTurn
from tests.harness.editors import EGLOTS, NEOVIMS, Editor, play
from tests.harness.stand import acts, is_verdict, says_verdict


def rewrite(value: int) -> ScriptedTurn:
    arguments = {"path": "a.txt", "old_text": "old", "new_text": f"new {value}"}
    return acts("edit", arguments, text=f"Number {value}.")


def script(body: Mapping[str, Any]) -> ScriptedTurn:
    """Three ways to edit; the first one scores best."""
    if is_verdict(body):
        return says_verdict(body, lambda text: 9 - int(text.split("+the new ")[1][0]))
    others = [rewrite(n) for n in range(1, body.get("n", 1))]
    alternatives = [{"text": each.text, "tool_calls": each.tool_calls} for each in others]
    return FaultyTurn.model_validate({**rewrite(0).model_dump(), "alternatives": alternatives})


@pytest.mark.editor
@pytest.mark.parametrize(
    "editor", [each.showing("max_mode", "undo") for each in (*NEOVIMS, *EGLOTS)]
)
async def test_propose_compare_accept_the_second_and_undo(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "auto-edit")
    file = project / "a.txt"
    file.write_text("the old text\n")
    (project / ".git").mkdir()
    async with ScriptedServer(script) as server:
        seen = await play(editor, "max_mode", project, server, file)

    assert seen["refused"].startswith("Holdfast: "), "in words for people"
    assert "candidate" in seen["refused"]
    assert seen["state"] == "running"
    assert seen["before"].rstrip("\n") == "the old text", "a proposal changes nothing"
    assert "(recommended)" in seen["comparison"]
    assert seen["comparison"].count("+the new ") == 3
    assert sum("Holdfast: Accept" in title for title in seen["offered"]) == 3
    assert seen["accepted"].rstrip("\n") == "the new 1 text"
    assert seen["undone"].rstrip("\n") == "the old text"
