"""Several attempts from an editor: watch them, read the comparison, accept one, undo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.end_to_end.test_max_mode import actions, says, shows_comparison
from tests.fakes.lsp_client import LspClient, Message, started
from tests.harness.attempts import attempts, writes


def has_attempts(message: Message) -> bool:
    params = message.get("params") or {}
    return (
        message.get("method") == "holdfast/status"
        and params.get("children") == 2
        and "2 attempts" in params.get("line", "")
    )


@pytest.mark.parametrize("name", ["vscode", "neovim"])
async def test_attempts_are_compared_and_one_is_accepted(project: Path, name: str) -> None:
    path = project / "a.txt"
    path.write_text("one\ntwo\nthree\n")
    greeting = clients.snapshot(name)["initialize"]
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    # Slow enough for a status in between, of which there are four a second at most.
    slow = {"first_token_seconds": 0.5}
    scripts = [
        [turn.model_copy(update=slow) for turn in writes("a.txt", f"one\ntwo\nnew {n}\n")]
        for n in (1, 2)
    ]
    script = attempts(*scripts, judge=lambda shown: 9 * ("new 1" in shown))
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
        reply = await client.command("holdfast.run.start", {"prompt": "Renew it.", "attempts": 2})
        assert reply["state"] == "running"
        if name == "vscode":
            await client.wait_for(has_attempts, "the status with both")
        opened = await client.wait_for(shows_comparison, "the comparison")
        document = str(opened["params"].get("uri") or opened["params"].get("message"))
        found = re.search(r"\b(?:file|holdfast-document):/\S+", document)
        assert found is not None, document
        text = await client.text_of(found[0])
        assert text.startswith("# Attempts")
        assert text.count("+new ") == 2
        assert path.read_text() == "one\ntwo\nthree\n"

        path.write_text("ONE\ntwo\nthree\n")  # What a person does before accepting survives.
        offered = await actions(client, path)
        assert [action["title"][:19] for action in offered] == [
            "Holdfast: Accept 1 ",
            "Holdfast: Accept 2:",
        ]
        await client.request("workspace/executeCommand", offered[1]["command"])
        await client.wait_for(says("was carried over"), "the end")
        assert path.read_text() == "ONE\ntwo\nnew 2\n"
        await client.command("holdfast.run.undo", {"runId": reply["runId"]})
        await client.wait_for(says("1 file is as it was before the run"), "the undo")
        assert path.read_text() == "ONE\ntwo\nthree\n"
        assert await client.shutdown() == 0


def events_of(client: LspClient) -> list[dict[str, Any]]:
    return [m["params"] for m in client.received if m.get("method") == "holdfast/event"]


async def test_what_attempts_do_is_shown_below_their_run(project: Path) -> None:
    (project / "a.txt").write_text("one\n")
    capabilities = {"experimental": {"holdfast": {"event": True, "status": True}}}
    script = attempts(*(writes("a.txt", f"{n}\n") for n in (1, 2)))
    environment = {"HOLDFAST_PERMISSIONS__MODE": "full"}
    async with (
        ScriptedServer(script) as model,
        started(environment=environment | {"HOLDFAST_MODEL__BASE_URL": model.base_url}) as client,
    ):
        await client.initialize(project, capabilities)
        wish = {"prompt": "Renew it.", "attempts": 2}
        run = (await client.command("holdfast.run.start", wish))["runId"]
        await client.wait_for(
            lambda m: (
                m.get("method") == "holdfast/event"
                and m["params"]["runId"] == run
                and m["params"]["event"]["kind"] == "run_ended"
            ),
            "the end",
        )
        said = events_of(client)
        begun = [one["view"]["fields"] for one in said if one["event"]["kind"] == "attempt_started"]
        assert [(one["attempt"], one["runId"]) for one in begun] == [
            (1, f"{run}.1"),
            (2, f"{run}.2"),
        ]
        for fields in begun:
            own = [one for one in said if one["runId"] == fields["runId"]]
            assert {one["parentId"] for one in own} == {run}
            kinds = [one["event"]["kind"] for one in own]
            assert (kinds[0], kinds[-1]) == ("run_started", "run_ended")
            assert "tool_returned" in kinds
            assert [one["seq"] for one in own if one["event"]["kind"] != "streamed"] == sorted(
                {one["seq"] for one in own if one["event"]["kind"] != "streamed"}
            )
        listed = await client.command("holdfast.run.list")
        assert listed["message"].count("\n  attempt, ") == 2
        (row,) = [one for one in listed["runs"] if "parentId" not in one]
        assert row["runId"] == run
        messages = [m for m in client.received if m.get("method") == "window/showMessage"]
        assert sum("finished" in m["params"]["message"] for m in messages) <= 2
        assert await client.shutdown() == 0
