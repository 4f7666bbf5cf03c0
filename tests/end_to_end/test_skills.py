"""Skills, custom commands and trust, as an editor meets them in a real server."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.fakes.lsp_client import LspClient, LspError, Message, started
from tests.harness.workshop import finish

PLAIN = clients.snapshot("neovim")["initialize"]["capabilities"]
SKILL = "---\nname: deploy\ndescription: How we deploy.\n---\nShip it with `make ship`."
MCP_SERVER = Path(__file__).parents[1] / "fakes" / "mcp_server.py"
REVIEW = "---\ndescription: Review it\npaths: '*.py'\n---\nReview $ARGUMENTS."


def write(project: Path, path: str, text: str) -> Path:
    file = project / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@asynccontextmanager
async def at_work(
    project: Path, picks: Callable[[Any], Any] = lambda params: None
) -> AsyncIterator[tuple[LspClient, ScriptedServer]]:
    async with ScriptedServer([finish()] * 4) as model:
        environment = {"HOLDFAST_MODEL__BASE_URL": model.base_url}
        answers = {"window/showMessageRequest": picks}
        async with started(environment=environment, answers=answers) as client:
            await client.initialize(project, PLAIN)
            yield client, model


def ended(message: Message) -> bool:
    return message.get("method") == "window/showMessage" and "done" in message["params"]["message"]


async def test_an_editor_lists_all_that_there_is_and_asks_about_one(project: Path) -> None:
    skill = write(project, ".agents/skills/deploy/SKILL.md", SKILL)
    servers = {"docs": {"url": "http://127.0.0.1:9/mcp"}}
    write(project, ".mcp.json", json.dumps({"mcpServers": servers}))
    async with at_work(project) as (client, _):
        listed = await client.command("holdfast.extension.list")
        (server, deploy) = listed["extensions"]
        assert (server["kind"], server["name"], server["state"]) == ("server", "docs", "closed")
        assert "tools" not in server, "nobody asked it yet"
        assert (deploy["kind"], deploy["trust"], deploy["uri"]) == ("skill", "new", skill.as_uri())
        assert "skill deploy (new): How we deploy." in listed["message"]
        choice = {"what": deploy["trustId"], "answer": "yes"}
        left = await client.command("holdfast.trust", choice)
        assert [one["id"] for one in left["waiting"]] == ["server docs"]
        status = await client.command("holdfast.status")
        assert status["extensions"] == {"total": 2, "waiting": 1, "failed": 0}


async def test_what_a_project_brings_is_used_only_after_a_persons_yes(project: Path) -> None:
    write(project, ".agents/skills/deploy/SKILL.md", SKILL)
    write(project, ".holdfast/commands/review.md", REVIEW)
    asked: list[str] = []

    def pick(params: Any) -> Any:
        asked.append(params["message"])
        return None

    async with at_work(project, pick) as (client, model):
        listed = await client.command("holdfast.skill.list")
        assert [(one["name"], one["state"]) for one in listed["skills"]] == [("deploy", "new")]
        refused = await client.command("holdfast.command.run", {"name": "review"})
        assert refused["state"] == "error"
        assert "not trusted" in refused["message"]
        refused = await client.command("holdfast.run.start", {"prompt": "/review a.py"})
        assert refused["state"] == "error"
        assert not model.requests

        reply = await client.command("holdfast.trust")
        assert {one["id"] for one in reply["waiting"]} == {
            "skill .agents/skills/deploy",
            "command .holdfast/commands/review.md",
        }
        await client.wait_for(lambda m: m.get("method") == "window/showMessageRequest")
        reply = await client.command("holdfast.trust", {"answer": "yes"})
        assert not reply["waiting"]
        assert "deploy" in asked[0]
        await client.command("holdfast.command.run", {"name": "review", "arguments": "a.py"})
        await client.wait_for(ended, "the end of the run")
    (system, task, *_) = model.requests[0].body["messages"]
    assert "- deploy: How we deploy." in system["content"]
    assert task["content"].startswith("Review a.py.")


async def test_no_editor_can_be_made_to_trust_by_a_made_up_id(project: Path) -> None:
    write(project, ".agents/skills/deploy/SKILL.md", SKILL)
    async with at_work(project) as (client, _):
        reply = await client.command("holdfast.trust", {"what": "skill x", "answer": "yes"})
        assert reply["state"] == "error"
        assert "skill .agents/skills/deploy" in reply["message"]


async def test_a_broken_skill_has_a_problem_on_its_line_until_it_is_mended(project: Path) -> None:
    path = write(project, ".agents/skills/deploy/SKILL.md", SKILL.replace("name: d", "name: D"))

    def shown(message: Message) -> bool:
        return (
            message.get("method") == "textDocument/publishDiagnostics"
            and message["params"]["uri"] == path.as_uri()
        )

    async with at_work(project) as (client, _):
        first = await client.wait_for(shown, "the problem")
        problems = first["params"]["diagnostics"]
        assert {one["code"] for one in problems} == {"skill-invalid"}
        assert {one["range"]["start"]["line"] for one in problems} == {1}
        path.write_text(SKILL)
        client.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
        (_, second) = await client.wait_for_all(shown, 2, "no problem")
        assert second["params"]["diagnostics"] == []


@pytest.mark.parametrize(("name", "offered"), [("a.py", True), ("a.rs", False)])
async def test_a_command_is_an_action_on_the_files_that_it_names(
    project: Path, name: str, offered: bool
) -> None:
    write(project, ".holdfast/commands/review.md", REVIEW)
    path = write(project, name, "x\n")
    async with at_work(project) as (client, _):
        await client.command("holdfast.trust", {"answer": "yes"})
        await client.command("holdfast.skill.list")
        client.open(path)
        here = {"line": 0, "character": 0}
        actions = await client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": path.as_uri()},
                "range": {"start": here, "end": here},
                "context": {"diagnostics": []},
            },
        )
        assert any("/review: Review it" in one["title"] for one in actions) == offered


async def test_a_skill_says_above_itself_what_can_be_done_with_it(project: Path) -> None:
    path = write(project, ".agents/skills/deploy/SKILL.md", SKILL)
    async with at_work(project) as (client, _):
        for answer, first in ((None, "trust it"), ("yes", "Try it")):
            if answer:
                await client.command("holdfast.trust", {"answer": answer})
            await client.command("holdfast.skill.list")
            lenses = await client.request(
                "textDocument/codeLens", {"textDocument": {"uri": path.as_uri()}}
            )
            assert first in lenses[0]["command"]["title"]


async def test_arguments_of_the_wrong_kind_are_named(project: Path) -> None:
    async with at_work(project) as (client, _):
        with pytest.raises(LspError, match="answer"):
            await client.command("holdfast.trust", {"answer": "maybe"})
        reply = await client.command("holdfast.command.run", {"name": "gone"})
        assert "there are none" in reply["message"]


async def test_a_prompt_of_a_server_is_a_command_of_the_editor(project: Path) -> None:
    shutil.copy(MCP_SERVER, project / "server.py")
    server = {"command": sys.executable, "args": [str(project / "server.py"), "prompts"]}
    write(project, ".mcp.json", json.dumps({"mcpServers": {"docs": server}}))
    async with at_work(project) as (client, model):
        asked = {"name": "docs:review", "arguments": "a.py"}
        refused = await client.command("holdfast.command.run", asked)
        assert (refused["state"], "not trusted" in refused["message"]) == ("error", True)
        await client.command("holdfast.trust", {"answer": "yes"})
        refused = await client.command("holdfast.command.run", {"name": "docs:review"})
        assert (refused["state"], "needs file" in refused["message"]) == ("error", True)
        await client.command("holdfast.command.run", asked)
        await client.wait_for(ended, "the end of the run")
        listed = await client.command("holdfast.skill.list")
        (review, *_) = listed["commands"]
        assert (review["name"], review["hint"]) == ("mcp__docs__review", "<file> [focus]")
    assert model.requests[0].body["messages"][1]["content"].startswith("Review a.py for all.")


AGENT = "---\nname: reviewer\ndescription: Reviews.\ntools: Read, WebSearch\n---\nMind port 4812."


async def test_a_run_is_started_as_an_agent_that_a_person_trusted(project: Path) -> None:
    path = write(project, ".agents/agents/reviewer.md", AGENT)

    def shown(message: Message) -> bool:
        return (
            message.get("method") == "textDocument/publishDiagnostics"
            and message["params"]["uri"] == path.as_uri()
        )

    async with at_work(project) as (client, model):
        problems = (await client.wait_for(shown, "the problem"))["params"]["diagnostics"]
        assert [(one["code"], one["range"]["start"]["line"]) for one in problems] == [
            ("skill-invalid", 3)
        ]
        start = {"prompt": "look", "agent": "reviewer"}
        refused = await client.command("holdfast.run.start", start)
        assert "not trusted" in refused["message"]
        assert not model.requests
        await client.command("holdfast.trust", {"answer": "yes"})
        listed = await client.command("holdfast.skill.list")
        assert [(one["name"], one["state"]) for one in listed["agents"]] == [
            ("reviewer", "trusted")
        ]
        assert (await client.command("holdfast.status"))["agents"] == ["reviewer"]
        await client.command("holdfast.run.start", start)
        await client.wait_for(ended, "the end of the run")
    body = model.requests[0].body
    assert "Mind port 4812." in body["messages"][0]["content"]
    assert "edit" not in {tool["function"]["name"] for tool in body["tools"]}
