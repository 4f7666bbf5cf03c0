"""What past runs taught makes later ones shorter: the simulation, whose agents are scripted."""

from __future__ import annotations

import pytest

from benchmarks import evolution_simulation


@pytest.mark.slow
def test_related_tasks_take_fewer_steps_and_tokens_once_runs_were_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "set by the benchmark")
    monkeypatch.setenv("XDG_CONFIG_HOME", "set by the benchmark")
    off, on = (evolution_simulation.measure(4, evolves=evolves) for evolves in (False, True))
    assert off[0]["steps"] == on[0]["steps"], "nothing is known at first"
    assert len({row["steps"] for row in off}) == 1
    assert (off[-1]["steps"], on[-1]["steps"]) == (16, 8)
    assert int(on[-1]["tokens"] or 0) < int(off[-1]["tokens"] or 0)
