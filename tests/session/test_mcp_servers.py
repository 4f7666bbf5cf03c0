"""MCP servers in a session: whose they are, who is asked, what a run sees of them."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import ToolReturned, Warned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Task
from lsp_server.mcp_client.tool import DESCRIPTION_CHARS_MAX
from lsp_server.sandbox.choice import choose
from lsp_server.session.mcp_servers import TOOLS_MAX
from tests.harness.workshop import Workshop, calls, finish, workshop

SERVER = str(Path(__file__).parents[1] / "fakes" / "mcp_server.py")
ECHO = calls(("mcp__faulty__echo", {"a": 1}))


def entry(fault: str = "none", *arguments: str) -> dict[str, Any]:
    return {"command": sys.executable, "args": [SERVER, fault, *arguments]}


def of_user(fault: str = "none", *arguments: str) -> dict[str, Any]:
    return {"mcp": {"servers": {"faulty": entry(fault, *arguments)}}}


def write_project_file(project: Path, server: dict[str, Any], name: str = ".mcp.json") -> None:
    """Writes a server of the project, whose program lies in the project, too."""
    copy = shutil.copy(SERVER, project)
    server = {**server, "args": [copy, *server["args"][1:]]}
    key = "mcpServers" if name == ".mcp.json" else "servers"
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text(json.dumps({key: {"faulty": server}}))


def answering(answer: Answer) -> Callable[[Question], Answer]:
    return lambda _: answer


async def trust_all(shop: Workshop) -> None:
    await shop.session.trust.decide(await shop.session.trust.waiting(), trusted=True)


def offered(shop: Workshop, request: int = -1) -> list[str]:
    tools = shop.server.requests[request].body["tools"]
    return [one["function"]["name"] for one in tools if one["function"]["name"].startswith("mcp_")]


async def test_a_tool_of_a_server_is_asked_about_and_called(project: Path) -> None:
    async with workshop(project, [ECHO, finish()], answer=answering("once"), **of_user()) as shop:
        await shop.run()
        assert offered(shop) == ["mcp__faulty__echo", "mcp__faulty__look"]
        (asked,) = shop.events(PermissionAsked)
        assert asked.question.summary == "call echo of the server faulty"
        assert asked.question.rule == "mcp(faulty/echo)"
        assert '"a": 1' in asked.question.detail
        assert shop.events(ToolReturned)[0].result.text == '{"a": 1}'


async def test_what_a_server_says_of_its_tool_is_shown_and_not_believed(project: Path) -> None:
    look = calls(("mcp__faulty__look", {}))
    async with workshop(project, [look, finish()], answer=answering("deny"), **of_user()) as shop:
        await shop.run()
        (asked,) = shop.events(PermissionAsked)
        assert "read_only_hint" in asked.question.detail
        assert shop.events(ToolReturned)[0].result.is_error


@pytest.mark.parametrize(
    ("permissions", "asks", "runs"),
    [
        ({"mode": "ask", "allow": ["mcp(faulty/echo)"]}, False, True),
        ({"mode": "ask", "allow": ["mcp(faulty/*)"]}, False, True),
        ({"mode": "ask", "allow": ["mcp"]}, False, True),
        ({"mode": "ask", "allow": ["mcp(other/*)"]}, True, False),
        ({"mode": "auto-edit"}, True, False),
        ({"mode": "sandboxed"}, True, False),
        ({"mode": "read-only"}, False, False),
        ({"mode": "full"}, False, True),
        ({"mode": "full", "deny": ["mcp(faulty/ec*)"]}, False, False),
        ({"mode": "full", "deny": ["mcp"]}, False, False),
    ],
)
async def test_rules_and_modes_hold_for_servers(
    project: Path, permissions: dict[str, Any], asks: bool, runs: bool
) -> None:
    turns = [ECHO, finish()]
    asking = answering("deny")
    async with workshop(
        project, turns, answer=asking, permissions=permissions, **of_user()
    ) as shop:
        await shop.run()
        assert bool(shop.events(PermissionAsked)) == asks
        assert shop.events(ToolReturned)[0].result.is_error != runs


async def test_plan_mode_offers_no_server(project: Path) -> None:
    async with workshop(project, [finish()], **of_user()) as shop:
        await shop.run(Task("look", mode="plan"))
        assert not offered(shop)


@pytest.mark.parametrize("name", [".mcp.json", ".vscode/mcp.json"])
async def test_a_server_of_the_project_is_started_only_after_trust(
    project: Path, name: str
) -> None:
    started = project / "started"
    write_project_file(project, entry("child", str(started)), name)
    async with workshop(project, [finish()] * 4) as shop:
        await shop.run()
        assert not offered(shop)
        assert not started.exists()
        assert any("server faulty" in each.message for each in shop.events(Warned))
        (item,) = await shop.session.trust.waiting()
        assert str(project / "mcp_server.py") in item.detail
        await trust_all(shop)
        await shop.run()
        assert "mcp__faulty__echo" in offered(shop), shop.events(Warned)
        write_project_file(project, entry("none", "--more"), name)
        await shop.run()
        assert not offered(shop), "another command line was never trusted"


async def test_a_changed_variable_is_the_same_entry(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project_file(project, {**entry(), "env": {"TOKEN": "${MY_TOKEN}"}})
    async with workshop(project, [finish()] * 2) as shop:
        await shop.run()
        assert any("no MY_TOKEN" in each for each in shop.session.servers.problems)
        monkeypatch.setenv("MY_TOKEN", "abc")
        (item,) = await shop.session.trust.waiting()
        assert "MY_TOKEN" in item.detail
        assert "abc" not in item.detail, "the value itself is nobody's business"


@pytest.mark.skipif(not choose().holds, reason="no sandbox holds on this machine")
@pytest.mark.parametrize(("is_users", "writes"), [(True, True), (False, False)])
async def test_a_server_of_the_project_is_held_by_the_sandbox(
    project: Path, is_users: bool, writes: bool
) -> None:
    outside = project.parent / "outside.txt"
    settings = of_user("write-outside") if is_users else {}
    if not is_users:
        write_project_file(project, entry("write-outside"))
    turns = [calls(("mcp__faulty__echo", {"path": str(outside)})), finish()]
    async with workshop(project, turns, **settings) as shop:
        await trust_all(shop)
        await shop.run()
        assert outside.exists() == writes, shop.events(ToolReturned)[0].result.text


@pytest.mark.parametrize(
    ("server", "starts"),
    [
        ({"command": sys.executable, "args": ["-m", "brought"]}, False),
        ({"command": "./brought"}, False),
        ({"command": sys.executable, "args": ["-m", "brought"], "cwd": "."}, True),
        ({"command": sys.executable, "args": ["${workspaceFolder}/brought.py"]}, True),
    ],
)
async def test_a_server_of_the_user_does_not_start_what_a_checkout_has_by_its_name(
    project: Path, server: dict[str, Any], starts: bool
) -> None:
    marker = project / "started"
    body = f"open({str(marker)!r}, 'w').close()"
    (project / "brought.py").write_text(body)
    (project / "brought").write_text(f"#!{sys.executable}\n{body}")
    (project / "brought").chmod(0o755)
    async with workshop(project, [finish()], mcp={"servers": {"named": server}}) as shop:
        await shop.run()
    assert marker.exists() == starts


async def test_an_entry_that_is_no_server_is_named_in_the_run(project: Path) -> None:
    server = {"command": "x", "args": ["${NO_SUCH_VARIABLE}"]}
    async with workshop(project, [finish()], mcp={"servers": {"named": server}}) as shop:
        await shop.run()
        (warned,) = shop.events(Warned)
        assert "mcp.servers.named: the environment has no NO_SUCH_VARIABLE" in warned.message


async def test_a_value_of_several_lines_looks_like_no_other_line(project: Path) -> None:
    said = "1\nIt starts: true"
    server = {"command": "x", "args": [said], "cwd": said, "env": {"A": said}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"named": server}}))
    async with workshop(project, []) as shop:
        (item,) = await shop.session.trust.waiting()
        assert item.detail.count("\nIt starts") == 0
        assert "\n" not in item.summary


@pytest.mark.parametrize("fault", ["dies-at-start", "garbage"])
async def test_a_server_that_fails_costs_a_sentence_and_not_the_run(
    project: Path, fault: str
) -> None:
    async with workshop(project, [finish()], **of_user(fault)) as shop:
        outcome = await shop.run()
        assert outcome.outcome == "finished"
        (warned,) = [each for each in shop.events(Warned) if "faulty" in each.message]
        assert "the run goes on without its tools" in warned.message


async def test_a_server_that_dies_in_a_call_is_started_again_for_the_next_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsp_server.mcp_client.connection.RETRY_SECONDS", 0.0)
    turns = [ECHO, finish(), finish()]
    async with workshop(project, turns, **of_user("die-in-call")) as shop:
        await shop.run()
        assert "a fatal mistake" in shop.events(ToolReturned)[0].result.text
        await shop.run()
        assert "mcp__faulty__echo" in offered(shop), shop.events(Warned)


async def test_of_two_tools_with_one_name_the_first_is_offered_and_it_is_said(
    project: Path,
) -> None:
    async with workshop(project, [finish()], **of_user("same-name")) as shop:
        await shop.run()
        assert len(offered(shop)) == 2
        assert any("one name" in each.message for each in shop.events(Warned))


async def test_more_tools_than_can_be_used_are_left_out_and_said(project: Path) -> None:
    servers = {name: entry("many") for name in ("one", "two", "three")}
    look = calls(("find_tools", {"query": "nothing fits"}))
    async with workshop(project, [look, finish()], mcp={"servers": servers}) as shop:
        await shop.run()
        assert (
            f"there are {TOOLS_MAX}: mcp__one__tool-0" in shop.events(ToolReturned)[0].result.text
        )
        assert any(f"of which {TOOLS_MAX} are used" in each.message for each in shop.events(Warned))


async def test_a_description_is_cut_and_named_as_the_servers(project: Path) -> None:
    async with workshop(project, [finish()], **of_user("injection")) as shop:
        await shop.run()
        (tool,) = [
            one["function"]
            for one in shop.server.requests[-1].body["tools"]
            if one["function"]["name"] == "mcp__faulty__echo"
        ]
        assert tool["description"].startswith("(of the server faulty)")
        assert len(tool["description"]) < DESCRIPTION_CHARS_MAX + 50


async def test_without_servers_the_protocol_is_not_even_loaded(project: Path) -> None:
    script = (
        "import sys, lsp_server.assemble, lsp_server.server.server, lsp_server.cli.run\n"
        "sys.exit(any(name in sys.modules for name in ('mcp', 'mcp_types', 'httpx2')))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=project)
    assert await process.wait() == 0
