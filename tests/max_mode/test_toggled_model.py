"""Max Mode on and off while a run runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import CandidatesJudged, Event, SamplingChanged, StepFinished
from lsp_server.domain.tasks import Budget, Finished, RunId, Sampling, Stopped, Task
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.session.run_errors import MaxModeFixed, RunNotActive
from tests.fakes.faults import FaultyTurn
from tests.harness.stand import is_verdict, says_verdict
from tests.harness.workshop import Workshop, calls, finish, workshop

STEPS = 4


def script(body: Mapping[str, Any]) -> ScriptedTurn:
    """Looks at something a few times, each candidate in its own way, then finishes."""
    if is_verdict(body):
        return says_verdict(body)
    step = sum(message["role"] == "assistant" for message in body["messages"])
    if step >= STEPS:
        return finish()
    ways = [calls(("shell", {"command": f"echo {step} {way}"})) for way in range(body.get("n", 1))]
    others = [{"text": way.text, "tool_calls": way.tool_calls} for way in ways[1:]]
    return FaultyTurn.model_validate({**ways[0].model_dump(), "alternatives": others})


def after(step: int, act: Callable[[], object]) -> Callable[[Event], None]:
    def see(event: Event) -> None:
        if isinstance(event, StepFinished) and event.step == step:
            act()

    return see


def drawn(shop: Workshop) -> list[int]:
    """How many answers each request asked for, verdicts left out."""
    return [r.body.get("n", 1) for r in shop.server.requests if not is_verdict(r.body)]


TASK = Task("look", budget=Budget(20))


@pytest.mark.parametrize(
    ("sampling", "enabled", "wish", "asked"),
    [
        (Sampling(), False, {"on": True, "samples": 4}, [1, 1, 3, 1, 4]),
        (Sampling(), False, {"samples": 2}, [1, 1, 2, 2, 2]),
        (Sampling(), False, {}, [1, 1, 3, 2, 5, 5]),
        (Sampling(True, 2), False, {}, [2, 2, 1, 1, 1]),
        (Sampling(True, 2), False, {"on": False}, [2, 2, 1, 1, 1]),
        (Sampling(True, 2), False, {"samples": 3}, [2, 2, 3, 3, 3]),
        (Sampling(True, 2), False, {"samples": 1}, [2, 2, 1, 1, 1]),
        (Sampling(), True, {"on": False}, [3, 2, 5, 1, 1, 1]),
    ],
)
async def test_from_the_next_step_on_a_run_is_asked_as_wished(
    project: Path, sampling: Sampling, enabled: bool, wish: dict[str, Any], asked: list[int]
) -> None:
    section = {"enabled": enabled}
    async with workshop(project, script, max_mode=section) as shop:
        shop.on_event = after(2, lambda: shop.session.runs.active_run().switch_max_mode(**wish))
        outcome = await shop.run(Task("look", sampling=sampling, budget=Budget(20)))
        assert outcome == Finished("done")
        assert drawn(shop)[: len(asked)] == asked
        (changed,) = shop.events(SamplingChanged)
        run_id = shop.session.runs.list()[0].run_id
        text = shop.session.transcript(run_id).read_text("utf-8")
        assert f"From the next step on: {changed.sampling.described}" in text


async def test_a_step_under_way_ends_as_it_began(project: Path) -> None:
    def switch(event: Event) -> None:
        if isinstance(event, CandidatesJudged) and len(shop.events(CandidatesJudged)) == 1:
            shop.session.runs.active_run().switch_max_mode(on=False)

    async with workshop(project, script, max_mode={"enabled": True}) as shop:
        shop.on_event = switch
        assert await shop.run(TASK) == Finished("done")
        assert drawn(shop) == [3, 2, 1, 1, 1, 1]


async def test_a_run_that_goes_on_keeps_the_wish(project: Path) -> None:
    def switch_and_stop() -> None:
        run = shop.session.runs.active_run()
        run.switch_max_mode(on=True, samples=2)
        assert run.summary().max_mode
        shop.session.runs.stop()

    async with workshop(project, script) as shop:
        shop.on_event = after(2, switch_and_stop)
        assert isinstance(await shop.run(TASK), Stopped)
    async with workshop(project, script) as shop:
        run = shop.session.runs.resume()
        assert run.summary().max_mode
        await run.wait()
        assert drawn(shop)[:2] == [2, 2]


async def test_wishing_for_what_is_there_changes_nothing(project: Path) -> None:
    async with workshop(project, script) as shop:
        shop.on_event = after(1, lambda: shop.session.runs.active_run().switch_max_mode(on=False))
        await shop.run(TASK)
        assert shop.events(SamplingChanged) == []


async def test_only_a_run_at_work_can_be_switched(project: Path) -> None:
    async with workshop(project, script) as shop:
        with pytest.raises(RunNotActive, match="no run is active"):
            shop.session.runs.active_run()
        with pytest.raises(RunNotActive, match="run x is not active"):
            shop.session.runs.active_run(RunId("x"))
        task = Task("look", sampling=Sampling(samples=2, propose=True), budget=Budget(20))
        run = shop.session.runs.start(task)
        with pytest.raises(MaxModeFixed, match="compares proposals"):
            run.switch_max_mode(on=False)
        await run.wait()
