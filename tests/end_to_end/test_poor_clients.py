"""Editors that can do little: questions stay answerable and the state stays visible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsp_server.models.scripted_server import ScriptedServer
from tests.end_to_end.test_editors import EDITORS, drive, need
from tests.fakes.workshop import calls, finish

ALE = ["vim", "-N", "-u", "NONE", "-i", "NONE", "-es", "-S", str(EDITORS / "ale.vim")]
EDIT = {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}


@pytest.mark.editor
async def test_an_editor_that_never_answers_gives_permission_by_command(
    project: Path, tmp_path: Path
) -> None:
    need("vim")
    if not Path("/usr/share/vim-ale").exists():
        assert not os.environ.get("CI"), "vim-ale is not installed"
        pytest.skip("vim-ale is not installed")
    (project / ".git").mkdir()
    (project / "answer.py").write_text("def answer():\n    return 41\n")
    goals = project / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text("## Later\n- [ ] it is later\n  - check: `false`\n")
    async with ScriptedServer([calls(("edit", EDIT)), finish("The answer is 42.")]) as server:
        seen = await drive(ALE, project, tmp_path / "result.json", server)
    assert seen.get("error") is None, seen
    assert any("edit answer.py" in problem for problem in seen["problems"])
    assert "0/1 goals" in seen["waiting"]
    assert seen["lines"] == ["def answer():", "    return 42"]
