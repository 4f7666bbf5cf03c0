"""Helix with the file that ships, in a terminal: permission and goals without a question."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.models.scripted_server import ScriptedServer
from tests.fakes.editors import CLIENT, HELIX
from tests.fakes.terminal import Terminal, terminal
from tests.fakes.workshop import calls, finish

SAVED = "def answer():\n    return 41  # 🙂 漢字\n"
EDIT = {"path": "answer.py", "old_text": "41  # 🙂", "new_text": "42  # 🙂🙂"}
GOALS = "## Answered 🙂\n- [ ] 漢字 it is 42\n  - check: `grep -q 42 answer.py`\n"
SPINNER = set("⣾⣽⣻⢿⡿⣟⣯⣷")
CONFIG = """\
[editor]
end-of-line-diagnostics = "hint"
[editor.lsp]
display-progress-messages = true
"""


@asynccontextmanager
async def helix(project: Path, server: ScriptedServer) -> AsyncIterator[Terminal]:
    HELIX.need()
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "helix"
    config.mkdir(parents=True)
    shutil.copy(CLIENT / "editors" / "helix" / "languages.toml", config)
    (config / "config.toml").write_text(CONFIG)
    variables = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
    }
    async with terminal([HELIX.program, "answer.py"], project, variables) as shown:
        yield shown


async def act(shown: Terminal, title: str) -> None:
    """Takes the first code action, which has to be this one."""
    await shown.keys("Space", "a")
    await shown.until(f"Holdfast: {title}")
    await shown.keys("Enter")


@pytest.mark.editor
@pytest.mark.shows("helix", "work", "permission", "unsaved", "progress", "goals", "undo")
async def test_a_run_with_permission_by_code_action_a_goal_and_an_undo(project: Path) -> None:
    (project / "answer.py").write_text(SAVED, "utf-8")
    (project / ".git").mkdir()
    goals = project / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text(GOALS, "utf-8")
    async with (
        ScriptedServer([calls(("edit", EDIT)), finish("The answer is 42.")]) as server,
        helix(project, server) as shown,
    ):
        await shown.until("return 41")
        await shown.keys(":open .holdfast/goals.md", "Enter")
        await shown.until("not checked yet")
        await shown.keys(":buffer-previous", "Enter")
        await shown.keys("O", "# typed 🙂 and not saved", "Escape")
        await shown.until("NOR")
        await shown.keys("%")
        await act(shown, "Work on this")
        await shown.until("Holdfast waits for permission: edit answer.py")
        assert SPINNER & set(await shown.screen()), "the run is seen to go on"
        assert "return 41" in await shown.screen(), "nothing is edited before the yes"
        await act(shown, "Approve once: edit answer.py")
        await shown.until("# typed 🙂 and not saved", "42  # 🙂🙂 漢字", "The answer is 42.")
        await shown.until("waits for permission", gone=True)
        assert "typed 🙂" in server.requests[0].body["messages"][1]["content"]
        assert (project / "answer.py").read_text("utf-8") == SAVED, "saving is the person's"
        await shown.keys(":write", "Enter")
        await shown.until("written")
        typed = "# typed 🙂 and not saved\n"
        fixed = SAVED.replace("41  # 🙂", "42  # 🙂🙂")
        assert (project / "answer.py").read_text("utf-8") == typed + fixed

        await shown.keys(":buffer-next", "Enter")
        await shown.until("漢字 it is 42", "not checked yet")
        await shown.keys(":lsp-workspace-command holdfast.goal.check", "Enter")
        await shown.until("[x] 漢字 it is 42", "evidence: exit 0")
        await shown.until("not checked yet", gone=True)

        await shown.keys(":buffer-previous", "Enter")
        await shown.until("42  # 🙂🙂 漢字")
        await shown.keys(":lsp-workspace-command holdfast.run.undo", "Enter")
        await shown.until("# typed 🙂 and not saved", "return 41  # 🙂 漢字")
