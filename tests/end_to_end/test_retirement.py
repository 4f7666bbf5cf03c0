"""What does not earn its place goes in the week in which that shows, and comes back when a person wants it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import retirement_simulation as weeks_of
from tests.harness.command_line import holdfast


@pytest.mark.timeout(300)
async def test_in_eight_weeks_all_goes_that_is_unused_failing_contradicted_or_gone_and_comes_back(
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    weeks = await weeks_of.simulated(project)
    assert {week.number: week.retired for week in weeks if week.retired} == weeks_of.DUE
    assert {week.number: week.named for week in weeks if week.named} == weeks_of.NAMED_ONLY
    assert weeks_of.kept(project) == weeks_of.STAYS
    table = (await holdfast("evolve", "status", folder=project)).output
    rows = {line[37:].strip(): line.split()[:3] for line in table.splitlines() if "`" in line}
    assert rows[weeks_of.USED] == ["40", "8", "8"], table

    answered = [one for week in weeks for one in week.ids]
    done = await holdfast("inbox", "restore", *answered, folder=project)
    assert (done.status, done.errors) == (0, "")
    gone = frozenset().union(*weeks_of.DUE.values())
    assert weeks_of.kept(project) == weeks_of.STAYS | gone, "all of it is back"
    assert "no new suggestions" in (await holdfast("dream", folder=project)).output
