from __future__ import annotations

import pytest

from lsp_server.domain.memories import ActionOutcome
from lsp_server.memory.action_ranking import action_weight


def test_what_worked_lately_and_nearby_counts_most() -> None:
    def weight(
        outcome: ActionOutcome, days: float, near: float = 0.0, *, errors: bool = False
    ) -> float:
        return action_weight(outcome, days, near=near, about_errors=errors, pinned=False)

    assert weight("ok", 0) > weight("failed", 0) > weight("reverted", 0)
    assert weight("failed", 0, errors=True) > weight("ok", 0, errors=True)
    assert weight("ok", 0) > weight("ok", 14) == pytest.approx(weight("ok", 0) / 2)
    assert weight("failed", 60) > weight("ok", 60)
    assert weight("ok", 0, near=1.0) == pytest.approx(1.5)
    assert action_weight("ok", 900, near=0, about_errors=False, pinned=True) == 1.0
