"""The benchmark beside public agents works for what is always there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import peers

STEPS = 10


async def test_clients_do_the_same_steps_and_are_measured(tmp_path: Path) -> None:
    known = {peer.name: peer for peer in peers.peers(tmp_path / "nothing installed")}
    chosen = [known["bare loop"], known["holdfast, memory off"]]
    rows: Any = await peers.measure(tmp_path, chosen, STEPS, rounds=1)
    floor, ours = rows
    assert (floor["client"], ours["client"]) == ("bare loop", "holdfast, memory off")
    for row in (floor, ours):
        assert {"ms/step", "peak RSS MB", "first request s"} <= row.keys()
        assert STEPS * row["fixed tokens"] < row["tokens sent"]
    assert floor["fixed tokens"] < ours["fixed tokens"]
