"""This module says in one line what a run is and how it is, also when only its journal is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.agent.journal import is_running, read_ends
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.attempt_events import AttemptEnded, AttemptStarted
from lsp_server.domain.events import (
    Event,
    FileRestored,
    ModelAnswered,
    RecordedEvent,
    RunEnded,
    RunStarted,
    StepFinished,
    ToolCalled,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.rewind_events import Rewound
from lsp_server.domain.tasks import RunId, RunState
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.domain.workflows import progress_text
from lsp_server.session.child_runs import parent_id
from lsp_server.session.run_title import given_title
from lsp_server.text.count import count_of
from lsp_server.wording.run_texts import outcome_text, run_title, task_title


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A `RunSummary` is one run as a list shows it.

    `message` is how the run ended, or what it does now. `usage` and `cost_usd` are
    all that was billed. `started_at` is ISO 8601 in UTC. `max_mode` says whether
    the next step of a run at work is sampled several times. `background` are the commands
    that it runs in the background, by their ids. `attempts` counts the attempts at work.
    `workflow` names the one that it works through, empty for none.
    `permissions` is how much a run at work may do without asking, None for others;
    `step_usage` what its last answer took, `prompt_share` how much of the room for a prompt it
    uses, 0 to 1.
    `taken_back` says that what it changed was restored since it ended.
    `workspace` is the folder of a run of the past. Of those that another run began, `is_subagent`
    tells subagents from attempts.
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
    background: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    workflow: str = ""
    workspace: str = ""
    is_subagent: bool = False
    permissions: PermissionMode | None = None
    step_usage: Usage = Usage()
    prompt_share: float = 0.0
    taken_back: bool = False

    @property
    def parent_id(self) -> RunId | None:
        """Returns the id of the run that began this one, None for one that a person began."""
        return parent_id(self.run_id)

    @property
    def at_work(self) -> bool:
        """Says whether the run goes on now, here or in another process."""
        return self.state in ("running", "waiting")


@dataclass(slots=True)
class Activity:
    """An `Activity` is a fold over Events that says what a run does now."""

    text: str = "starting"
    questions: int = 0
    """How many answers of a person the run waits for."""
    attempts: int = 0
    """How many attempts are at work."""

    def fold(self, event: Event) -> None:
        """Takes in what just happened."""
        match event:
            case ToolCalled():
                self.text = event.title
            case ModelAnswered() if event.message.text.strip():
                self.text = task_title(event.message.text)
            case PermissionAsked():
                self.questions += 1
                self.text = f"waits for permission: {event.question.summary}"
            case PermissionAnswered():
                self.questions -= 1
            case WorkflowChanged():
                self.text = progress_text(event.nodes)
            case AttemptStarted():
                self._count_attempts(+1)
            case AttemptEnded():
                self._count_attempts(-1)
            case _:
                pass

    def _count_attempts(self, more: int) -> None:
        self.attempts += more
        at_work = f"{count_of(self.attempts, 'attempt')} at work"
        self.text = at_work if self.attempts else "comparing the attempts"


def summary_from_journal(path: Path) -> RunSummary:
    """Reads the ends of the journal at `path`. Blocking.

    Raises JournalDamaged, FormatTooNew when its beginning cannot be read.
    """
    try:
        first, last = read_ends(path)
    except OSError as error:
        raise JournalDamaged(f"{path} cannot be read: {error.strerror or error}") from error
    if not isinstance(first.event, RunStarted):
        raise JournalDamaged(f"{path} does not begin with its task")
    state, message = _end(last, running=is_running(path))
    step, usage, cost_usd = _spent(last)
    return RunSummary(
        run_id=first.event.run_id,
        title=given_title(path.parent) or run_title(first.event.task),
        state=state,
        step=step,
        started_at=first.at,
        usage=usage,
        cost_usd=cost_usd,
        message=message,
        workflow=first.event.task.workflow,
        is_subagent=bool(first.event.task.parent_call),
        workspace=first.event.workspace,
        taken_back=any(restored.conflict is None for restored in _restored(last)),
    )


def _end(last: list[RecordedEvent], *, running: bool) -> tuple[RunState, str]:
    if running:
        return "running", "it runs in another process"
    # Undo is recorded behind the end of a run and does not change how it ended.
    restored = _restored(last)
    events = [r.event for r in last][: len(last) - len(restored)]
    since = "taken back since; " if any(one.conflict is None for one in restored) else ""
    if events and isinstance(events[-1], Rewound):
        return "stopped", f"it was taken back to step {events[-1].step}; resume it to go on"
    if events and isinstance(events[-1], RunEnded):
        outcome = events[-1].outcome
        return outcome.outcome, f"{since}{outcome_text(outcome)}"
    return "interrupted", f"{since}it was interrupted; resume it to go on"


def _restored(last: list[RecordedEvent]) -> list[FileRestored]:
    """Returns what was restored behind all else that the run did."""
    found: list[FileRestored] = []
    for record in reversed(last):
        if not isinstance(record.event, FileRestored):
            break
        found.append(record.event)
    return found


def _spent(last: list[RecordedEvent]) -> tuple[int, Usage, float]:
    for recorded in reversed(last):
        match recorded.event:
            case RunEnded(steps=step, billed=usage, cost_usd=cost_usd):
                return step, usage, cost_usd
            case (
                StepFinished(step=step, billed=usage, cost_usd=cost_usd)
                | Rewound(step=step, billed=usage, cost_usd=cost_usd)
            ):
                return step, usage, cost_usd
            case _:
                pass
    return 0, Usage(), 0.0
