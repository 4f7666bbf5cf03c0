"""Two hundred steps on a real repository, driven by the command line."""

from __future__ import annotations

from pathlib import Path

from benchmarks import step_overhead


async def test_two_hundred_steps_are_each_done_once_and_on_record(tmp_path: Path) -> None:
    """The benchmark asserts it of the tree and of the journal; its figures are not judged here."""
    rows = await step_overhead.measure(tmp_path, 200)
    assert [row["client"] for row in rows] == ["bare loop", "holdfast"]
