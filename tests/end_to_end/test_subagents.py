"""Subagents as an editor and a terminal meet them: nested events, lists, status, stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.fakes.cast import cast, delegates
from tests.fakes.lsp_client import LspClient, Message, started
from tests.harness.command_line import YES, holdfast
from tests.harness.workshop import calls, finish

PLAIN = clients.snapshot("neovim")["initialize"]["capabilities"]
SHOWS_EVENTS = {**PLAIN, "experimental": {"holdfast": {"event": True, "status": True}}}
READ = calls(("read", {"path": "a.txt"}))
WAITS = calls(("shell", {"command": "sleep 100"}))

Turns = Callable[[Mapping[str, Any]], ScriptedTurn]


@asynccontextmanager
async def at_work(project: Path, turns: Turns) -> AsyncIterator[LspClient]:
    async with ScriptedServer(turns) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_PERMISSIONS__MODE": "full",
        }
        async with started(environment=environment) as client:
            await client.initialize(project, SHOWS_EVENTS)
            yield client


def event(kind: str, *, nested: bool) -> Callable[[Message], bool]:
    def fits(message: Message) -> bool:
        if message.get("method") != "holdfast/event":
            return False
        params = message["params"]
        return params["event"]["kind"] == kind and ("parentId" in params) == nested

    return fits


def progress_text(message: Message) -> str:
    value = message["params"]["value"] if message.get("method") == "$/progress" else {}
    return str(value.get("message", ""))


async def test_events_and_lists_name_the_run_that_began_a_subagent(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", "beta")], alpha=[READ], beta=[READ])
    async with at_work(project, turns) as client:
        parent = (await client.command("holdfast.run.start", {"prompt": "parent"}))["runId"]
        end = await client.wait_for(event("run_ended", nested=False), "the end")
        assert end["params"]["runId"] == parent
        nested = [
            message["params"]
            for message in client.received
            if event("run_started", nested=True)(message)
        ]
        assert [one["runId"] for one in nested] == [f"{parent}.1", f"{parent}.2"]
        assert {one["parentId"] for one in nested} == {parent}
        listed = await client.command("holdfast.run.list")
        shown = [(one["title"], one.get("parentId")) for one in listed["runs"]]
        assert shown == [("parent", None), ("alpha", parent), ("beta", parent)]
        assert f"  subagent, finished: alpha ({parent}.1)" in listed["message"]

        def is_message(message: Message) -> bool:
            return message.get("method") == "window/showMessage"

        await client.wait_for(is_message, "the end as a message")
        asked = [message for message in client.received if is_message(message)]
        assert len(asked) == 1, "only the end of the run itself is a message"
        child = await client.command("holdfast.run.show", {"runId": f"{parent}.1"})
        assert child["message"] == f"the transcript of run {parent}.1"
        assert "alpha" in await client.text_of(child["uri"])


async def test_a_subagent_can_be_stopped_and_is_counted_while_it_works(project: Path) -> None:
    turns = cast(
        parent=[delegates("alpha", mode="build"), finish("went on without")], alpha=[WAITS]
    )
    async with at_work(project, turns) as client:
        parent = (await client.command("holdfast.run.start", {"prompt": "parent"}))["runId"]
        await client.wait_for(event("tool_called", nested=True), "the command of the child")
        status = await client.command("holdfast.status")
        assert (status["children"], "1 subagent" in status["line"]) == (1, True)
        await client.wait_for(lambda m: "[1] $ sleep 100" in progress_text(m), "the progress")
        stopped = await client.command("holdfast.run.stop", {"runId": f"{parent}.1"})
        assert stopped["runId"] == f"{parent}.1"
        end = await client.wait_for(event("run_ended", nested=False), "the end")
        assert end["params"]["event"]["outcome"]["summary"] == "went on without"
        assert (await client.command("holdfast.status"))["children"] == 0


async def test_stopping_the_run_stops_its_subagents(project: Path) -> None:
    turns = cast(parent=[delegates("alpha", "beta", mode="build")], alpha=[WAITS], beta=[READ])
    async with at_work(project, turns) as client:
        await client.command("holdfast.run.start", {"prompt": "parent"})
        await client.wait_for(event("tool_called", nested=True), "a call of a child")
        await client.command("holdfast.run.stop")
        await client.wait_for(event("run_ended", nested=False), "the end")
        listed = await client.command("holdfast.run.list")
        assert all(one["state"] in ("stopped", "finished") for one in listed["runs"])


async def run(project: Path, turns: Turns, *arguments: str) -> Any:
    async with ScriptedServer(turns) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        return await holdfast("run", *YES, *arguments, "parent", folder=project, **environment)


async def test_on_a_terminal_lines_of_subagents_are_set_in(project: Path) -> None:
    turns = cast(parent=[delegates("alpha")], alpha=[READ, finish("It is there.")])
    result = await run(project, turns)
    assert "subagent 1 begins: alpha" in result.output
    assert "  [1] step 1" in result.output
    assert "subagent 1 ended: finished after 2 steps: alpha" in result.output
    transcript = Path(result.output.rpartition("transcript: ")[2].strip()).read_text()
    assert "Subagent 1 begins: alpha" in transcript


async def test_for_programs_each_line_of_a_subagent_names_it_and_the_last_is_the_runs(
    project: Path,
) -> None:
    turns = cast(parent=[delegates("alpha")], alpha=[READ])
    result = await run(project, turns, "--json")
    parent = result.events[0]["run_id"]
    nested = [line for line in result.events if "parent_id" in line]
    assert {(line["run_id"], line["parent_id"]) for line in nested} == {(f"{parent}.1", parent)}
    assert next(line["kind"] for line in nested) == "run_started"
    assert [line["seq"] for line in nested] == list(range(len(nested)))
    last = result.events[-1]
    assert (last["kind"], last["run_id"], "parent_id" in last) == ("run_ended", parent, False)
