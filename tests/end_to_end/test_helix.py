"""Helix with the file that ships, in a terminal: permission and goals without a question."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import CLIENT, HELIX
from tests.harness.expectation import until
from tests.harness.terminal import Terminal, terminal
from tests.harness.workshop import calls, finish, says

SAVED = "def answer():\n    return 41  # 🙂 漢字\n"
EDIT = {"path": "answer.py", "old_text": "41  # 🙂", "new_text": "42  # 🙂🙂"}
GOALS = "## Answered 🙂\n- [ ] 漢字 it is 42\n  - check: `grep -q 42 answer.py`\n"
TRIES = 10
SPINNER = set("⣾⣽⣻⢿⡿⣟⣯⣷")
CONFIG = """\
[editor]
end-of-line-diagnostics = "hint"
[editor.lsp]
display-progress-messages = true
"""


@asynccontextmanager
async def helix(
    project: Path, server: ScriptedServer, opened: str = "answer.py"
) -> AsyncIterator[Terminal]:
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
    async with terminal([HELIX.program, opened], project, variables) as shown:
        yield shown


async def came(shown: Terminal, text: str) -> bool:
    """Says whether the screen has a text within a few seconds."""
    for _ in range(50):
        if text in await shown.screen():
            return True
        await asyncio.sleep(0.05)
    return False


async def act(shown: Terminal, title: str) -> None:
    """Takes a code action from the menu, whose first one is marked as it opens.

    A server that has just started has no menu yet, and nothing tells when it has.
    """
    for _ in range(TRIES):
        await shown.keys("Space", "a")
        if await came(shown, f"Holdfast: {title}"):
            break
        await shown.keys("Escape")
    rows = [line for line in (await shown.screen()).splitlines() if " Holdfast: " in line]
    place = next(place for place, line in enumerate(rows) if title in line)
    await shown.keys(*["Down"] * place, "Enter")


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


@pytest.mark.editor
@pytest.mark.shows("helix", "meet", "stop")
async def test_a_goal_is_worked_on_until_it_is_met_and_a_run_is_stopped(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    (project / ".git").mkdir()
    goals = project / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text("## Made\n- [ ] it is made\n  - file: `made.txt` contains `🙂`\n", "utf-8")
    turns = [
        finish("It is made."),
        calls(("write", {"path": "made.txt", "text": "🙂\n"})),
        finish("Now it is."),
        calls(("shell", {"command": "touch sleeping; sleep 60"})),
    ]
    async with (
        ScriptedServer(turns) as server,
        helix(project, server, ".holdfast/goals.md") as shown,
    ):
        await shown.until("not checked yet")
        await shown.keys("j")
        await act(shown, "Work on this goal")
        await shown.until("[x] it is made", "evidence: holds")
        await shown.until("Now it is.")
        await shown.keys("%")
        await act(shown, "Work on this…")
        await until((project / "sleeping").exists, "the command that sleeps")
        await act(shown, "Stop")
        await shown.until("stopped")


@pytest.mark.editor
@pytest.mark.shows("helix", "chat")
async def test_a_file_is_a_conversation(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    (project / ".git").mkdir()
    (project / "talk.holdfast.md").write_text("\n", "utf-8")
    said = "".join(f"Line {number} 🙂 of it.\n\n" for number in range(4))
    turns = [says(said, tokens_per_second=8.0), finish("It is 漢字.")]
    async with ScriptedServer(turns) as server, helix(project, server, "talk.holdfast.md") as shown:
        await shown.until("talk.holdfast.md")
        await shown.keys("i", "What is it? 漢字", "Escape")
        await shown.until("NOR")
        await act(shown, "Send")
        await shown.until("## Holdfast", "Line 1 🙂 of it.")
        await shown.keys("g", "e", "o", "I type meanwhile", "Escape")
        await shown.until("NOR")
        await shown.until("Line 3 🙂 of it.", "*finished · ", "I type meanwhile")
        await shown.keys("g", "e")
        await act(shown, "Send")
        await shown.until("It is 漢字.")
        screen = await shown.screen()
        assert screen.index("I type meanwhile") < screen.index("It is 漢字.")
        await shown.keys(":write", "Enter")
        await shown.until("written")
        text = (project / "talk.holdfast.md").read_text("utf-8")
        assert text.count("Line 2 🙂 of it.") == 1
        assert text.index("What is it?") < text.index("Line 0") < text.index("I type meanwhile")
