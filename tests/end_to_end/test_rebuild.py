"""Faults while a full prompt becomes a new cycle: killed, without endpoint, without memory."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.events import BriefWritten, CyclePacked, CycleStarted, RunResumed, Warned
from lsp_server.domain.tasks import Budget, Failed, Finished, Sampling, Task
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.system.process_lock import ProcessLock
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import YES, holdfast, started
from tests.harness.files import files_called
from tests.harness.workshop import calls, finish, says, workshop

STEPS = 24
BRIEF = "Before the conversation so far is put away"
OPENED_ANEW = "# Where you are"


def numbered(number: int) -> ScriptedTurn:
    return calls(
        ("shell", {"command": f"echo {number} >> log; seq {number} 600"}),
        text=f"Decision: step {number} uses port {48_000 + number}.",
    )


def opening(body: Mapping[str, Any]) -> str:
    return str(body["messages"][1]["content"])


@pytest.mark.parametrize("moment", ["while the brief is written", "at the first new prompt"])
async def test_killed_in_a_rebuild_a_run_goes_on_where_it_was(project: Path, moment: str) -> None:
    done = 0
    killed = False
    pid = 0

    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        nonlocal done, killed
        last = str(body["messages"][-1]["content"])
        at_brief = last.startswith(BRIEF)
        wanted = (
            at_brief if moment == "while the brief is written" else OPENED_ANEW in opening(body)
        )
        if wanted and not killed:
            killed = True
            os.killpg(pid, signal.SIGKILL)
            return says("nobody hears this")
        if at_brief:
            return says("Go on counting.")
        if done == STEPS:
            return finish()
        done += 1
        return numbered(done)

    async with FaultyServer(answer) as server:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": server.base_url,
            "HOLDFAST_MODEL__NAME": "s",
            "HOLDFAST_CONTEXT__BUDGET_TOKENS": "9000",
            "HOLDFAST_CONTEXT__BRIEF": "true",
            "HOLDFAST_MEMORY__ENABLED": "false",
        }
        async with started(
            "run", *YES, "--json", "count", folder=project, **environment
        ) as process:
            pid = process.pid
            await process.wait()
        (path,) = files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
        resumed = ("run", *YES, "--json", "--resume", path.parent.name)
        result = await holdfast(*resumed, folder=project, **environment)
    assert killed
    assert result.status == 5, result.errors
    counted = (project / "log").read_text().split()
    assert counted == [str(n) for n in range(1, STEPS + 1)], "nothing is lost, nothing done twice"
    events = [recorded.event for recorded in replay(path)]
    assert any(isinstance(event, RunResumed) for event in events)
    assert any(isinstance(event, BriefWritten) for event in events)
    cycles = [event for event in events if isinstance(event, CycleStarted)]
    assert [cycle.number for cycle in cycles] == list(range(1, len(cycles) + 1))
    assert "step 2 uses port 48002" in cycles[-1].opening


async def test_a_brief_that_the_endpoint_refuses_is_done_without(project: Path) -> None:
    refused = says("x", when=BRIEF, fault={"kind": "status", "status": 403, "times": 100})
    turns = [refused, *map(numbered, range(1, STEPS)), finish()]
    context = {"budget_tokens": 9000, "brief": True}
    async with workshop(project, turns, context=context) as shop:
        assert await shop.run() == Finished("done")
        cycles = [event for event in shop.events(CycleStarted) if event.number > 1]
        warned = [event.message for event in shop.events(Warned)]
        assert len(cycles) > 1
        assert sum("without the model's brief" in message for message in warned) == len(cycles)
        assert all("step 1 uses port 48001" in cycle.opening for cycle in cycles)


async def test_with_everything_lost_but_the_journal_state_and_prompt_are_the_same(
    project: Path,
) -> None:
    refused = says("x", fault={"kind": "status", "status": 403, "times": 1})
    turns = [*map(numbered, range(1, STEPS)), refused, finish()]
    async with workshop(project, turns, context={"budget_tokens": 9000}) as shop:
        assert isinstance(await shop.run(), Failed)
        before = shop.prompts()[-1]
    data = Path(os.environ["XDG_DATA_HOME"])
    (path,) = data.rglob("journal.jsonl")
    for other in [*path.parent.parent.parent.iterdir()]:
        if other.name != path.parent.parent.name:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    async with workshop(project, [finish()], context={"budget_tokens": 9000}) as shop:
        resumed = shop.session.runs.resume()
        assert await resumed.wait() == Finished("done")
        (after,) = shop.prompts()
        assert after[: len(before)] == before
        assert len(after) == len(before) + 1


async def test_each_cycle_has_its_receipt(project: Path) -> None:
    turns = [*map(numbered, range(1, STEPS)), finish()]
    async with workshop(project, turns, context={"budget_tokens": 9000}) as shop:
        assert await shop.run() == Finished("done")
        receipts = shop.events(CyclePacked)
        assert [event.cycle for event in receipts] == [
            event.number for event in shop.events(CycleStarted)
        ]
        kinds = {portion.kind for portion in receipts[-1].taken}
        assert {"system", "task", "state", "tail"} <= kinds
        assert sum(portion.tokens for portion in receipts[-1].taken) < 0.7 * 9000
        titles = [portion.id for portion in receipts[-1].taken]
        assert "Decisions" in titles


async def test_in_max_mode_a_brief_is_asked_for_once(project: Path) -> None:
    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        messages = body["messages"]
        if str(messages[-1]["content"]).startswith(BRIEF):
            return says("Go on.")
        log = project / "log"
        done = len(log.read_text().split()) if log.exists() else 0
        return finish() if done == STEPS else numbered(done + 1)

    task = Task("count", sampling=Sampling(max_mode=True), budget=Budget(100))
    async with workshop(project, answer, context={"budget_tokens": 9000, "brief": True}) as shop:
        assert await shop.run(task) == Finished("done")
        briefs = [
            request.body.get("n", 1)
            for request in shop.server.requests
            if str(request.body["messages"][-1]["content"]).startswith(BRIEF)
        ]
        assert briefs == [1] * len(shop.events(BriefWritten))
        assert briefs


@pytest.mark.parametrize("fault", ["damaged", "held by another process"])
async def test_a_rebuild_does_without_a_memory_that_is_of_no_use(project: Path, fault: str) -> None:
    (project / "a.py").write_text("def keep_port() -> int:\n    return 48001\n")
    memory = {"enabled": True, "embedder": "hashing"}
    async with workshop(project, [finish()], memory=memory) as shop:
        assert await shop.run() == Finished("done")
        await shop.session.memory.ready()
    (folder,) = Path(os.environ["XDG_DATA_HOME"]).rglob("memory")
    held = ProcessLock(folder / "lock")
    if fault == "damaged":
        for path in (folder / "tables").rglob("*"):
            if path.is_file():
                path.write_bytes(b"nonsense")
    else:
        held.acquire()
        assert held.held
    turns = [*map(numbered, range(1, STEPS)), finish()]
    try:
        async with workshop(project, turns, memory=memory, context={"budget_tokens": 9000}) as shop:
            assert await shop.run() == Finished("done")
            cycles = shop.events(CycleStarted)
            assert len(cycles) > 2
            assert "step 1 uses port 48001" in cycles[-1].opening
    finally:
        held.release()
