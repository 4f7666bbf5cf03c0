"""A server that is killed in the middle of a run is started again and says what waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import EGLOTS, LSP_MODES, NEOVIMS, Editor, play
from tests.harness.workshop import calls, finish


def sleeper(body: Mapping[str, Any]) -> ScriptedTurn:
    """Writes down who its server is, sleeps and, when that was interrupted, wakes up."""
    said = str(body["messages"])
    if "> second" in said:
        return finish("Slept.")
    if "> first" in said:
        return calls(("shell", {"command": "echo $PPID > second"}), first_token_seconds=0.5)
    return calls(("shell", {"command": "echo $PPID > first; sleep 20"}))


@pytest.mark.editor
@pytest.mark.parametrize(
    "editor", [each.showing("restart") for each in (*NEOVIMS, *EGLOTS, *LSP_MODES)]
)
async def test_a_killed_server_is_started_again_and_its_run_goes_on(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    (project / ".git").mkdir()
    (project / "answer.py").write_text("x = 1\n")
    async with ScriptedServer(sleeper) as server:
        seen = await play(editor, "killed", project, server)
    assert seen["again"] is True
    assert "“Sleep.” was interrupted and nothing is lost" in seen["offer"]
    assert "resume" in seen["offer"]
    if editor.column == "neovim":
        assert seen["left_alone"] is True, "a loop is not fed"
        assert sum("left alone" in notice for notice in seen["notices"]) == 1
