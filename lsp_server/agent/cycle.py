"""A full window becomes a new cycle: state and tail, not a summary.

The opening is rendered from the state alone, so it needs no model and cannot
fail. Trimming breaks the endpoint's prefix cache once, hence it is done rarely
and in one large piece.
"""

from __future__ import annotations

from lsp_server.agent.context import Context
from lsp_server.agent.state import State, render
from lsp_server.domain.events import CycleStarted

STATE_SHARE = 0.15
TAIL_SHARE = 0.2
"""Shares of the token budget. Together well below `rebuild_at`, so that a cycle lasts."""

OVERFLOW_SHARE = 0.6
"""The budget shrinks to this share of the prompt that the endpoint found too long."""

RESUMING = (
    "You are in the middle of this task; the conversation so far was too long to keep. "
    "What is known of it stands below, and the latest steps follow. Whatever else you need, "
    "`recall` finds by words or by id."
)


def first(system: str, opening: str) -> CycleStarted:
    """The cycle that a run begins with."""
    return CycleStarted(1, "the run starts", system, opening)


def next_cycle(
    state: State, context: Context, system: str, opening: str, budget_tokens: int, reason: str
) -> CycleStarted:
    """The cycle after this one, within `budget_tokens`."""
    chars_per_token = 4
    known = render(state, round(budget_tokens * STATE_SHARE * chars_per_token))
    kept = context.tail(round(budget_tokens * TAIL_SHARE))
    text = f"{opening}\n\n# Where you are\n{RESUMING}\n\n{known}"
    return CycleStarted(state.cycle + 1, reason, system, text, kept)
