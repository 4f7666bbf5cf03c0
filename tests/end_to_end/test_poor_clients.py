"""Editors that can do little: questions stay answerable and the state stays visible."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import ALE, play
from tests.harness.workshop import calls, finish

EDIT = {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}


@pytest.mark.editor
@pytest.mark.shows("ale", "permission", "status")
async def test_an_editor_that_never_answers_gives_permission_by_command(
    project: Path,
) -> None:
    (project / ".git").mkdir()
    (project / "answer.py").write_text("def answer():\n    return 41\n")
    goals = project / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text("## Later\n- [ ] it is later\n  - check: `false`\n")
    async with ScriptedServer([calls(("edit", EDIT)), finish("The answer is 42.")]) as server:
        seen = await play(ALE, "run", project, server)
    assert any("edit answer.py" in problem for problem in seen["problems"])
    assert "0/1 goal" in seen["waiting"]
    assert seen["lines"] == ["def answer():", "    return 42"]
