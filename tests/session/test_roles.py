"""Each role has its model, its endpoint and its prices, and what each took is told apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.assemble.session import diagnose
from lsp_server.domain.events import BriefWritten, RunEnded, Warned
from lsp_server.domain.messages import Prices, Usage
from lsp_server.domain.tasks import Sampling, Task
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.faults import FaultyTurn, HttpError
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.wire_server import Reply, WireServer
from tests.harness.stand import says_verdict
from tests.harness.workshop import Workshop, calls, finish, judges, says, workshop
from tests.max_mode.test_run import script, touch

BRIEF = "Before the conversation so far is put away"
CONTEXT = {"brief": True, "budget_tokens": 6000}
NO_MEMORY = {"enabled": False}
PRICES = {"price_input": 1.0, "price_output": 1.0}


def works(steps: int = 12) -> Any:
    """A model that counts, and writes its own brief where it is asked."""
    done = 0

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        nonlocal done
        if str(body["messages"][-1]["content"]).startswith(BRIEF):
            return says("the worker's brief")
        done += 1
        return finish() if done > steps else calls(("shell", {"command": f"seq {done} 400"}))

    return turn


def briefs_by(shop: Workshop) -> set[tuple[str, str]]:
    return {(each.role, each.text) for each in shop.events(BriefWritten)}


def took(ended: RunEnded) -> dict[str, tuple[Usage, float]]:
    return {each.role: (each.billed, each.cost_usd) for each in ended.roles}


async def test_briefs_are_the_cheap_models_at_its_own_prices(project: Path) -> None:
    async with ScriptedServer([says("a cheap brief")] * 9) as small:
        cheap = {"base_url": small.base_url, "name": "small", "price_input": 0.01}
        async with workshop(
            project, works(), model=PRICES, cheap=cheap, context=CONTEXT, memory=NO_MEMORY
        ) as shop:
            await shop.run()
            assert briefs_by(shop) == {("cheap", "a cheap brief")}
            assert not any(BRIEF in str(prompt[-1]["content"]) for prompt in shop.prompts())
            spent = took(shop.ended)
            briefs = shop.events(BriefWritten)
            assert spent.keys() == {"worker", "cheap"}
            assert spent["cheap"][0] == sum((each.billed for each in briefs), Usage())
            assert spent["cheap"][1] == pytest.approx(
                Prices(0.01, 0.0, 1.0).cost_usd(spent["cheap"][0])
            )
            assert spent["worker"][0] + spent["cheap"][0] == shop.ended.billed
            assert spent["worker"][1] + spent["cheap"][1] == pytest.approx(shop.ended.cost_usd)
            run_id = shop.session.runs.list()[0].run_id
            text = shop.session.transcript(run_id).read_text()
            assert "The worker: " in text
            assert "; the cheap model: " in text
        assert {each.body["model"] for each in small.requests} == {"small"}


async def test_without_a_cheap_model_the_worker_writes_briefs(project: Path) -> None:
    async with workshop(project, works(), context=CONTEXT, memory=NO_MEMORY) as shop:
        await shop.run()
        assert briefs_by(shop) == {("worker", "the worker's brief")}
        assert took(shop.ended).keys() == {"worker"}
        text = shop.session.transcript(shop.session.runs.list()[0].run_id).read_text()
        assert "The worker: " not in text


@pytest.mark.parametrize(
    "turn",
    [
        FaultyTurn(fault=HttpError(status=401, times=99)),
        FaultyTurn(fault=HttpError(status=400, times=99, body={"error": "prompt is too long"})),
    ],
)
async def test_what_the_cheap_model_cannot_answer_the_worker_does(
    project: Path, turn: FaultyTurn
) -> None:
    async with FaultyServer([turn]) as small:
        cheap = {"base_url": small.base_url, "name": "small"}
        async with workshop(
            project, works(), cheap=cheap, context=CONTEXT, memory=NO_MEMORY
        ) as shop:
            await shop.run()
            assert briefs_by(shop) == {("worker", "the worker's brief")}
            assert any("in the place of cheap.*" in each.message for each in shop.events(Warned))


async def test_a_cheap_model_that_is_not_there_costs_a_sentence(project: Path) -> None:
    cheap = {"base_url": "http://127.0.0.1:9/v1"}
    async with workshop(
        project, works(), model={"name": None}, cheap=cheap, context=CONTEXT, memory=NO_MEMORY
    ) as shop:
        await shop.run()
        assert briefs_by(shop) == {("worker", "the worker's brief")}
        assert any("instead of cheap.*" in each.message for each in shop.events(Warned))


async def test_a_cheap_model_elsewhere_never_sees_the_workers_key(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_API_KEY", "of-the-worker-alone")
    async with WireServer(Reply((b"{}",), 401)).serving() as small:
        cheap = {"base_url": small.base_url, "name": "small"}
        async with workshop(
            project, works(), cheap=cheap, context=CONTEXT, memory=NO_MEMORY
        ) as shop:
            await shop.run()
            assert briefs_by(shop) == {("worker", "the worker's brief")}
            said = [each.message for each in shop.events(Warned)]
            assert any("set cheap.api_key_command" in each for each in said)
            assert "its own is cheap.api_key_command" in await diagnose(shop.session)
        assert small.requests
        assert not any(b"of-the-worker" in repr(each).encode() for each in small.requests)


async def test_nobody_asks_a_cheap_model_for_nothing(project: Path) -> None:
    async with ScriptedServer() as small:
        cheap = {"base_url": small.base_url, "name": "small"}
        async with workshop(project, [finish()], cheap=cheap) as shop:
            await shop.run()
        assert small.requests == []


async def test_the_judge_of_a_task_is_told_apart(project: Path) -> None:
    turns = [judges(), calls(("write", {"path": "a", "text": "x"})), finish()]
    async with workshop(project, turns, model=PRICES, goal={"judge_task": True}) as shop:
        await shop.run()
        assert took(shop.ended).keys() == {"worker", "judge"}


async def test_the_judge_of_candidates_is_told_apart(project: Path) -> None:
    task = Task("make it", sampling=Sampling(max_mode=True, samples=4))
    async with ScriptedServer(says_verdict) as wise:
        judge = {"base_url": wise.base_url, "name": "wise", "price_input": 100.0}
        async with workshop(project, script(touch), model=PRICES, judge=judge) as shop:
            await shop.run(task)
            spent = took(shop.ended)
            assert spent["judge"][0].prompt_tokens == len(wise.requests[0].raw) // 4
            assert spent["judge"][1] > spent["worker"][1]
            assert sum((each for each, _ in spent.values()), Usage()) == shop.ended.billed
