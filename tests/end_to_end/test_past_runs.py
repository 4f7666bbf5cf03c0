"""Runs of the past, read, named and deleted by an editor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.cast import cast, delegates
from tests.fakes.lsp_client import LspClient, started
from tests.harness.workshop import calls, finish, says

SHOWS_EVENTS = {"experimental": {"holdfast": {"event": True, "status": True}}}
READ = calls(("read", {"path": "a.txt"}), text="I look at **a.txt** first.")
WRITE = calls(("write", {"path": "b.txt", "text": "new\n"}))
WAITS = calls(("shell", {"command": "sleep 100"}))


def environment_for(model: ScriptedServer) -> dict[str, str]:
    return {
        "HOLDFAST_MODEL__BASE_URL": model.base_url,
        "HOLDFAST_PERMISSIONS__MODE": "full",
        "HOLDFAST_GOAL__JUDGE_TASK": "false",
    }


async def ended(client: LspClient, run_id: str) -> None:
    await client.wait_for(
        lambda m: (
            m.get("method") == "holdfast/event"
            and (m["params"]["runId"], m["params"]["event"]["kind"]) == (run_id, "run_ended")
        ),
        "the end",
    )


async def read_all(client: LspClient, run_id: str, limit: int) -> list[Any]:
    events: list[Any] = []
    page: Any = {"hasMore": True, "after": {}}
    while page["hasMore"]:
        wanted = {"runId": run_id, "after": page["after"], "limit": limit}
        page = await client.command("holdfast.run.events", wanted)
        events += page["events"]
    return events


async def test_a_run_is_read_back_as_it_was_pushed_also_after_a_restart(project: Path) -> None:
    turns = cast(
        parent=[delegates("alpha"), WRITE, finish("all done")], alpha=[READ, finish("seen")]
    )
    async with ScriptedServer(turns) as model:
        async with started(environment=environment_for(model)) as client:
            await client.initialize(project, SHOWS_EVENTS)
            run_id = (await client.command("holdfast.run.start", {"prompt": "parent"}))["runId"]
            await ended(client, run_id)
            pushed = [
                message["params"]
                for message in client.received
                if message.get("method") == "holdfast/event"
                and message["params"]["event"]["kind"] != "streamed"
            ]
            assert {one["runId"] for one in pushed} == {run_id, f"{run_id}.1"}
            read = await read_all(client, run_id, limit=500)
            assert sorted(read, key=place) == sorted(pushed, key=place)
            last = max(one["seq"] for one in pushed if one["runId"] == run_id)
            rest = await client.command("holdfast.run.events", {"runId": run_id, "after": last - 1})
            assert [one["event"]["kind"] for one in rest["events"]] == ["run_ended"]
            assert await client.shutdown() == 0
        async with started(environment=environment_for(model)) as client:
            await client.initialize(project)
            assert await read_all(client, run_id, limit=3) == read
            newest = await client.command("holdfast.run.events")
            assert newest["runId"] == run_id
            assert newest["events"] == read


def place(notice: Any) -> tuple[str, int]:
    return notice["runId"], notice["seq"]


async def test_a_run_is_read_while_it_works(project: Path) -> None:
    async with (
        ScriptedServer([READ, WAITS]) as model,
        started(environment=environment_for(model)) as client,
    ):
        await client.initialize(project, SHOWS_EVENTS)
        run_id = (await client.command("holdfast.run.start", {"prompt": "wait"}))["runId"]
        await client.wait_for(
            lambda m: "sleep 100" in str(m.get("params", {}).get("view", {}).get("label")), "it"
        )
        page = await client.command("holdfast.run.events", {"runId": run_id})
        said = [one["view"]["label"] for one in page["events"]]
        assert "I look at **a.txt** first." in said
        await client.command("holdfast.run.stop", {"runId": run_id})
        await ended(client, run_id)
        rest = await client.command(
            "holdfast.run.events", {"runId": run_id, "after": page["after"]}
        )
        assert rest["events"][-1]["event"]["kind"] == "run_ended"


async def test_runs_are_named_searched_and_deleted(project: Path) -> None:
    async with (
        ScriptedServer([says("one"), says("two"), says("three"), WAITS]) as model,
        started(environment=environment_for(model)) as client,
    ):
        await client.initialize(project, SHOWS_EVENTS)
        ids = []
        for prompt in ("Fix the parser", "Explain the lexer", "fix the PARSER again"):
            ids.append((await client.command("holdfast.run.start", {"prompt": prompt}))["runId"])
            await ended(client, ids[-1])
        first, second, third = ids

        async def titles(**wanted: Any) -> list[str]:
            return [r["title"] for r in (await client.command("holdfast.run.list", wanted))["runs"]]

        assert await titles(query="parser") == ["fix the PARSER again", "Fix the parser"]
        assert await titles(before=third) == ["Explain the lexer", "Fix the parser"]
        assert await titles(limit=1) == ["fix the PARSER again"]
        secret = "ghp_" + "x7Kq9mZt2Lw4Rv8Yc1Nb6Hd3Jf5Gs0PaUeTi"[:36]
        named = await client.command(
            "holdfast.run.rename", {"runId": second, "title": f"  The\nlexer {secret} "}
        )
        assert "The lexer" in named["message"]
        assert secret not in named["message"]
        assert await titles(query="the lexer") == [named["message"].split(": ", 1)[1]]
        await client.command("holdfast.run.rename", {"runId": second})
        assert await titles(query="lexer") == ["Explain the lexer"]

        gone = await client.command("holdfast.run.delete", {"runId": first})
        assert gone["state"] != "error", gone
        assert await titles() == ["fix the PARSER again", "Explain the lexer"]
        for name in ("show", "events", "delete", "undo", "rename"):
            reply = await client.command(f"holdfast.run.{name}", {"runId": first})
            assert (reply["state"], "is unknown" in reply["message"]) == ("error", True), name

        at_work = (await client.command("holdfast.run.start", {"prompt": "wait"}))["runId"]
        await client.command("holdfast.run.rename", {"runId": at_work, "title": "a long wait"})
        assert (await titles())[0] == "a long wait"
        refused = await client.command("holdfast.run.delete", {"runId": at_work})
        assert (refused["state"], "stop it first" in refused["message"]) == ("error", True)
        none = await client.command("holdfast.run.delete")
        assert (none["state"], "runId" in none["message"]) == ("error", True)
        await client.command("holdfast.run.stop", {"runId": at_work})
        await ended(client, at_work)
        assert (await titles())[0] == "a long wait"


async def test_a_run_at_work_elsewhere_stays_and_a_child_goes_with_its_run(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", mode="build")], alpha=[WAITS])
    async with ScriptedServer(turns) as model:
        environment = environment_for(model)
        async with started(environment=environment) as worker:
            await worker.initialize(project, SHOWS_EVENTS)
            run_id = (await worker.command("holdfast.run.start", {"prompt": "parent"}))["runId"]
            await worker.wait_for(
                lambda m: m.get("method") == "holdfast/event" and "parentId" in m["params"]
            )
            async with started(environment=environment) as other:
                await other.initialize(project, SHOWS_EVENTS)
                refused = await other.command("holdfast.run.delete", {"runId": run_id})
                assert "is active in another process; stop it first" in refused["message"]
                child = await other.command("holdfast.run.delete", {"runId": f"{run_id}.1"})
                assert f"belongs to run {run_id}; delete that one" in child["message"]
                await worker.command("holdfast.run.stop", {"runId": run_id})
                await ended(worker, run_id)
                done = refused
                # The last Event comes a moment before the run lets go of its journal.
                async with asyncio.timeout(20):
                    while done["message"] == refused["message"]:
                        done = await other.command("holdfast.run.delete", {"runId": run_id})
                assert done["state"] != "error", done
        assert not list(project.parent.rglob(f"*{run_id}*"))


@pytest.mark.parametrize("damage", [b"", b"nonsense\n", b'{"format":99,"event":{}}\n'])
async def test_a_run_that_cannot_be_read_can_be_deleted(project: Path, damage: bytes) -> None:
    async with (
        ScriptedServer([says("one")]) as model,
        started(environment=environment_for(model)) as client,
    ):
        await client.initialize(project, SHOWS_EVENTS)
        run_id = (await client.command("holdfast.run.start", {"prompt": "one"}))["runId"]
        await ended(client, run_id)
        shown = await client.command("holdfast.run.show", {"runId": run_id})
        journal = Path(shown["uri"].removeprefix("file://")).with_name("journal.jsonl")
        journal.write_bytes(damage)
        done = await client.command("holdfast.run.delete", {"runId": run_id})
        assert done["state"] != "error", done
        assert not journal.parent.exists()
