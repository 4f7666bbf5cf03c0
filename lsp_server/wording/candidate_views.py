"""This module says in words what Max Mode and several attempts at a task did."""

from __future__ import annotations

from typing import assert_never

from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged, AttemptStarted
from lsp_server.domain.events import (
    CandidateAccepted,
    CandidatesJudged,
    JudgeFellBack,
    SamplingChanged,
)
from lsp_server.text.count import count_of
from lsp_server.wording.event_labels import attempt_label, choice_label
from lsp_server.wording.run_texts import outcome_text, report_text, usage_text
from lsp_server.wording.shown_event import OUTCOME_TONES, EventView, shown


def max_mode_view(
    event: CandidatesJudged | CandidateAccepted | JudgeFellBack | SamplingChanged,
) -> EventView:
    """Puts what Max Mode did into words."""
    match event:
        case CandidatesJudged():
            spent = f"{usage_text(event.billed, event.cost_usd)} in all"
            return shown(
                event,
                choice_label(event),
                f"{event.reason}\n\n{spent}",
                winner=event.winner,
                candidates=event.drawn,
            )
        case CandidateAccepted(group):
            return shown(event, f"accepted proposal {group + 1}", candidate=group + 1)
        case JudgeFellBack(rung, reason):
            return shown(event, f"the judge did not decide ({reason}): {rung}")
        case SamplingChanged(sampling):
            label = f"from the next step on: {sampling.described}"
            return shown(event, label, max_mode=sampling.max_mode)
        case _:
            assert_never(event)


def attempt_view(event: AttemptStarted | AttemptEnded | AttemptsJudged) -> EventView:
    """Puts what an attempt, or choosing one, did into words."""
    match event:
        case AttemptStarted(number, run_id, hint):
            label = f"attempt {number} begins" + (f": {hint}" if hint else "")
            detail = f"{hint}\n\nIts run is `{run_id}`.".strip()
            return shown(event, label, detail, run_id=run_id, attempt=number)
        case AttemptEnded(number, run_id, outcome):
            evidence = report_text(event.report) if event.report else ""
            spent = f"{count_of(event.steps, 'step')}, {usage_text(event.billed, event.cost_usd)}"
            return shown(
                event,
                attempt_label(event),
                "\n\n".join(filter(None, [outcome_text(outcome), evidence, f"{spent}."])),
                OUTCOME_TONES.get(outcome.outcome, "plain"),
                run_id=run_id,
                attempt=number,
                outcome=outcome.outcome,
            )
        case AttemptsJudged():
            return shown(event)
        case _:
            assert_never(event)
