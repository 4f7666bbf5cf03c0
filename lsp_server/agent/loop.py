"""The loop: make room, ask, act, look whether it is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeAlias, assert_never
from uuid import uuid4

from lsp_server.agent import budget, guards
from lsp_server.agent.compaction import Compaction
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.guards import Advice, GuardCounts, Proceed, Remind, Stop
from lsp_server.agent.memory_source import MemorySource, NoMemorySource
from lsp_server.agent.run_config import RunConfig
from lsp_server.agent.stop_policy import Continue, StopPolicy
from lsp_server.agent.workspace_view import NoWorkspaceView, WorkspaceView, resume_note
from lsp_server.domain.errors import BudgetExceeded, ModelError, ModelMisbehaved, PromptTooLong
from lsp_server.domain.events import (
    ModelAnswered,
    ModelWaited,
    RunResumed,
    StepFinished,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.messages import (
    Delta,
    Message,
    ReasoningDelta,
    Request,
    Response,
    TextDelta,
    ToolCallDelta,
    Waiting,
)
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Failed, Outcome, Stopped
from lsp_server.domain.tools import Malformed, ToolCall, ToolKind, ToolResult
from lsp_server.tools.toolbox import Toolbox

OVERFLOWS_MAX = 3
"""How often in a row the endpoint may call a prompt too long before the run gives up."""

INTERRUPTED = "interrupted: it had started and may have taken effect; look before you repeat it"
NOT_STARTED = "not run: the run was interrupted before it started"
STEERED = "not run: the person sent a message first; read it, then decide again"


Acted: TypeAlias = tuple[ToolCall, ToolResult, float]
"""A call, what it gave, and the seconds that it took."""


class Agent:
    """One run of one task, from its record to its outcome.

    `scribe` writes its briefs: the model itself, unless each of its answers is dear.
    """

    def __init__(
        self,
        model: Model,
        toolbox: Toolbox,
        event_log: EventLog,
        stop_policy: StopPolicy,
        run_config: RunConfig,
        memory_source: MemorySource = NoMemorySource(),
        workspace_view: WorkspaceView = NoWorkspaceView(),
        summarizer: Model | None = None,
    ) -> None:
        self._model = model
        self._toolbox = toolbox
        self._event_log = event_log
        self._state = event_log.state
        self._stop_policy = stop_policy
        self._run_config = run_config
        self._workspace_view = workspace_view
        self._compaction = Compaction(
            event_log, run_config, memory_source, workspace_view, summarizer or model
        )
        self._compaction.pin(toolbox.specs)
        self._counts = GuardCounts()
        self._first_step = event_log.state.progress.step
        self._started = time.monotonic()

    async def run(self) -> Outcome:
        """Works until the task is done, a limit is reached or it is cancelled.

        Call it once. A record with a past is gone on with, where it ended.
        """
        deadline = asyncio.timeout(self._run_config.budget.wall_seconds_max)
        try:
            async with deadline:
                await self._begin()
                return await self._work()
        except BudgetExceeded as error:
            return Stopped(str(error))
        except ModelError as error:
            return Failed(str(error))
        except TimeoutError:
            if not deadline.expired():
                raise
            return Stopped("the limit run.wall_seconds_max is reached; raise it and resume")
        finally:
            self._answer_open_calls()

    async def _work(self) -> Outcome:
        while True:
            self._check_budget()
            self._deliver_messages("steer")
            await self._compaction.catch_up()
            response = await self._ask()
            outcome = await self._follow(response) if response else None
            self._finish_step()
            await self._event_log.flush()
            if outcome is not None:
                return outcome

    async def _begin(self) -> None:
        if not self._event_log.context.messages:
            await self._compaction.begin()
            return
        self._answer_open_calls()
        if self._state.work.snapshot:
            for change in await self._workspace_view.changes_of_killed_command(
                self._state.work.snapshot
            ):
                self._event_log.emit(change)
        ended_at = self._event_log.resumed_from
        self._event_log.emit(
            RunResumed(await resume_note(self._state, self._workspace_view, ended_at))
        )

    def _check_budget(self) -> None:
        budget.check(
            self._run_config.budget,
            steps=self._state.progress.step - self._first_step,
            billed=self._state.progress.billed,
            cost_usd=self._state.progress.cost_usd,
            seconds=time.monotonic() - self._started,
        )

    def _has_budget(self) -> bool:
        try:
            self._check_budget()
        except BudgetExceeded:
            return False
        return True

    def _deliver_messages(self, *whens: str) -> bool:
        """Tells the model what the person wrote; whether there was anything."""
        pending_messages = [
            message.text
            for message in self._state.conversation.pending_messages
            if message.when in whens
        ]
        for text in pending_messages:
            self._event_log.emit(Told(text, "person"))
        return bool(pending_messages)

    async def _ask(self) -> Response | None:
        """The model's next answer; None when it cannot be used and the model was told."""
        await self._compaction.make_room()
        self._event_log.emit(
            StepStarted(self._state.progress.step + 1, self._event_log.context.tokens)
        )
        try:
            response = await self._respond()
        except ModelMisbehaved as error:
            self._counts, advice = guards.check_misbehaviour(self._counts, str(error))
            self._apply_advice(advice)
            return None
        message = self._distinct(response.message)
        self._event_log.emit(
            ModelAnswered(
                self._state.progress.step,
                message,
                response.stop_reason,
                response.usage,
                response.billed,
                response.cost_usd,
            )
        )
        choices = (replace(response.choices[0], message=message), *response.choices[1:])
        return replace(response, choices=choices)

    def _distinct(self, message: Message) -> Message:
        """The message with ids of calls that no earlier step had: some endpoints count anew."""
        if self._state.conversation.call_ids.isdisjoint(call.id for call in message.tool_calls):
            return message
        calls = [
            replace(call, id=uuid4().hex[:9])
            if call.id in self._state.conversation.call_ids
            else call
            for call in message.tool_calls
        ]
        return replace(message, tool_calls=tuple(calls))

    async def _respond(self) -> Response:
        for _ in range(OVERFLOWS_MAX):
            request = Request(self._event_log.context.messages, self._toolbox.specs)
            try:
                return await self._model.respond(request, self._on_delta)
            except PromptTooLong as error:
                await self._compaction.shrink(str(error))
        return await self._model.respond(
            Request(self._event_log.context.messages, self._toolbox.specs), self._on_delta
        )

    async def _follow(self, response: Response) -> Outcome | None:
        """Does what the answer asks for; the outcome when the run may stop."""
        self._counts, advice = guards.check_answer(self._counts, response.choices[0])
        results = await self._act(response)
        self._apply_advice(advice)
        if not isinstance(advice, Proceed):
            return None
        if not results:
            return await self._try_to_stop(response.message.text)
        malformed = all(isinstance(call.parsed, Malformed) for call, _, _ in results)
        self._counts, advice = guards.check_step(
            self._counts,
            guards.step_signature((call, result) for call, result, _ in results),
            malformed,
            max(seconds for _, _, seconds in results),
        )
        self._apply_advice(advice)
        for call, result, _ in results:
            if self._toolbox.kind(call) == "finish" and not result.is_error:
                return await self._try_to_stop(result.text)
        return None

    async def _try_to_stop(self, summary: str) -> Outcome | None:
        if self._deliver_messages("steer", "queue"):
            return None
        verdict = await self._stop_policy.judge(self._state, summary, may_go_on=self._has_budget())
        if isinstance(verdict, Continue):
            self._event_log.emit(Told(verdict.text, verdict.origin))
            return None
        return verdict

    async def _act(self, response: Response) -> list[Acted]:
        """Runs the calls of an answer: those that only read together, the others in order."""
        admitted = guards.admit_calls(
            response.message.tool_calls, cut_off=response.stop_reason == "length"
        )
        results: list[Acted] = []
        for read_only, group in groupby(admitted.calls, self._toolbox.read_only):
            calls = tuple(group)
            for batch in [calls] if read_only else [(call,) for call in calls]:
                results += await self._run_batch(batch, read_only)
        for call_id, why in admitted.refused.items():
            self._return(call_id, ToolResult(why, is_error=True), 0.0)
        return results

    async def _run_batch(self, calls: Sequence[ToolCall], read_only: bool) -> list[Acted]:
        if any(message.when == "steer" for message in self._state.conversation.pending_messages):
            for call in calls:
                self._return(call.id, ToolResult(STEERED, is_error=True), 0.0)
            return []
        for call in calls:
            self._event_log.emit(
                ToolCalled(
                    self._state.progress.step,
                    call,
                    self._toolbox.title(call),
                    self._toolbox.kind(call),
                    self._toolbox.needs(call),
                )
            )
        if not read_only:
            await self._event_log.flush()
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._timed(call)) for call in calls]
        done = [(call, *task.result()) for call, task in zip(calls, running, strict=True)]
        for call, result, seconds in done:
            self._return(call.id, result, seconds)
        return done

    async def _timed(self, call: ToolCall) -> tuple[ToolResult, float]:
        started = time.monotonic()
        result = await self._toolbox.dispatch(call)
        return result, time.monotonic() - started

    def _return(self, call_id: str, result: ToolResult, seconds: float) -> None:
        call = self._state.conversation.open_calls.get(call_id)
        kind: ToolKind = self._toolbox.kind(call) if call else "other"
        name = call.name if call else ""
        step = self._state.progress.step
        self._event_log.emit(ToolReturned(step, call_id, name, result, seconds, kind))

    def _answer_open_calls(self) -> None:
        """Every call gets a result, else no endpoint takes the conversation back."""
        for call_id in tuple(self._state.conversation.open_calls):
            text = INTERRUPTED if call_id in self._state.conversation.started_calls else NOT_STARTED
            self._return(call_id, ToolResult(text, is_error=True), 0.0)

    def _finish_step(self) -> None:
        done = self._state.progress
        self._event_log.emit(StepFinished(done.step, done.usage, done.billed, done.cost_usd))

    def _apply_advice(self, advice: Advice) -> None:
        match advice:
            case Proceed():
                pass
            case Remind(text):
                self._event_log.emit(Told(text, "fence"))
            case Stop(reason):
                raise BudgetExceeded(reason, limit="fence")
            case _:
                assert_never(advice)

    def _on_delta(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text):
                self._event_log.emit(Streamed(self._state.progress.step, "text", text))
            case ReasoningDelta(text):
                self._event_log.emit(Streamed(self._state.progress.step, "reasoning", text))
            case ToolCallDelta(name, arguments):
                self._event_log.emit(Streamed(self._state.progress.step, "tool", name or arguments))
            case Waiting(reason, attempt, delay_seconds):
                self._event_log.emit(ModelWaited(reason, attempt, delay_seconds))
            case _:
                assert_never(delta)
