"""A run in a real editor that calls a tool of an MCP server, which a person is asked about."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.lsp_client import REPOSITORY
from tests.harness.code_server import code_server, need
from tests.harness.editors import NEOVIMS, Editor, play
from tests.harness.workshop import calls, finish

TURNS = [calls(("mcp__say__echo", {"text": "hello 🙂"})), finish("It said so.")]


def name_server(config: Path) -> None:
    """Names a server in the settings of the person."""
    command = [str(REPOSITORY / "tests" / "fakes" / "mcp_server.py"), "none"]
    (config / "holdfast").mkdir(parents=True)
    (config / "holdfast" / "config.toml").write_text(
        f"[mcp.servers.say]\ncommand = {json.dumps(sys.executable)}\nargs = {json.dumps(command)}\n"
    )


def by_step(body: Mapping[str, Any]) -> ScriptedTurn:
    answers = [message for message in body["messages"] if message["role"] == "assistant"]
    return TURNS[len(answers)]


def answer_of_the_tool(model: ScriptedServer) -> Any:
    return json.loads(model.requests[-1].body["messages"][-1]["content"])


@pytest.mark.editor
@pytest.mark.parametrize("editor", [each.showing("permission") for each in NEOVIMS])
async def test_neovim_asks_about_a_tool_of_a_server(
    project: Path, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    name_server(tmp_path / "config")
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 42\n")
    async with ScriptedServer(TURNS) as model:
        seen = await play(editor, "server_tool", project, model)
        assert answer_of_the_tool(model) == {"text": "hello 🙂"}
    assert len(seen["asked"]) == 1


@pytest.mark.editor
@pytest.mark.vscode
@pytest.mark.timeout(240)
@pytest.mark.shows("vscode", "permission")
async def test_vscode_asks_about_a_tool_of_a_server(project: Path, tmp_path: Path) -> None:
    need()
    name_server(tmp_path / "config")
    (project / ".git").mkdir()
    pictures = Path(__file__).parents[2] / "out" / "screenshots"
    async with ScriptedServer(by_step) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        async with code_server(tmp_path / "code", project, environment=environment) as code:
            seen = await code.play("server_tool", pictures)
        assert "error" not in seen, seen["error"]
        assert answer_of_the_tool(model) == {"text": "hello 🙂"}
    assert "call echo of the server say" in seen["asked"]
