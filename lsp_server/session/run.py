"""This module runs one task from its event log to its outcome.

It is the boundary where nothing that happens inside a run can take the server
down: whatever is raised becomes an Outcome, which is recorded and then said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

from lsp_server.agent.context import Context
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.journal import Journal
from lsp_server.agent.transcript import Transcript
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import (
    CandidateAccepted,
    Event,
    ModeChanged,
    RecordedEvent,
    RunEnded,
    SamplingChanged,
)
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.plans import progress
from lsp_server.domain.tasks import Budget, Failed, Mode, Outcome, RunId, Stopped
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.image_store import ImageStore
from lsp_server.session.left_messages import take_messages
from lsp_server.session.run_context import RunContext, result_chars_max
from lsp_server.session.run_errors import (
    MaxModeFixed,
    NothingToAccept,
    RunNotActive,
    TooManyMessages,
)
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_summary import Activity, RunSummary
from lsp_server.session.run_title import given_title
from lsp_server.settings.sections import Settings
from lsp_server.wording.run_texts import outcome_text

MESSAGES_MAX = 100
"""How many messages may wait for a run to read them."""

STOP_SECONDS_MAX = 1.0
"""How long a run that is broken off with its wait may take to end."""

STOPPED = "stopped by the person; resume it to go on"

_log = logging.getLogger(__name__)


class RunAgent(Protocol):
    """Works on one run, as `agent.loop.Agent` does."""

    async def run(self) -> Outcome:
        """Works until the task is done or cannot be. Called once; it may be cancelled."""
        ...


BuildAgent: TypeAlias = Callable[[RunContext], Awaitable[RunAgent]]
"""Makes the agent of a run. Raises HoldfastError when something for it is missing."""
OnEvent: TypeAlias = Callable[[RunId, RecordedEvent], None]
"""Called with every Event of a run, ephemeral ones too, synchronously on the event loop."""


class Run:
    """A `Run` is one run of one task: its event log, and the work on it in the background.

    Making a run replays its journal, which it owns from then on. Then an Event is
    recorded that says why it goes to work, and `start` lets it. Whoever starts a
    run decides on its `budget`, which is for all that it does.

    `on_event` is called with every Event when the run itself has taken it in. `top` is as in
    `RunContext`.
    """

    def __init__(
        self,
        run_id: RunId,
        journal: Journal,
        store: RunStore,
        settings: Settings,
        budget: Budget,
        redactor: Redactor,
        on_event: OnEvent,
        top: RunContext | None = None,
    ) -> None:
        self.run_id = run_id
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._started_at = journal.past[0].at if journal.past else now
        context, images = Context(result_chars_max(settings)), ImageStore(journal.path.parent)
        event_log = EventLog(journal, context, self._happened, redactor, images.keep)
        self.context = RunContext(run_id, event_log, journal.path, settings, budget, images, top)
        self._journal = journal
        self._store = store
        self._on_event = on_event
        self._activity = Activity()
        self._transcript = Transcript(each.event for each in journal.past)
        self._stop_reason = STOPPED
        self.stopping = False
        """Whether it was asked to stop."""
        self._began = False
        self._outcome: Outcome | None = None
        """Known before it is recorded, which takes a moment."""
        self._work: asyncio.Task[Outcome] | None = None

    def record(self, event: Event) -> None:
        """Records what happens to the run from outside. Raises OSError."""
        self.context.event_log.emit(event)

    def send(self, message: MessageReceived, mode: Mode | None = None) -> None:
        """Leaves a message, which the run reads soon. Raises TooManyMessages, OSError.

        A `mode` is for a run that is about to go on: it does so in that one.
        """
        if mode is not None and mode != self.context.task.mode:
            self.record(ModeChanged(mode))
        if len(self.context.event_log.state.conversation.pending_messages) >= MESSAGES_MAX:
            raise TooManyMessages(self.run_id, MESSAGES_MAX)
        self.record(message)

    def accept(self, candidate: int | None = None) -> None:
        """Chooses a proposal to be carried out once the run works, by default the winner.

        `candidate` counts from 1. Raises NothingToAccept, OSError.
        """
        judged = self.context.event_log.state.max_mode.judged
        count = len(judged.groups) if judged is not None else 0
        if judged is None or not (candidate is None or 1 <= candidate <= count):
            raise NothingToAccept(self.run_id, count)
        self.record(CandidateAccepted(judged.winner if candidate is None else candidate - 1))

    def switch_max_mode(self, *, on: bool | None = None, samples: int | None = None) -> None:
        """Switches Max Mode on or off from the next step on.

        Without `on` it is switched to what it is not, or on if `samples` says how
        many candidates a step has. Raises MaxModeFixed, OSError.
        """
        before = self.context.sampling
        if before.propose:
            raise MaxModeFixed(self.run_id)
        if on is None:
            on = samples is not None or not before.max_mode
        wished = replace(before, max_mode=on, samples=samples or before.samples)
        if wished != before:
            self.record(SamplingChanged(wished))

    def start(self, build: BuildAgent, ended: Callable[[], object]) -> None:
        """Begins to work in the background.

        `ended` is called when all is recorded, before `on_event` gets the RunEnded.
        """
        self._work = asyncio.create_task(self._supervise(build, ended), name=f"run {self.run_id}")

    def stop(self, reason: str = STOPPED) -> None:
        """Asks the run to stop; it ends within a second, with `reason` in its outcome."""
        # With its outcome known it ends by itself, and a cancellation would break into keeping it.
        if self._work is None or self._outcome is not None:
            return
        self.stopping, self._stop_reason = True, reason
        # A task that is cancelled before its first step would record no end.
        if self._began:
            self._work.cancel()

    async def wait(self) -> Outcome:
        """Returns how the run ended. Cancelling the wait leaves the run alone.

        Raises RunNotActive for a run that was never started.
        """
        if self._work is None:
            raise RunNotActive(self.run_id)
        return await asyncio.shield(self._work)

    def close(self) -> None:
        """Closes the journal of a run that is not to be started."""
        self._journal.close()

    def summary(self) -> RunSummary:
        """Says what the run is and what it does now, or how it ended."""
        state, doing = self.context.event_log.state, self._activity.text
        summary = RunSummary(
            run_id=self.run_id,
            title=given_title(self._journal.path.parent) or self.context.title,
            state="waiting" if self._activity.questions else "running",
            step=state.progress.told_steps,
            started_at=self._started_at,
            usage=state.progress.billed,
            cost_usd=state.progress.cost_usd,
            message=f"{progress(state.progress.plan)}; {doing}" if state.progress.plan else doing,
            max_mode=self.context.sampling.max_mode,
            background=dict(state.background.running),
            attempts=self._activity.attempts,
            workflow=self.context.task.workflow,
            is_subagent=self.context.is_subagent,
            permissions=self.context.current_settings.permissions.mode,
            step_usage=state.progress.answer_billed,
            prompt_share=state.progress.prompt_tokens / self.context.settings.prompt_tokens_max,
        )
        # Until its end is on the disk the run counts as at work.
        if self._outcome is None or self._work is None or not self._work.done():
            return summary
        how = outcome_text(self._outcome)
        return replace(summary, state=self._outcome.outcome, message=how, background={})

    async def _supervise(self, build: BuildAgent, ended: Callable[[], object]) -> Outcome:
        listening = asyncio.create_task(
            take_messages(self._journal.path.parent, self._take), name=f"messages {self.run_id}"
        )
        self._outcome = await self._run(build)
        listening.cancel()
        await asyncio.wait([listening])
        try:
            recorded = await self._record_end(self._outcome)
        finally:
            self._journal.close()
            ended()
        # Said last, so that whoever looks now sees a run that is over.
        self._happened(recorded)
        return self._outcome

    async def _run(self, build: BuildAgent) -> Outcome:
        self._began = True
        if self.stopping:
            return Stopped(self._stop_reason)
        try:
            self.context.settings.require_usable()
            agent = await build(self.context)
            return await agent.run()
        except asyncio.CancelledError:
            return Stopped(self._stop_reason)
        except HoldfastError as error:
            return Failed(str(error))
        except OSError as error:
            return Failed(f"the system refused it: {error}; make room or access and resume the run")
        except Exception as error:  # noqa: BLE001  a run must not take the server down
            _log.exception("run %s failed", self.run_id)
            return Failed(f"internal error: {_innermost(error)!r}; the log has the details")

    def _take(self, text: str) -> None:
        """Takes a message that another process left."""
        try:
            self.send(MessageReceived(text, "steer"))
        except (TooManyMessages, OSError):
            _log.exception("a message for run %s could not be taken", self.run_id)

    async def _record_end(self, outcome: Outcome) -> RecordedEvent:
        event_log = self.context.event_log
        state = event_log.state
        end = RunEnded(
            outcome,
            state.progress.told_steps,
            state.progress.usage,
            state.progress.billed,
            state.progress.cost_usd,
            state.progress.roles,
        )
        try:
            recorded = event_log.keep(end)
            await event_log.flush()
        except OSError:
            # An end that cannot be kept is still said, else the run would look alive.
            _log.exception("the end of run %s could not be recorded", self.run_id)
            return RecordedEvent(0, self._started_at, end)
        return recorded

    def _happened(self, recorded: RecordedEvent) -> None:
        self._activity.fold(recorded.event)
        if self.context.settings.run.transcript:
            self._store.append_transcript(self.run_id, self._transcript.add(recorded.event))
        self._on_event(self.run_id, recorded)


async def wait_or_stop(run: Run, reason: str) -> Outcome:
    """Returns how a run ended. Cancelling the wait stops the run, which may take STOP_SECONDS_MAX.

    Raises RunNotActive for a run that was never started.
    """
    try:
        return await run.wait()
    except asyncio.CancelledError:
        run.stop(reason)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await run.wait()
        raise


def _innermost(error: BaseException) -> BaseException:
    """Takes an error out of the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
