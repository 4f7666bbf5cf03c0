"""What an endpoint wants back lasts as long as the run does: over a restart, and for every vendor."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.tasks import Budget, Finished, Stopped, Task
from lsp_server.models.scripted.scenario import Scenario
from lsp_server.models.scripted.vendor_checks import VENDORS
from tests.harness.workshop import workshop

SIGNATURE = {"google": {"thought_signature": "Q2lB"}}
DETAILS = [{"type": "reasoning.encrypted", "data": "c2VjcmV0", "index": 0}]


def step(command: str) -> dict[str, object]:
    call = {"name": "shell", "arguments": {"command": command}}
    return {
        "tool_calls": [{**call, "vendor_fields": {"extra_content": SIGNATURE}}],
        "vendor_fields": {"reasoning_details": DETAILS},
    }


async def test_a_resumed_run_gives_back_what_came_before(project: Path) -> None:
    scenario = Scenario.model_validate({"turns": [step("true"), step("true"), {"text": "done"}]})
    async with workshop(project, scenario) as shop:
        assert isinstance(await shop.run(Task("do it", budget=Budget(steps_max=1))), Stopped)
        before = shop.prompts()[0]
        outcome = await shop.session.runs.resume().wait()
        assert outcome == Finished("done")
        sent = shop.prompts()[1][len(before)]
        assert sent["reasoning_details"] == DETAILS
        assert sent["tool_calls"][0]["extra_content"] == SIGNATURE


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_run_goes_to_its_end_at_every_vendor(project: Path, vendor: str) -> None:
    look = step("echo same")
    two = {**look, "tool_calls": [*look["tool_calls"], *step("echo other")["tool_calls"]]}  # type: ignore[misc]
    turns = [two, {"text": ""}, look, look, look, {**look, "reasoning": "Hm"}, {"text": "done"}]
    scenario = Scenario.model_validate({"turns": turns, "vendor": vendor})
    async with workshop(project, scenario) as shop:
        assert await shop.run() == Finished("done")
