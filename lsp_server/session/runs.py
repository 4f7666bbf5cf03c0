"""The runs of a session: start, stop, send, resume, undo, list.

This is the boundary where nothing that happens inside a run can take the
server down: whatever is raised becomes an Outcome, is recorded and told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from lsp_server.agent.context import BYTES_PER_TOKEN, Context
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.journal import Journal
from lsp_server.agent.loop import Agent
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import (
    CandidateAccepted,
    CandidatesJudged,
    Event,
    FileChanged,
    FileRestored,
    MessageReceived,
    ModelAnswered,
    PermissionAnswered,
    PermissionAsked,
    RecordedEvent,
    RunEnded,
    RunStarted,
    SamplingChanged,
    SnapshotTaken,
    ToolCalled,
)
from lsp_server.domain.plans import progress
from lsp_server.domain.tasks import Failed, Outcome, RunId, RunState, Stopped, Task, When
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.run_context import RunContext
from lsp_server.session.run_errors import RunError
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_summary import RunSummary
from lsp_server.settings.sections import Settings
from lsp_server.wording.run_texts import task_title
from lsp_server.workspace.undo import UndoReport

ACTIVE_RUNS_MAX = 8
MESSAGES_MAX = 100
MESSAGE_CHARS_MAX = 100_000
LISTED_RUNS_MAX = 50
CLOSE_SECONDS_MAX = 1.0
RESULT_SHARE = 1 / 16
"""One result may take this share of the prompt, so that a step's eight leave half of it."""

STOPPED = "stopped by the person; resume it to go on"
CLOSED = "the session was closed; resume the run to go on"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Active:
    run_context: RunContext
    journal: Journal
    started_at: str
    message: str = "starting"
    waiting: int = 0
    stop_reason: str = STOPPED
    is_ending: bool = False
    """Its outcome is known and being kept."""
    work: asyncio.Task[Outcome] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a run proposes and nobody has accepted yet."""

    run_id: RunId
    judged: CandidatesJudged


Build = Callable[[RunContext], Awaitable[Agent]]
Watch = Callable[[RunId, RecordedEvent], None]
TakeBack = Callable[[Sequence[FileChanged | SnapshotTaken]], Awaitable[UndoReport]]


class Runs:
    """All runs whose journals lie under `folder`, those of earlier processes included.

    `ready` raises ConfigurationError when no run can start, with the mend.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        settings: Settings,
        *,
        undo: TakeBack,
        build: Build,
        watch: Watch,
        ready: Callable[[], str],
        redactor: Redactor,
    ) -> None:
        self.folder = folder
        self._kept = RunStore(folder)
        self._root = root
        self._settings = settings
        self._undo = undo
        self._build = build
        self._watch = watch
        self._ready = ready
        self._redactor = redactor
        self._active: dict[RunId, _Active] = {}
        self.proposal: Proposal | None = None
        """The newest of this process that nobody accepted."""

    def reconfigure(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, task: Task) -> RunSummary:
        """Starts a run. Raises ConfigurationError without an endpoint or a place, UnknownRun."""
        model = self._ready()
        # Sorts by time; the journal's lock tells two of the same microsecond apart.
        run_id = RunId(f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
        active = self._open(run_id, task)
        self._begin(active, RunStarted(run_id, task, str(self._root), model))
        return self._go(active)

    def resume(self, run_id: RunId | None = None) -> RunSummary:
        """Goes on with a run that ended short of its task; the newest such by default."""
        self._ready()
        past = self._past(run_id, "resume", ("achieved",))
        return self._go(self._reopen(past))

    def send(self, run_id: RunId | None, text: str, when: When) -> RunSummary:
        """Speaks to a run; one that is not active goes on with the message."""
        if not text.strip() or len(text) > MESSAGE_CHARS_MAX:
            raise RunError(f"a message needs 1 to {MESSAGE_CHARS_MAX} characters")
        active = self._find_active(run_id)
        if active is None:
            self._ready()
            active = self._reopen(self._past(run_id, "speak to", ()))
            self._begin(active, MessageReceived(text, "steer"))
            return self._go(active)
        if len(active.run_context.event_log.state.pending_messages) >= MESSAGES_MAX:
            raise RunError(
                f"run {active.run_context.run_id} has {MESSAGES_MAX} unread messages already"
            )
        active.run_context.event_log.emit(MessageReceived(text, when))
        return _summary(active)

    def accept(self, run_id: RunId | None = None, candidate: int | None = None) -> RunSummary:
        """Carries out a proposal of a run, by default the winner of the newest.

        Candidates count from 1. Raises UnknownRun when there is nothing to accept.
        """
        self._ready()
        wanted = run_id or (self.proposal.run_id if self.proposal is not None else None)
        past = self._past(wanted, "accept a proposal of", ())
        if past.run_id in self._active:
            raise RunError(f"run {past.run_id} is at work; accept when it has ended")
        active = self._reopen(past)
        judged = active.run_context.event_log.state.judged
        count = len(judged.groups) if judged is not None else 0
        if judged is None or not (candidate is None or 1 <= candidate <= count):
            active.journal.close()
            raise RunError(f"run {past.run_id} has {count} proposals", "propose")
        group = judged.winner if candidate is None else candidate - 1
        self._begin(active, CandidateAccepted(group))
        return self._go(active)

    def switch_max_mode(
        self, run_id: RunId | None = None, *, on: bool | None = None, samples: int | None = None
    ) -> RunSummary:
        """Max Mode on or off for a run at work, the newest by default, from its next step on.

        Without `on` the other way round, or on if `samples` says how many candidates.
        """
        active = self._find_active(run_id)
        if active is None:
            raise RunError(f"run {run_id} is not active" if run_id else "no run is active")
        before = active.run_context.sampling
        if before.propose:
            raise RunError(
                f"run {active.run_context.run_id} compares proposals; Max Mode is its job"
            )
        if on is None:
            on = samples is not None or not before.max_mode
        wished = replace(before, max_mode=on, samples=samples or before.samples)
        if wished != before:
            active.run_context.event_log.emit(SamplingChanged(wished))
        return _summary(active)

    def comparison(self, run_id: RunId | None = None) -> Path:
        """The document that compares a run's proposals. Raises UnknownRun."""
        past = self._past(run_id, "show", ())
        path = self._kept.comparison(past.run_id)
        if path is None:
            raise RunError(f"run {past.run_id} proposed nothing", "propose")
        return path

    def stop(
        self, run_id: RunId | None = None, *, everything: bool = False
    ) -> tuple[RunSummary, ...]:
        """Asks runs to stop, the newest active one by default; they end within a second."""
        chosen = list(self._active.values()) if everything else [self._find_active(run_id)]
        stopped = [active for active in chosen if active is not None]
        if not stopped and not everything:
            raise RunError(f"run {run_id} is not active" if run_id else "no run is active")
        for active in stopped:
            self._cancel(active, STOPPED)
        return tuple(_summary(active) for active in stopped)

    async def wait(self, run_id: RunId) -> Outcome:
        """The outcome of an active run. Cancelling the wait leaves the run alone."""
        active = self._active.get(run_id)
        if active is None or active.work is None:
            raise RunError(f"run {run_id} is not active")
        return await asyncio.shield(active.work)

    async def undo(self, run_id: RunId | None = None) -> UndoReport:
        """Takes back what a run changed and keeps what a person changed since."""
        past = self._past(run_id, "undo", ())
        if past.run_id in self._active:
            raise RunError(f"run {past.run_id} is active; stop it first, then undo it")
        journal = await asyncio.to_thread(self._kept.open, past.run_id)
        try:
            kinds = FileChanged | SnapshotTaken
            report = await self._undo([r.event for r in journal.past if isinstance(r.event, kinds)])
            for path in report.restored:
                self._watch(past.run_id, journal.append(FileRestored(path)))
            for conflict in report.conflicts:
                restored = FileRestored(conflict.path, conflict.reason)
                self._watch(past.run_id, journal.append(restored))
            await journal.flush()
        finally:
            journal.close()
        return report

    def active(self) -> tuple[RunSummary, ...]:
        """The runs of this process that go on now, newest first."""
        return tuple(_summary(active) for active in reversed(self._active.values()))

    def newest(self) -> RunSummary | None:
        """The newest active run, else the newest of all."""
        return next(iter(self.active() or self._summaries()), None)

    def list(self) -> tuple[RunSummary, ...]:
        """Newest first, the newest LISTED_RUNS_MAX."""
        return tuple(islice(self._summaries(), LISTED_RUNS_MAX))

    def find(self, run_id: RunId) -> RunSummary | None:
        """The run with that id, however old it is."""
        if run_id in self._active:
            return _summary(self._active[run_id])
        return self._kept.summary(run_id)

    def events(self, run_id: RunId) -> Sequence[Event]:
        """All that its journal holds. Blocking; raises JournalDamaged, OSError."""
        return self._kept.events(run_id)

    def transcript(self, run_id: RunId | None = None) -> Path:
        """The Markdown file of a run, written anew from its journal."""
        past = self._past(run_id, "show", ())
        return self._kept.transcript(past.run_id)

    async def close(self) -> None:
        """Stops every run and waits for the ends, with a deadline."""
        for active in self._active.values():
            self._cancel(active, CLOSED)
        working = [active.work for active in self._active.values() if active.work]
        if working:
            await asyncio.wait(working, timeout=CLOSE_SECONDS_MAX)

    def _open(self, run_id: RunId, task: Task) -> _Active:
        if len(self._active) >= ACTIVE_RUNS_MAX:
            raise RunError(f"{ACTIVE_RUNS_MAX} runs are active already; stop one first")
        settings = self._settings
        journal = self._kept.open(run_id)
        share = round(settings.prompt_tokens_max * BYTES_PER_TOKEN * RESULT_SHARE)
        result_chars_max = min(settings.context.result_chars_max, share)
        active: _Active
        event_log = EventLog(
            journal,
            Context(result_chars_max),
            lambda recorded: self._see(active, recorded),
            self._redactor,
        )
        run_context = RunContext(run_id, task, event_log, settings, journal.path, result_chars_max)
        active = _Active(run_context, journal, datetime.now(UTC).isoformat(timespec="seconds"))
        return active

    def _reopen(self, past: RunSummary) -> _Active:
        # The limits are today's: a run that reached them is resumed with larger ones.
        task = replace(self._kept.task(past.run_id), budget=self._settings.run.budget)
        active = self._open(past.run_id, task)
        active.started_at = past.started_at
        return active

    def _go(self, active: _Active) -> RunSummary:
        run_id = active.run_context.run_id
        self._active[run_id] = active
        active.work = asyncio.create_task(self._supervise(active), name=f"run {run_id}")
        return _summary(active)

    async def _supervise(self, active: _Active) -> Outcome:
        outcome: Outcome = await self._outcome(active)
        active.is_ending = True
        try:
            ended = await self._record_end(active, outcome)
        finally:
            active.journal.close()
            del self._active[active.run_context.run_id]
        # Told last, so that whoever looks now sees a run that is over.
        self._see(active, ended)
        return outcome

    async def _record_end(self, active: _Active, outcome: Outcome) -> RecordedEvent:
        """Keeps how the run ended; what cannot be kept is told all the same."""
        event_log, state = active.run_context.event_log, active.run_context.event_log.state
        ended = RunEnded(outcome, state.step, state.usage, state.billed, state.cost_usd)
        try:
            recorded = event_log.keep(ended)
            await event_log.flush()
        except OSError:
            _log.exception("the end of run %s could not be recorded", active.run_context.run_id)
            return RecordedEvent(0, active.started_at, ended)
        return recorded

    async def _outcome(self, active: _Active) -> Outcome:
        try:
            agent = await self._build(active.run_context)
            return await agent.run()
        except asyncio.CancelledError:
            return Stopped(active.stop_reason)
        except HoldfastError as error:
            return Failed(str(error))
        except OSError as error:
            return Failed(f"the system refused it: {error}; make room or access and resume the run")
        except Exception as error:  # noqa: BLE001  a run must not take the server down
            _log.exception("run %s failed", active.run_context.run_id)
            return Failed(f"internal error: {_innermost(error)!r}; the log has the details")

    def _see(self, active: _Active, recorded: RecordedEvent) -> None:
        """Keeps the summary current, writes the transcript, tells whoever watches."""
        event = recorded.event
        match event:
            case ToolCalled():
                active.message = event.title
            case ModelAnswered() if event.message.text.strip():
                active.message = task_title(event.message.text)
            case CandidatesJudged() if active.run_context.task.sampling.propose:
                self._compare(active, event)
            case CandidateAccepted():
                self.proposal = None
            case PermissionAsked():
                active.waiting += 1
                active.message = f"waits for permission: {event.question.summary}"
            case PermissionAnswered():
                active.waiting -= 1
            case _:
                pass
        if active.run_context.settings.run.transcript:
            self._kept.transcribe(active.run_context.run_id, recorded)
        self._watch(active.run_context.run_id, recorded)

    def _compare(self, active: _Active, judged: CandidatesJudged) -> None:
        self.proposal = Proposal(active.run_context.run_id, judged)
        self._kept.compare(active.run_context.run_id, judged, active.run_context.task.instruction)

    def _cancel(self, active: _Active, reason: str) -> None:
        # It ends by itself then, and a cancellation would break into keeping how.
        if active.is_ending:
            return
        active.stop_reason = reason
        if active.work is not None:
            active.work.cancel()

    def _find_active(self, run_id: RunId | None) -> _Active | None:
        if run_id is not None:
            return self._active.get(run_id)
        return next(reversed(self._active.values()), None)

    def _past(self, run_id: RunId | None, verb: str, but: tuple[RunState, ...]) -> RunSummary:
        """The run with that id, or the newest that is not in one of the states `but`."""
        chosen = self._summaries() if run_id is None else filter(None, [self.find(run_id)])
        for summary in chosen:
            if summary.state not in but:
                return summary
            if run_id is not None:
                raise RunError(f"run {run_id} is {summary.state}", "send")
        name = f"run {run_id} is unknown" if run_id else f"there is no run to {verb}"
        raise RunError(name, "list")

    def _summaries(self) -> Iterator[RunSummary]:
        return filter(None, map(self.find, self._kept.ids()))

    def _begin(self, active: _Active, event: Event) -> None:
        """Records why a run goes to work. Raises ConfigurationError when that cannot be kept."""
        try:
            active.run_context.event_log.emit(event)
        except OSError as error:
            active.journal.close()
            raise self._kept.refusal(error) from error


def _summary(active: _Active) -> RunSummary:
    state = active.run_context.event_log.state
    return RunSummary(
        run_id=active.run_context.run_id,
        title=task_title(active.run_context.task.instruction),
        state="waiting" if active.waiting else "running",
        step=state.step,
        started_at=active.started_at,
        usage=state.billed,
        cost_usd=state.cost_usd,
        message=f"{progress(state.plan)}; {active.message}" if state.plan else active.message,
        max_mode=active.run_context.sampling.max_mode,
    )


def _innermost(error: BaseException) -> BaseException:
    """What really happened, out of the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
