"""This module chooses one of several attempts that have ended: by what was shown, then by a judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lsp_server.domain.attempt_events import AttemptEnded
from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import (
    CandidatesJudged,
    Emit,
)
from lsp_server.max_mode.candidate_judge import JudgeDecision
from lsp_server.session.attempts.attempt_judge import AttemptJudge
from lsp_server.session.attempts.evidence import conditions_met, group_of, passes
from lsp_server.text.count import count_of


async def compare(
    task: str,
    ended: Sequence[AttemptEnded],
    diffs: Sequence[str],
    judge: AttemptJudge,
    emit: Emit,
) -> tuple[CandidatesJudged, JudgeDecision]:
    """Compares attempts, in the order of their numbers, with the diffs of what they changed.

    Returns the comparison for a person, with all that the attempts cost, and the decision,
    with what the judge cost alone.
    """
    groups = [group_of(one, diff, len(ended)) for one, diff in zip(ended, diffs, strict=True)]
    places, decision = _by_evidence(ended, diffs)
    if decision is None:
        chosen = await judge.choose(task, [groups[place] for place in places], emit)
        scores = {places[place]: scored for place, scored in chosen.scores.items()}
        decision = replace(chosen, winner=places[chosen.winner], scores=scores)
    billed = sum((one.billed for one in ended), decision.billed)
    judged = CandidatesJudged(
        groups=tuple(_scored(groups, decision)),
        winner=decision.winner,
        by=decision.by,
        reason=decision.reason,
        drawn=len(ended),
        failures=(),
        billed=billed,
        cost_usd=sum(one.cost_usd for one in ended) + decision.cost_usd,
    )
    return judged, decision


def _by_evidence(
    ended: Sequence[AttemptEnded], diffs: Sequence[str]
) -> tuple[list[int], JudgeDecision | None]:
    """Returns the places that are left, and the decision where what was shown is enough for one."""
    passing = [place for place, one in enumerate(ended) if passes(one)]
    with_goal = any(one.report is not None for one in ended)
    if len(passing) == 1:
        what = "the goal's checks hold in it alone" if with_goal else "it alone came to its end"
        return passing, JudgeDecision(passing[0], "evidence", what)
    if not passing:
        best = max(range(len(ended)), key=lambda place: conditions_met(ended[place]))
        count = conditions_met(ended[best])
        what = f"none passes; it meets {count} of the conditions" if with_goal else "none passes"
        return [], JudgeDecision(best, "evidence", what)
    if len({diffs[place] for place in passing}) == 1:
        what = f"{count_of(len(passing), 'attempt')} made the same changes"
        return passing, JudgeDecision(passing[0], "agreement", what)
    return passing, None


def _scored(groups: Sequence[CandidateGroup], decision: JudgeDecision) -> list[CandidateGroup]:
    return [replace(group, scores=decision.scores.get(place)) for place, group in enumerate(groups)]
