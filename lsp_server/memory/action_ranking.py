"""This module says how much a past action counts: by its outcome, its age and its files."""

from __future__ import annotations

from lsp_server.domain.memories import ActionOutcome
from lsp_server.text.tokenizer import tokenize

HALF_LIFE_DAYS = 14.0
HALF_LIFE_DAYS_FAILED = 90.0
"""Failures are worth knowing for longer."""
NEAR_FILES_BONUS = 0.5
OUTCOME_FACTORS: dict[ActionOutcome, float] = {
    "ok": 1.0,
    "failed": 0.8,
    "reverted": 0.4,
    "rejected": 0.4,
    "unknown": 0.8,
}
FAILED_FACTOR_FOR_ERRORS = 1.1
ERROR_WORDS = frozenset(
    ["error", "fail", "failed", "fails", "failure", "exception", "traceback", "broken", "crash"]
)


def action_weight(
    outcome: ActionOutcome, age_days: float, *, near: float, about_errors: bool, pinned: bool
) -> float:
    """Returns the factor of an action's score; `near` is the share of its files that are at hand.

    Pinned actions do not age.
    """
    failed = outcome == "failed"
    half_life = HALF_LIFE_DAYS_FAILED if failed else HALF_LIFE_DAYS
    time_factor = 1.0 if pinned else 0.5 ** (max(0.0, age_days) / half_life)
    by_outcome = FAILED_FACTOR_FOR_ERRORS if failed and about_errors else OUTCOME_FACTORS[outcome]
    return time_factor * by_outcome * (1.0 + NEAR_FILES_BONUS * near)


def is_about_errors(question: str) -> bool:
    """Says whether a question looks for failures rather than successes."""
    return bool(ERROR_WORDS & set(tokenize(question).split()))
