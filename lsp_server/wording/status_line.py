"""This module words the state of a session for the status line of an editor."""

from __future__ import annotations

from lsp_server.text.count import count_of


def status_line(
    state: str,
    goals_met: int,
    goals_total: int,
    step: int = 0,
    cost_usd: float = 0.0,
    in_background: int = 0,
    children: int = 0,
    attempts: int = 0,
) -> str:
    """Goals and the run in one short line, empty when there is nothing to say.

    `state` is that of the session. The step and the cost of its newest run, in US
    dollars, count only while that run is active: what the last run did is no news.
    `in_background` is how many commands it has in the background. `children` are
    the subagents and attempts at work, `attempts` those among them that are attempts.

    >>> status_line("running", 2, 5, 14, 0.034)
    '2/5 goals · step 14 · $0.03'
    >>> status_line("idle", 0, 1, 9)
    '0/1 goal'
    """
    is_active = state in ("running", "waiting")
    parts = (
        f"{goals_met}/{count_of(goals_total, 'goal')}" if goals_total else "",
        "waits for you" if state == "waiting" else "",
        f"step {step}" if is_active and step else "",
        _count(attempts, "attempt") if is_active else "",
        _count(children - attempts, "subagent") if is_active else "",
        f"${cost_usd:.2f}" if is_active and cost_usd else "",
        f"{in_background} in background" if is_active and in_background else "",
        "indexing" if state == "indexing" else "",
    )
    return " · ".join(filter(None, parts))


def _count(number: int, what: str) -> str:
    return count_of(number, what) if number > 0 else ""
