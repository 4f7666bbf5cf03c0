"""What a run is likely to take, from the steps that it did: held against what it took."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.events import CycleStarted, Event, ModelAnswered
from lsp_server.domain.messages import FREE, Prices, Usage
from lsp_server.session.cost_forecast import forecast
from lsp_server.session.prompt_makeup import PromptMakeup, prompt_makeup
from tests.harness.workshop import calls, finish, workshop

STEPS = 60


async def run_of_many_cycles(project: Path) -> list[Event]:
    commands = [f"echo {number} >> log; seq {number} 300" for number in range(STEPS - 1)]
    turns = [*[calls(("shell", {"command": command})) for command in commands], finish()]
    async with workshop(project, turns, context={"budget_tokens": 9_000}) as shop:
        await shop.run()
        store = shop.session.runs.store
        (run_id,) = store.ids()
        return [record.event for record in replay(store.journal(run_id))]


def until_step(events: list[Event], step: int) -> PromptMakeup:
    ends = [n for n, event in enumerate(events) if isinstance(event, ModelAnswered)]
    return prompt_makeup(events[: ends[step - 1] + 1])


@pytest.mark.parametrize("step", [20, 40])
async def test_what_is_forecast_is_what_the_run_took(project: Path, step: int) -> None:
    events = await run_of_many_cycles(project)
    assert sum(isinstance(event, CycleStarted) for event in events) > 2
    rest = [step.billed for step in until_step(events, STEPS).steps[step:]]
    told = forecast(until_step(events, step), len(rest), Prices(1.0, 0.1, 5.0))
    assert told is not None
    took = sum(rest, Usage())
    assert told.usage.prompt_tokens == pytest.approx(took.prompt_tokens, rel=0.25)
    assert told.usage.completion_tokens == pytest.approx(took.completion_tokens, rel=0.25)
    assert told.usage.cache_hit_rate == pytest.approx(took.cache_hit_rate, abs=0.05)
    assert told.cost_usd == pytest.approx(Prices(1.0, 0.1, 5.0).cost_usd(took), rel=0.3)


async def test_the_parts_are_the_whole_prompt(project: Path) -> None:
    events = await run_of_many_cycles(project)
    for step in (1, 20, STEPS):
        makeup = until_step(events, step)
        assert makeup.tokens == makeup.steps[-1].usage.prompt_tokens
        assert 0 < makeup.fixed_tokens < makeup.tokens


def test_a_run_without_answers_has_no_forecast() -> None:
    assert forecast(prompt_makeup([]), 10, FREE) is None
