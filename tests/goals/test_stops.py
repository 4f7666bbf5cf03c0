"""The stopping situations: what is believed, what is not, and that nothing goes past its bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.events import GoalChecked, Told
from lsp_server.domain.tasks import Achieved, Finished, Task
from tests.data.stops import STOPS, Script, Stop, read_evidence
from tests.data.task_stops import TASK_STOPS
from tests.harness.workshop import workshop

FALSE_UNMET_SHARE_MAX = 0.05
ALL_STOPS = (*STOPS, *TASK_STOPS)


@pytest.mark.parametrize("stop", ALL_STOPS, ids=lambda stop: stop.name)
async def test_a_stop_is_believed_when_it_is_shown(project: Path, stop: Stop) -> None:
    stop.make(project)
    script = Script(stop, read_evidence)
    async with workshop(project, script, answer=stop.answers, **stop.sections) as shop:
        outcome = await shop.run(Task(stop.task or stop.name, stop.goal, budget=stop.budget))
        assert outcome.outcome == stop.outcome, outcome
        if isinstance(outcome, Achieved):
            assert stop.truth == "met", "a false met"
            assert outcome.report is not None
            assert not (stop.task and outcome.report.judges_edited)
            for item in outcome.report.conditions:
                assert item.verdict == "waived" or item.evidence, "met without evidence"
                assert all(shown.tree == outcome.report.tree for shown in item.evidence)
        if isinstance(outcome, Finished) and script.judged:
            assert outcome.why, "what is not verified says why"
        told = [event for event in shop.events(Told) if event.origin == "goal"]
        assert len(told) <= shop.session.settings.goal.re_entries_max
        assert shop.ended.steps <= stop.budget.steps_max
        billed = sum(event.billed.total_tokens for event in shop.events(GoalChecked))
        spent = shop.ended.billed.total_tokens - shop.ended.usage.total_tokens
        assert billed == spent, "what the judge costs is on the bill"


def test_the_table_is_large_enough_and_in_balance() -> None:
    assert len(ALL_STOPS) >= 100
    assert len({stop.name for stop in ALL_STOPS}) == len(ALL_STOPS)
    false_met = [s.name for s in ALL_STOPS if s.outcome == "achieved" and s.truth != "met"]
    should_be_met = [s for s in ALL_STOPS if s.truth == "met"]
    false_unmet = [s.name for s in should_be_met if s.outcome != "achieved"]
    assert not false_met
    assert len(false_unmet) < FALSE_UNMET_SHARE_MAX * len(should_be_met)
