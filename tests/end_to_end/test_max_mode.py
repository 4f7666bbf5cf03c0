"""Max Mode from an editor: propose, read the comparison, accept the second, undo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.end_to_end.test_protocol import shows
from tests.fakes.faults import FaultyTurn
from tests.fakes.lsp_client import LspClient, LspError, Message, started
from tests.harness.stand import acts, is_verdict, says_verdict


def rewrite(value: int) -> ScriptedTurn:
    arguments = {"path": "a.txt", "old_text": "old", "new_text": f"new {value}"}
    return acts("edit", arguments, text=f"Number {value}.")


def script(body: Mapping[str, Any]) -> ScriptedTurn:
    """Three ways to edit; the first one scores best."""
    if is_verdict(body):
        return says_verdict(body, lambda text: 9 - int(text.split("+the new ")[1][0]))
    if body.get("n", 1) == 1:
        return rewrite(0)
    others = [rewrite(n) for n in range(1, body["n"])]
    alternatives = [{"text": each.text, "tool_calls": each.tool_calls} for each in others]
    return FaultyTurn.model_validate({**rewrite(0).model_dump(), "alternatives": alternatives})


async def actions(client: LspClient, path: Path, title: str = "Accept") -> list[dict[str, Any]]:
    place = {"line": 0, "character": 0}
    found: list[dict[str, Any]] = await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": path.as_uri()},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": []},
        },
    )
    return [action for action in found if title in action["title"]]


def shows_comparison(message: Message) -> bool:
    return "proposals.md" in str(message.get("params", ""))


def says(text: str) -> Any:
    return lambda m: shows(m, text)


@pytest.mark.parametrize("name", ["vscode", "neovim", "eglot"])
async def test_propose_compare_accept_the_second_and_undo(project: Path, name: str) -> None:
    path = project / "a.txt"
    path.write_text("the old text\n")
    greeting = clients.snapshot(name)["initialize"]
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    async with (
        ScriptedServer(script) as model,
        started(
            environment={"HOLDFAST_MODEL__BASE_URL": model.base_url}, answers=answers
        ) as client,
    ):
        await client.initialize(
            project, greeting["capabilities"], greeting.get("initializationOptions")
        )
        await client.command("holdfast.status")
        reply = await client.command(
            "holdfast.max.propose",
            {"prompt": "Make it new.", "uri": path.as_uri(), "samples": 3},
        )
        assert reply["state"] == "running"
        opened = await client.wait_for(shows_comparison, "the comparison")
        document = str(opened["params"].get("uri") or opened["params"].get("message"))
        found = re.search(r"\b(?:file|holdfast-document):/\S+", document)
        assert found is not None, document
        text = await client.text_of(found[0])
        assert "(recommended)" in text
        assert text.count("+the new ") == 3
        assert "Accept one with *Holdfast: Accept …*" in text
        assert "holdfast." not in text, "a person reads it, and types no command of the protocol"
        assert path.read_text() == "the old text\n"

        offered = await actions(client, path)
        assert [action["title"][:20] for action in offered] == [
            "Holdfast: Accept 1 (",
            "Holdfast: Accept 2: ",
            "Holdfast: Accept 3: ",
        ]
        await client.request("workspace/executeCommand", offered[1]["command"])
        await client.wait_for(says("edited a.txt"), "the edit")
        assert path.read_text() == "the new 1 text\n"
        assert await actions(client, path) == []

        await client.command("holdfast.run.undo", {"runId": reply["runId"]})
        await client.wait_for(says("1 file is as it was before the run"), "the undo")
        assert path.read_text() == "the old text\n"
        assert await client.shutdown() == 0


async def test_one_proposal_opens_no_comparison_and_its_mode_frees_the_edit(project: Path) -> None:
    path = project / "a.txt"
    path.write_text("the old text\n")
    async with (
        ScriptedServer(script) as model,
        started(environment={"HOLDFAST_MODEL__BASE_URL": model.base_url}) as client,
    ):
        await client.initialize(project, clients.snapshot("neovim")["initialize"]["capabilities"])
        one = {"prompt": "Make it new.", "uri": path.as_uri(), "samples": 1}
        reply = await client.command("holdfast.max.propose", {**one, "permissions": "auto-edit"})
        await client.wait_for(says("ready to be compared"), "the proposal")
        assert path.read_text() == "the old text\n"
        await client.command("holdfast.max.accept", {"proposalId": reply["runId"]})
        await client.wait_for(says("edited a.txt"), "the edit")
        assert path.read_text().startswith("the new ")
        assert not [m for m in client.received if shows_comparison(m)]
        assert await client.shutdown() == 0


def looks_on(body: Mapping[str, Any]) -> ScriptedTurn:
    """One look after another, in as many ways as are asked for, until there were enough."""
    if is_verdict(body):
        return says_verdict(body)
    if len(body["messages"]) > 100:
        return ScriptedTurn(text="That is enough.")
    ways = [acts("list", {"pattern": f"{way}*"}) for way in range(body.get("n", 1))]
    alternatives = [{"text": each.text, "tool_calls": each.tool_calls} for each in ways[1:]]
    return FaultyTurn.model_validate(
        {**ways[0].model_dump(), "alternatives": alternatives, "first_token_seconds": 0.05}
    )


@pytest.mark.parametrize("name", ["vscode", "neovim", "eglot"])
async def test_max_mode_is_switched_on_and_off_while_a_run_runs(project: Path, name: str) -> None:
    path = project / "a.txt"
    path.write_text("the old text\n")
    capabilities = clients.snapshot(name)["initialize"]["capabilities"]
    async with (
        ScriptedServer(looks_on) as model,
        started(environment={"HOLDFAST_MODEL__BASE_URL": model.base_url}) as client,
    ):
        await client.initialize(project, capabilities)
        await client.command("holdfast.status")
        run_id = (await client.command("holdfast.run.start", {"prompt": "Look."}))["runId"]
        await model.wait_until(lambda: len(model.requests) > 1)
        assert {request.body.get("n", 1) for request in model.requests} == {1}

        offered = await actions(client, path, "Switch Max Mode on")
        reply = await client.request("workspace/executeCommand", offered[0]["command"])
        assert (reply["runId"], "Max Mode on" in reply["message"]) == (run_id, True)
        await model.wait_until(lambda: model.requests[-1].body.get("n", 1) > 1)
        assert (await client.command("holdfast.status"))["maxMode"] is True

        assert await actions(client, path, "Switch Max Mode off")
        await client.command("holdfast.max.switch", {"to": "off"})
        seen = len(model.requests)
        await model.wait_until(lambda: len(model.requests) > seen + 4)
        last = [request.body for request in model.requests[-2:]]
        assert [body.get("n", 1) for body in last if not is_verdict(body)] == [1, 1]
        assert "maxMode" not in await client.command("holdfast.status")
        await client.command("holdfast.run.stop")
        assert await client.shutdown() == 0


WRONG_ARGUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("holdfast.max.propose", {"samples": 0}, "samples"),
    ("holdfast.max.propose", {"samples": 17}, "samples"),
    ("holdfast.max.propose", {"samples": "five"}, "samples"),
    ("holdfast.max.propose", {}, "say what to do"),
    ("holdfast.max.accept", {}, "there is no run to accept a proposal of"),
    ("holdfast.max.accept", {"candidate": 0}, "candidate"),
    ("holdfast.max.accept", {"proposalId": "x"}, "run x is unknown"),
    ("holdfast.max.switch", {}, "no run is active"),
    ("holdfast.max.switch", {"to": "maybe"}, "'on' or 'off'"),
    ("holdfast.max.switch", {"samples": 17}, "samples"),
    ("holdfast.max.switch", {"to": "on", "runId": "x"}, "run x is not active"),
    ("holdfast.run.start", {"prompt": "x", "samples": "five"}, "samples"),
]


async def test_wrong_arguments_are_named(project: Path) -> None:
    async with (
        ScriptedServer([]) as model,
        started(environment={"HOLDFAST_MODEL__BASE_URL": model.base_url}) as client,
    ):
        await client.initialize(project, clients.snapshot("neovim")["initialize"]["capabilities"])
        await client.command("holdfast.status")
        for command, arguments, complaint in WRONG_ARGUMENTS:
            try:
                said = (await client.command(command, arguments))["message"]
            except LspError as error:
                said = error.message
            assert complaint in said, (command, arguments)
