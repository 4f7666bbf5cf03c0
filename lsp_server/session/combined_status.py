"""This module combines the states of several sessions into one, for one status line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lsp_server.session.extension_list import ExtensionTotals
from lsp_server.session.goals import GoalTotals
from lsp_server.session.session_status import SessionStatus

_MOST_PRESSING_FIRST = ("waiting", "running", "indexing", "error", "idle")


def combine_statuses(statuses: Sequence[SessionStatus]) -> SessionStatus | None:
    """Returns the most pressing status, with the goals and extensions of all; None if there is no session.

    A goal that two sessions have counts twice.
    """
    chosen = min(statuses, key=lambda each: _MOST_PRESSING_FIRST.index(each.state), default=None)
    if chosen is None:
        return None
    goals = [status.goals for status in statuses]
    extensions = [status.extensions for status in statuses]
    return replace(
        chosen,
        goals=GoalTotals(
            met=sum(totals.met for totals in goals),
            unmet=sum(totals.unmet for totals in goals),
            blocked=sum(totals.blocked for totals in goals),
            total=sum(totals.total for totals in goals),
        ),
        extensions=ExtensionTotals(
            total=sum(totals.total for totals in extensions),
            waiting=sum(totals.waiting for totals in extensions),
            failed=sum(totals.failed for totals in extensions),
        ),
    )
