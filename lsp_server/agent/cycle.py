"""A full window becomes a new cycle: state, recollection and tail, not a summary.

The opening is rendered from the state, so it needs no model and cannot fail;
what memory adds is a gift. Trimming breaks the endpoint's prefix cache once,
hence it is done rarely and in one large piece.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.agent.context import Context
from lsp_server.agent.recollection import Chosen
from lsp_server.agent.state import State, render
from lsp_server.domain.events import CyclePacked, CycleStarted
from lsp_server.domain.portions import Portion

STATE_SHARE = 0.15
RECALL_SHARE = 0.06
TAIL_SHARE = 0.2
"""Shares of the token budget. Together well below `rebuild_at`, so that a cycle lasts."""

OVERFLOW_SHARE = 0.6
"""The budget shrinks to this share of the prompt that the endpoint found too long."""

RESUMING = (
    "You are in the middle of this task; the conversation so far was too long to keep. "
    "What is known of it stands below, and the latest steps follow. Whatever else you need, "
    "`recall` finds by words or by id."
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The Events that begin a cycle, in their order."""

    started: CycleStarted
    packed: CyclePacked


def first(
    system: str, opening: str, recalled: Chosen, context: Context, budget_tokens: int
) -> Opening:
    """The cycle that a run begins with."""
    taken = (
        Portion("system", "system", context.measure(system)),
        Portion("task", "task", context.measure(opening)),
        *recalled.taken,
    )
    return Opening(
        CycleStarted(1, "the run starts", system, _joined(opening, recalled)),
        CyclePacked(1, budget_tokens, taken, recalled.left_out),
    )


def next_cycle(
    state: State,
    context: Context,
    system: str,
    opening: str,
    recalled: Chosen,
    budget_tokens: int,
    reason: str,
) -> Opening:
    """The cycle after this one, within `budget_tokens`."""
    chars_per_token = 4
    known = render(state, round(budget_tokens * STATE_SHARE * chars_per_token))
    kept = context.tail(round(budget_tokens * TAIL_SHARE))
    text = _joined(f"{opening}\n\n# Where you are\n{RESUMING}\n\n{known}", recalled)
    number = state.cycle + 1
    taken = (
        Portion("system", "system", context.measure(system)),
        Portion("task", "task", context.measure(opening)),
        Portion("state", "state", context.measure(known)),
        *recalled.taken,
    )
    return Opening(
        CycleStarted(number, reason, system, text, kept),
        CyclePacked(number, budget_tokens, taken, recalled.left_out),
    )


def _joined(opening: str, recalled: Chosen) -> str:
    return f"{opening}\n\n# From memory\n{recalled.text}" if recalled.text else opening
