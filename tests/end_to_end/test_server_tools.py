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


@pytest.mark.editor
@pytest.mark.vscode
@pytest.mark.timeout(240)
async def test_vscode_shows_what_there_is_and_trusts_from_there(
    project: Path, tmp_path: Path
) -> None:
    need()
    name_server(tmp_path / "config")
    (project / ".git").mkdir()
    skill = project / ".agents" / "skills" / "deploy" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: deploy\ndescription: How we deploy.\n---\nShip it with make.\n")
    (project / ".agents" / "skills" / "broken").mkdir()
    (project / ".agents" / "skills" / "broken" / "SKILL.md").write_text("No front matter.\n")
    docs = {"docs": {"url": "http://127.0.0.1:9/mcp"}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": docs}))
    pictures = Path(__file__).parents[2] / "out" / "screenshots"
    async with ScriptedServer(by_step) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        async with code_server(tmp_path / "code", project, environment=environment) as code:
            seen = await code.play("extensions", pictures)
    assert "error" not in seen, seen["error"]
    before, after = ("\n".join(seen[name]) for name in ("before", "after"))
    for row in ("MCP Servers", "say", "docs", "Skills", "deploy", "broken"):
        assert row in before, before
    assert before.count("not trusted yet") == 2
    assert "connected when a run needs it" in before
    assert "cannot be used" in before
    assert after.count("not trusted yet") == 1, "of the server nobody was asked"
    assert "skill deploy" in seen["asked"]
