"""Two hundred steps on a real repository, driven by the command line."""

from __future__ import annotations

from pathlib import Path

from benchmarks import long_run, step_overhead
from benchmarks.planted import facts, planting, task
from benchmarks.step_overhead import call


async def test_two_hundred_steps_are_each_done_once_and_on_record(tmp_path: Path) -> None:
    """The benchmark asserts it of the tree and of the journal; its figures are not judged here."""
    rows = await step_overhead.measure(tmp_path, 200, vectors=False)
    assert [row["client"] for row in rows] == [
        "bare loop",
        "holdfast, memory off",
        "holdfast, memory on",
    ]


async def test_facts_of_the_first_steps_are_known_at_the_end_of_a_run_in_a_small_window(
    tmp_path: Path,
) -> None:
    """A window of 16k tokens, some ten cycles: in the prompt, or one question away."""
    steps, budget, planted = 140, 16_384, facts(of_each=10)
    repository = long_run.prepare(tmp_path / "project")
    turns = [*planting(planted), *long_run.filler(repository, steps)][:steps]
    turns.append(call("finish", {"summary": "done"}))
    command, environment = long_run.client(long_run.WITHOUT_MEMORY, task(planted), budget)
    track = await long_run.follow(
        "holdfast", command, repository, turns, tmp_path / "home", environment
    )
    long_run.check(track, steps, budget)
    rows = {row["kind"]: row for row in await long_run.retention(track, planted)}
    assert rows["constraint"]["in prompt"] == 10
    assert rows["decision"]["in prompt"] == 10
    assert all(row["found by recall"] == 10 for row in rows.values())
