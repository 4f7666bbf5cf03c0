"""Real editors against the real server: a run, its permission, the edit, a stop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted_server import ScriptedServer
from tests.fakes.workshop import calls, finish

EDITORS = Path(__file__).with_name("editors")
DEADLINE_SECONDS = 90.0
SAVED = "def answer():\n    return 41  # 漢字\n"

TURNS = [
    calls(("read", {"path": "answer.py"}), text="I look first."),
    calls(
        (
            "edit",
            {
                "path": "answer.py",
                "old_text": "    return 41  # 漢字",
                "new_text": "    fixed = True\n    return 42  # 漢字 🙂",
            },
        )
    ),
    finish("The answer is 42."),
    calls(("shell", {"command": "touch sleeping; sleep 60"})),
]

NEOVIM = [
    *("nvim", "--headless", "-u", "NONE", "-i", "NONE", "--cmd", "set noswapfile"),
    *("-c", f"luafile {EDITORS / 'neovim.lua'}"),
]
EMACS = ["emacs", "--batch", "-Q", "-l", str(EDITORS / "eglot.el")]
LSP_MODE = ["emacs", "--batch", "-Q", "-l", str(EDITORS / "lsp-mode.el")]


@pytest.mark.editor
@pytest.mark.parametrize("command", [NEOVIM, EMACS, LSP_MODE], ids=["neovim", "eglot", "lsp-mode"])
async def test_a_run_from_a_code_action_with_permission_and_a_stop(
    project: Path, tmp_path: Path, command: list[str]
) -> None:
    need(command[0])
    if command is LSP_MODE:
        need_package("lsp-mode")
    (project / "answer.py").write_text(SAVED, "utf-8")
    (project / ".git").mkdir()
    async with ScriptedServer(TURNS) as server:
        seen = await drive(command, project, tmp_path / "result.json", server)
        prompt = server.requests[0].body["messages"][1]["content"]
    assert seen.get("error") is None, seen

    assert "typed 🙂 and not saved" in prompt, "an unsaved buffer is the truth"
    read = server.requests[1].body["messages"][-1]["content"]
    assert "typed 🙂" in read
    assert seen["lines"][:4] == [
        "# typed 🙂 and not saved",
        "def answer():",
        "    fixed = True",
        "    return 42  # 漢字 🙂",
    ]
    assert seen["modified"] is True
    assert (project / "answer.py").read_text("utf-8") == SAVED, "saving is the person's"

    assert any("once" in asked for asked in seen["asked"]), "permission was asked for"
    if command is NEOVIM:
        kinds = [line.partition(":")[0] for line in seen["progress"]]
        assert kinds[0] == "begin"
        assert "report" in kinds
        ends = [line for line in seen["progress"] if line.startswith("end")]
        assert ends[0].startswith("end: achieved: The answer is 42.")
        assert ends[1].startswith("end: stopped")
    assert any("The answer is 42." in message for message in seen["messages"])

    assert seen["started"]["runId"] == seen["stopped"]["runId"]
    assert seen["stop_seconds"] < 5
    assert seen["status"]["state"] == "idle"


def need(program: str) -> None:
    """Skips where the editor is missing; in CI it has to be there."""
    if shutil.which(program) is None:
        assert not os.environ.get("CI"), f"{program} is not installed"
        pytest.skip(f"{program} is not installed")


def need_package(name: str) -> None:
    """The same for a package of Emacs, which Debian has as `elpa-NAME`."""
    if not any(Path("/usr/share/emacs/site-lisp/elpa-src").glob(f"{name}-*")):
        assert not os.environ.get("CI"), f"{name} is not installed"
        pytest.skip(f"{name} is not installed")


async def drive(
    command: list[str],
    project: Path,
    result: Path,
    server: ScriptedServer,
    opened: Path | None = None,
) -> dict[str, Any]:
    """Runs an editor's script to its end; what it saw."""
    file = opened or project / "answer.py"
    process = await asyncio.create_subprocess_exec(
        *command,
        *([str(file)] if command[0] == "nvim" else []),
        cwd=project,
        env={
            **os.environ,
            "SERVER": json.dumps([sys.executable, "-m", "lsp_server", "serve", "--stdio"]),
            "CLIENT": str(EDITORS.parents[2] / "editor-client"),
            "EDITORS": str(EDITORS),
            "RESULT": str(result),
            "FILE": str(file),
            "PROJECT": str(project),
            "HOLDFAST_MODEL__BASE_URL": server.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert result.exists(), output.decode(errors="replace")
    seen: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return seen
