"""One line about a run, also when only its journal is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsp_server.agent.journal import JournalDamaged, is_running, read_ends
from lsp_server.domain.events import FileRestored, RecordedEvent, RunEnded, RunStarted, StepFinished
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import RunId, RunState
from lsp_server.wording.run_texts import outcome_text, task_title


@dataclass(frozen=True, slots=True)
class RunSummary:
    """`message` is how the run ended, or what it does now; `usage` is all that was billed.

    `max_mode` says whether the next step of a run at work is drawn several times.
    """

    run_id: RunId
    title: str
    state: RunState
    step: int
    started_at: str
    usage: Usage
    cost_usd: float
    message: str
    max_mode: bool = False


def summary_from_journal(path: Path) -> RunSummary | None:
    """The summary of the run with that journal; None when there is no readable beginning."""
    try:
        first, last = read_ends(path)
    except (OSError, JournalDamaged):
        return None
    if not isinstance(first.event, RunStarted):
        return None
    state, message = _end(last, running=is_running(path))
    step, usage, cost_usd = _spent(last)
    return RunSummary(
        run_id=first.event.run_id,
        title=task_title(first.event.task.instruction),
        state=state,
        step=step,
        started_at=first.at,
        usage=usage,
        cost_usd=cost_usd,
        message=message,
    )


def _end(last: list[RecordedEvent], *, running: bool) -> tuple[RunState, str]:
    if running:
        return "running", "it runs in another process"
    events = [r.event for r in last if not isinstance(r.event, FileRestored)]
    if events and isinstance(events[-1], RunEnded):
        outcome = events[-1].outcome
        return outcome.outcome, outcome_text(outcome)
    return "interrupted", "it was interrupted; resume it to go on"


def _spent(last: list[RecordedEvent]) -> tuple[int, Usage, float]:
    for recorded in reversed(last):
        match recorded.event:
            case RunEnded(steps=step, billed=usage, cost_usd=cost_usd):
                return step, usage, cost_usd
            case StepFinished(step=step, billed=usage, cost_usd=cost_usd):
                return step, usage, cost_usd
            case _:
                pass
    return 0, Usage(), 0.0
