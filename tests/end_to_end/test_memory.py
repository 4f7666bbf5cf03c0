"""Memory through the editor protocol: a real server, a real index, what a client gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.fakes.lsp_client import LspClient, LspError, Message, started
from tests.harness.workshop import calls, finish

RICH = clients.snapshot("vscode")["initialize"]["capabilities"]
MEMORY = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}

SOURCE = '''\
def open_valve(pressure):
    """🙂 Let the steam out."""
    return pressure - 1


def close_valve(pressure):
    return pressure
'''
EDIT = calls(
    ("edit", {"path": "valve.py", "old_text": "pressure - 1", "new_text": "pressure - 2"}),
    text="One bar is not enough for the big boiler.",
)


@asynccontextmanager
async def editor(
    project: Path, turns: Sequence[ScriptedTurn] = (), environment: Mapping[str, str] = MEMORY
) -> AsyncIterator[LspClient]:
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    async with ScriptedServer(list(turns)) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with started(environment={**named, **environment}, answers=answers) as client:
            await client.initialize(project, RICH)
            yield client


async def ready(client: LspClient) -> dict[str, Any]:
    """The status of memory, once it is open and has read the code."""

    def indexed(message: Message) -> bool:
        status = message.get("params") if message.get("method") == "holdfast/status" else None
        return bool(status and status["index"]["files"] and status["state"] == "idle")

    await client.wait_for(indexed, "the end of the index run")
    status: dict[str, Any] = await client.command("holdfast.memory.status")
    return status


async def hits(client: LspClient, query: str, **more: Any) -> list[dict[str, Any]]:
    reply = await client.command("holdfast.memory.search", {"query": query, **more})
    found: list[dict[str, Any]] = reply["hits"]
    return found


async def until_found(client: LspClient, query: str, title: str) -> None:
    async with asyncio.timeout(20):
        while title not in [hit["title"] for hit in await hits(client, query, kind="code")]:
            await client.wait_for_method(
                "window/logMessage"
            )  # The echo of a reply, a second later.


@pytest.fixture
def valve(project: Path) -> Path:
    (project / "valve.py").write_text(SOURCE, "utf-8")
    return project


async def test_code_is_searched_by_command_and_in_the_symbol_picker(valve: Path) -> None:
    async with editor(valve) as client:
        await ready(client)
        best = (await hits(client, "let the steam out", kind="code"))[0]
        assert best["title"] == "valve.py:1-7 open_valve" or best["path"] == "valve.py"
        assert best["uri"] == (valve / "valve.py").as_uri()
        assert best["range"]["start"] == {"line": 0, "character": 0}
        symbols = await client.request("workspace/symbol", {"query": "close valve"})
        assert symbols[0]["name"] == "close_valve"
        assert symbols[0]["location"]["uri"] == (valve / "valve.py").as_uri()
        assert symbols[0]["location"]["range"]["start"]["line"] == 5
        assert await client.request("workspace/symbol", {"query": ""}) == []


async def test_a_text_without_names_is_in_the_symbol_picker_once(valve: Path) -> None:
    (valve / "log.txt").write_text("".join(f"the gasket leaked on day {n}\n" for n in range(500)))
    async with editor(valve) as client:
        await ready(client)
        assert len(await hits(client, "gasket leaked", kind="code")) > 1
        symbols = await client.request("workspace/symbol", {"query": "gasket leaked"})
        assert [one["name"] for one in symbols] == ["log.txt"]


async def test_a_search_while_memory_is_being_opened_is_shown_when_it_is_there(
    valve: Path,
) -> None:
    async with editor(valve) as client:
        reply = await client.command("holdfast.memory.search", {"query": "steam", "kind": "code"})
        assert (reply["state"], reply["hits"]) == ("indexing", [])
        shown = await client.wait_for_method("window/showDocument")
        assert shown["params"]["uri"].endswith("/found.md")


async def test_unsaved_saved_and_foreign_changes_are_found(valve: Path) -> None:
    async with editor(valve) as client:
        await ready(client)
        buffer = client.open(valve / "valve.py")
        client.change(buffer, "def unsaved_whistle():\n    pass\n")
        await until_found(client, "unsaved_whistle", "valve.py:1-2 unsaved_whistle")
        (valve / "outside.py").write_text("def made_elsewhere():\n    pass\n")
        await until_found(client, "made_elsewhere", "outside.py:1-2 made_elsewhere")


async def test_a_change_from_outside_makes_a_goal_stale_at_once(valve: Path) -> None:
    goals = valve / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text("## Valve\n- [ ] it is there\n  - file: `valve.py` contains `steam`\n")

    def codes(client: LspClient) -> list[str]:
        shown: list[str] = []
        for message in client.received:
            params = message.get("params")
            if isinstance(params, dict) and params.get("uri") == goals.as_uri():
                shown = [d["code"] for d in params.get("diagnostics", ())]
        return shown

    async with editor(valve) as client:
        await client.command("holdfast.goal.check")
        met = lambda _: (goals.read_text().count("[x]"), codes(client)) == (1, [])  # noqa: E731
        await client.wait_for(met, "the goal met")
        (valve / "valve.py").write_text(SOURCE + "\n# changed by nobody\n")
        await client.wait_for(lambda _: codes(client) == ["goal-stale"], "the goal stale")


async def test_why_code_was_changed(valve: Path) -> None:
    async with editor(valve, [EDIT, finish("it opens wider")]) as client:
        await ready(client)
        await client.command("holdfast.run.start", {"prompt": "Let more steam out"})
        await client.wait_for(
            lambda m: "it opens wider" in str(m.get("params")), "the end of the run"
        )
        client.open(valve / "valve.py")
        span = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 0}}
        uri = (valve / "valve.py").as_uri()
        context: dict[str, Any] = {"diagnostics": []}
        offered = await client.request(
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": span, "context": context},
        )
        why = next(action for action in offered if action["title"].endswith("changed?"))
        reply = await client.command(why["command"]["command"], *why["command"]["arguments"])
        shown = await client.wait_for_method("window/showDocument")
        assert shown["params"]["uri"] == reply["uri"]
        text = await client.text_of(reply["uri"])
        assert "One bar is not enough for the big boiler." in text
        found = await hits(client, "boiler bar", kind="action")
        assert found[0]["provenance"].startswith("run ")


async def test_facts_are_remembered_and_forgotten(valve: Path) -> None:
    async with editor(valve) as client:
        await ready(client)
        said = await client.command("holdfast.memory.remember", {"text": "Valves are tested cold."})
        assert said["message"].endswith("Valves are tested cold.")
        fact = (await hits(client, "cold valves", kind="fact"))[0]
        assert fact["provenance"] == "person, claimed"
        gone = await client.command("holdfast.memory.forget", {"id": fact["id"]})
        assert gone["rows"] == 1
        assert await hits(client, "cold valves", kind="fact") == []


async def test_what_is_said_while_memory_is_being_opened_is_kept_and_done(valve: Path) -> None:
    async with editor(valve, [EDIT, finish("it opens wider")]) as client:
        said = await client.command("holdfast.memory.remember", {"text": "Valves are tested cold."})
        assert said["message"].endswith("Valves are tested cold.")
    async with editor(valve, [EDIT, finish("it opens wider")]) as client:
        await ready(client)
        fact = (await hits(client, "cold valves", kind="fact"))[0]
        assert fact["provenance"] == "person, claimed"
        await client.command("holdfast.run.start", {"prompt": "Let more steam out"})
        await client.wait_for(
            lambda m: "it opens wider" in str(m.get("params")), "the end of the run"
        )
    async with editor(valve) as client:
        uri = (valve / "valve.py").as_uri()
        assert (await client.command("holdfast.memory.why", {"uri": uri}))["state"] == "indexing"
        shown = await client.wait_for_method("window/showDocument")
        text = await client.text_of(shown["params"]["uri"])
        assert "One bar is not enough for the big boiler." in text
    async with editor(valve) as client:
        forgotten = await client.command("holdfast.memory.forget", {"id": fact["id"]})
        assert forgotten["state"] == "indexing"
        await client.wait_for(
            lambda m: "forgot 1 row " in str(m.get("params")), "what became of it"
        )
        assert await hits(client, "cold valves", kind="fact") == []


async def test_wrong_arguments_are_named_and_missing_ones_asked_for(valve: Path) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("search", {"query": "x", "kind": "codes"}, "`kind`"),
        ("search", {"query": "x", "limit": 0}, "`limit`"),
        ("search", {"q": "x"}, "`q` is unknown"),
        ("forget", {"query": "ab"}, "`query`"),
        ("forget", {"before": "yesterday"}, "`before`"),
        ("remember", {"text": 7}, "`text`"),
        ("reindex", {"full": "yes"}, "`full`"),
    ]
    async with editor(valve) as client:
        for command, arguments, words in wrong:
            with pytest.raises(LspError, match=words):
                await client.command(f"holdfast.memory.{command}", arguments)
        await ready(client)
        for command in ("search", "remember", "forget", "why"):
            reply = await client.command(f"holdfast.memory.{command}")
            assert reply["state"] == "error"
            assert "say what" in reply["message"] or "pass" in reply["message"]


async def test_a_first_index_shows_how_far_it_is(project: Path) -> None:
    for number in range(200):
        (project / f"m{number}.py").write_text(f"def f{number}():\n    return {number}\n" * 20)
    async with editor(project) as client:
        status = await ready(client)
        assert status["index"]["files"] == 200
        reports = [
            message["params"]["value"]
            for message in client.received
            if message.get("method") == "$/progress"
        ]
        kinds = [report["kind"] for report in reports]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        assert kinds.count("end") == 1
        again = await client.command("holdfast.memory.reindex", {"full": True})
        assert again["state"] == "indexing"
        await client.wait_for(_second_end, "the end of the second run")
        assert (await ready(client))["index"]["files"] == 200


def _second_end(message: Message) -> bool:
    return (
        message.get("method") == "$/progress"
        and message["params"]["token"] == "holdfast/index-2"
        and message["params"]["value"]["kind"] == "end"
    )
