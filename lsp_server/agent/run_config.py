"""What a run works under."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.tasks import Budget


@dataclass(frozen=True, slots=True)
class RunConfig:
    """`rebuild_tokens` is the prompt size that starts a new cycle.

    With `brief` the model is asked for one before that.
    """

    system: str
    opening: str
    budget: Budget
    budget_tokens: int
    compact_at_tokens: int
    brief: bool = False
