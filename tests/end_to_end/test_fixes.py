"""What another language server finds in the buffer is fixed from its diagnostic."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.end_to_end.test_helix import act, helix
from tests.fakes import linter
from tests.harness.editors import LSP_MODES, NEOVIMS, Editor, play
from tests.harness.workshop import calls, finish

WRONG = "def answer():\n    return 41\n\n\n# GOAL: it is right\n"
TURNS = [
    calls(
        ("edit", {"path": "answer.py", "old_text": "41", "new_text": "42"}),
        first_token_seconds=0.5,  # as in test_editors.py
    ),
    finish("Fixed."),
]


@pytest.fixture
def wrong(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a fault, where nothing has to be asked."""
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    (project / ".git").mkdir()
    (project / "answer.py").write_text(WRONG)
    return project


@pytest.mark.editor
@pytest.mark.parametrize("editor", [each.showing("fix") for each in (*NEOVIMS, *LSP_MODES)])
async def test_a_problem_of_another_server_is_fixed(
    wrong: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINTER", json.dumps([sys.executable, str(linter.__file__)]))
    async with ScriptedServer(TURNS) as server:
        seen = await play(editor, "fix", wrong, server)
        prompt = server.requests[0].body["messages"][1]["content"]
    assert linter.FAULT in prompt
    assert "return 42" in seen["text"]


@pytest.mark.editor
@pytest.mark.shows("helix", "fix")
async def test_a_problem_of_another_server_is_fixed_in_helix(
    wrong: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The file that ships names pylsp beside Holdfast.
    program = wrong.parent / "bin" / "pylsp"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {linter.__file__}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    async with ScriptedServer(TURNS) as server, helix(wrong, server) as shown:
        await shown.until(linter.FAULT, "not judged yet")
        await shown.keys("j", "x")
        await act(shown, linter.FAULT)
        await shown.until("return 42", "Fixed.")
        assert linter.FAULT in server.requests[0].body["messages"][1]["content"]
