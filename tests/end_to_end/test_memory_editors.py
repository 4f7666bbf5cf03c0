"""The memory in real editors: a search lists places that one can go to."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import EGLOTS, LSP_MODES, NEOVIMS, Editor, play

ROOMS = "".join(
    f"def warm_room_{number}(degrees):\n    return degrees + {number}\n\n\n" for number in range(99)
)
BOILER = "def boiler_pressure():\n    return 1.5\n"


@pytest.mark.editor
@pytest.mark.parametrize(
    "editor", [each.showing("search") for each in (*NEOVIMS, *EGLOTS, *LSP_MODES)]
)
async def test_a_search_lists_places(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_MEMORY__ENABLED", "true")
    monkeypatch.setenv("HOLDFAST_MEMORY__EMBEDDER", "hashing")
    (project / ".git").mkdir()
    (project / "answer.py").write_text("x = 1\n")
    (project / "heating.py").write_text(ROOMS + BOILER)
    async with ScriptedServer([]) as server:
        seen = await play(editor, "search", project, server)
    assert "The boiler is old." in seen["found"], "what has no place is listed without one"
    (file, line), *_ = [row.split(":")[:2] for row in seen["found"] if ":" in row]
    assert file == "heating.py"
    assert ROOMS.count("\n") // 2 < int(line) <= ROOMS.count("\n") + 1, "its piece of the file"
