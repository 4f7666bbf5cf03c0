"""Goals in real editors: diagnostics, Check now, stale, work until met, comments in code."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import EGLOTS, NEOVIMS, Editor, play
from tests.harness.workshop import calls, finish

GOALS = """\
# 漢字 🙂

## Made 🙂
- [ ] 🙂🙂 the file 漢字 is made
  - check: `test -e made.txt`
- [] 漢字 broken

## Written
- [ ] it is written
  - file: `written.txt` contains `words`
"""

TURNS = [
    finish("It is written."),
    calls(("write", {"path": "written.txt", "text": "words\n"})),
    finish("Now it is."),
]


@pytest.mark.editor
@pytest.mark.parametrize(
    "editor", [each.showing("goals", "meet", "status") for each in (*NEOVIMS, *EGLOTS)]
)
async def test_goals_from_the_first_diagnostic_to_met(project: Path, editor: Editor) -> None:
    goals = project / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text(GOALS, "utf-8")
    (project / ".git").mkdir()
    (project / "made.txt").write_text("x")
    (project / "a.py").write_text('x = "🙂漢字"  # GOAL: 漢字 is kept 🙂\n', "utf-8")
    (project / "a.ts").write_text("const x = '🙂'; // GOAL: no `any` here\n", "utf-8")
    async with ScriptedServer(TURNS) as server:
        seen = await play(editor, "goals", project, server, goals)

    assert seen["encoding"] == editor.encoding
    found = {(each["line"], each["code"], each["text"]) for each in seen["first"]}
    assert found == {
        (3, "goal-unverified", "🙂🙂 the file 漢字 is made"),
        (5, "goals-file-invalid", "- [] 漢字 broken"),
        (8, "goal-unverified", "it is written"),
    }
    assert (
        "- [x] 🙂🙂 the file 漢字 is made\n  - check: `test -e made.txt`\n  - evidence: exit 0"
        in (seen["checked"])
    )
    assert seen["shown"]["a.py"]["text"] == "GOAL: 漢字 is kept 🙂"
    assert seen["shown"]["a.ts"]["text"] == "GOAL: no `any` here"
    assert (
        "- [x] it is written\n  - file: `written.txt` contains `words`\n  - evidence: holds at"
        in (seen["worked"])
    )
    assert (project / "written.txt").read_text() == "words\n"
    assert any("1 goal met" in message for message in seen["messages"])
    assert any("Now it is." in message for message in seen["messages"])
    assert seen["status"]["goals"]["total"] == 4
    assert seen["statusline"].endswith("/4 goals")
