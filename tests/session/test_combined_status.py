from __future__ import annotations

from typing import Any

import pytest

from lsp_server.domain.messages import Usage
from lsp_server.session.combined_status import combine_statuses
from lsp_server.session.goals import GoalTotals
from lsp_server.session.memory import MemoryState
from lsp_server.session.session_status import SessionStatus


def status(state: Any, *goals: int) -> SessionStatus:
    totals, memory = GoalTotals(*goals), MemoryState("closed")
    return SessionStatus(state, None, None, "", 0, Usage(), 0.0, state, None, totals, memory, False)


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        (["idle"], "idle"),
        (["idle", "error"], "error"),
        (["error", "indexing"], "indexing"),
        (["indexing", "running"], "running"),
        (["running", "waiting", "idle"], "waiting"),
    ],
)
def test_the_most_pressing_state_is_shown(states: list[str], chosen: str) -> None:
    combined = combine_statuses([status(state) for state in states])
    assert combined is not None
    assert (combined.state, combined.message) == (chosen, chosen)


def test_goals_are_counted_in_all_sessions() -> None:
    combined = combine_statuses([status("idle", 1, 2, 0, 3), status("running", 0, 0, 1, 1)])
    assert combined is not None
    assert combined.goals == GoalTotals(met=1, unmet=2, blocked=1, total=4)


def test_without_sessions_there_is_no_status() -> None:
    assert combine_statuses([]) is None
