"""What sixty planted runs teach, and what they must not: no model is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.dream_score import PLANTS, scored

PRECISION_MIN = 0.95
RECALL_MIN = 0.8


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("hand", PLANTS)
def test_what_runs_show_is_learned_and_what_has_gone_is_retired(
    hand: str, seed: int, tmp_path: Path
) -> None:
    score = scored(PLANTS[hand], tmp_path, seed)
    assert score.precision >= PRECISION_MIN, score.wrong
    assert score.recall >= RECALL_MIN, score.missed
    assert score.injected == ()
