"""An `Agent` is the loop of one run: make room in the prompt, ask, act, see whether it is done.

Each turn of the loop is a step: one answer of the model and the results of its
calls. Everything that happens is an Event in the event log, and what the loop
knows of the past comes from there alone; so a run that was killed goes on from
the same prompt, and no step is done twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import replace
from typing import assert_never
from uuid import uuid4

from lsp_server.agent import budget, guards
from lsp_server.agent.compaction import Compaction
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.goal_check import Continue
from lsp_server.agent.guards import Advice, Fail, GuardCounts, Proceed, Remind, Stop
from lsp_server.agent.hook_caller import StoppedByHook
from lsp_server.agent.memory_source import MemorySource, NoMemorySource
from lsp_server.agent.run_config import RunConfig
from lsp_server.agent.run_hooks import RunHooks, no_hooks
from lsp_server.agent.stop_policy import StopPolicy
from lsp_server.agent.tool_runner import ToolRunner
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
)
from lsp_server.domain.message_events import MessageRefused
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
from lsp_server.domain.tasks import Blocked, Failed, Outcome, Stopped
from lsp_server.domain.tools import Malformed
from lsp_server.tools.toolbox import Toolbox

OVERFLOWS_MAX = 3
"""How often in a row the endpoint may call a prompt too long before the run gives up."""


class Agent:
    """An `Agent` works on one task until there is an outcome.

    `model` answers the steps, with the tools of `toolbox`. `stop_policy` decides
    whether the run may end, `run_config` says what it works under. At the start of
    a cycle `memory_source` adds what bears on the task, and `workspace_view` says
    which files changed. `summarizer` writes the briefs between cycles: the model
    itself, unless each of its answers is expensive. `hooks` are a person's, who may
    refuse calls, messages and the end.

    Example::

        agent = Agent(model, toolbox, event_log, stop_policy, run_config)
        outcome = await agent.run()
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
        hooks: RunHooks | None = None,
    ) -> None:
        self._model = model
        self._toolbox = toolbox
        self._event_log = event_log
        self._state = event_log.state
        self._stop_policy = stop_policy
        self._run_config = run_config
        self._workspace_view = workspace_view
        self._hooks = hooks or no_hooks(event_log)
        self._compaction = Compaction(
            event_log,
            run_config,
            memory_source,
            workspace_view,
            summarizer or model,
            self._hooks,
        )
        self._compaction.pin(toolbox.tools)
        self._tools = ToolRunner(toolbox, event_log, self._hooks)
        self._counts = GuardCounts()
        self._steps_before = event_log.state.progress.all_steps
        self._started = time.monotonic()

    async def run(self) -> Outcome:
        """Works until the task is done, a limit is reached or it is cancelled.

        Call it once. Where the event log has a past, the run goes on from its end.
        """
        deadline = asyncio.timeout(self._run_config.budget.wall_seconds_max)
        try:
            async with deadline:
                outcome = await self._begin() or await self._work()
                await self._hooks.notifications.settle()
                return outcome
        except (BudgetExceeded, StoppedByHook) as error:
            return Stopped(str(error))
        except ModelError as error:
            return Failed(str(error))
        except TimeoutError:
            if not deadline.expired():
                raise
            return Stopped("the limit run.wall_seconds_max is reached; raise it and resume")
        finally:
            self._tools.answer_open_calls()
            await self._hooks.notifications.close()

    async def _work(self) -> Outcome:
        while True:
            self._check_budget()
            self._hooks.check()
            await self._deliver_messages("steer")
            _tell_of_background(self._event_log)
            await self._compaction.catch_up()
            response = await self._ask()
            outcome = await self._follow(response) if response else None
            self._finish_step()
            await self._event_log.flush()
            if outcome is not None:
                return outcome

    async def _begin(self) -> Outcome | None:
        """Makes the prompt of a new run, or goes on with one; the outcome if a hook refuses the task."""
        if not self._event_log.context.messages:
            if self._event_log.resumed_from:
                # It ended before its first step, as where no model was found.
                self._event_log.emit(RunResumed("", self._run_config.model))
            await self._compaction.begin()
            await self._hooks.begin("startup")
            task = self._state.conversation.task
            why = await self._hooks.submit(task.instruction) if task else None
            return Blocked(f"A hook refused the task: {why}\nHow should it go on?") if why else None
        await self._tools.go_on()
        if self._state.work.snapshot:
            await self._workspace_view.record_killed_command(
                self._state.work.snapshot, self._event_log.emit
            )
        ended_at = self._event_log.resumed_from
        note = await resume_note(self._state, self._workspace_view, ended_at)
        self._event_log.emit(RunResumed(note, self._run_config.model))
        await self._hooks.begin("resume")
        if self._state.conversation.mode_is_new:
            await self._compaction.change_mode()
        return None

    def _check_budget(self) -> None:
        budget.check(
            self._run_config.budget,
            steps=self._state.progress.all_steps - self._steps_before,
            billed=self._state.progress.billed,
            cost_usd=self._state.progress.cost_usd,
            seconds=time.monotonic() - self._started,
        )

    async def _deliver_messages(self, *whens: str) -> bool:
        """Puts a person's messages into the prompt, and says whether there were any."""
        pending = self._state.conversation.pending_messages
        messages = [message for message in pending if message.when in whens]
        refusals = [await self._hooks.submit(message.text) for message in messages]
        for message, why in zip(messages, refusals, strict=True):
            self._event_log.emit(
                MessageRefused(message.text, why)
                if why
                else Told(message.text, "person", message.images)
            )
        return not all(refusals)

    async def _ask(self) -> Response | None:
        """Returns the model's next answer; None when it cannot be used, which the model reads."""
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
        message = _with_new_call_ids(response.message, self._state.conversation.call_ids)
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

    async def _respond(self) -> Response:
        """Asks the model, with a smaller prompt when the endpoint says that it is too long."""
        for _ in range(OVERFLOWS_MAX):
            try:
                return await self._model.respond(self._request(), self._on_delta)
            except PromptTooLong as error:
                if not await self._compaction.shrink(str(error), error.prompt_tokens_max):
                    raise
        return await self._model.respond(self._request(), self._on_delta)

    def _request(self) -> Request:
        return Request(self._event_log.context.messages, self._toolbox.specs)

    async def _follow(self, response: Response) -> Outcome | None:
        """Runs what the answer asks for, and gives the outcome when the run may stop."""
        self._counts, advice = guards.check_answer(
            self._counts,
            response.choices[0],
            self._toolbox.tools.schemas,
            nothing_done=self._state.conversation.nothing_done,
            length_setting=self._run_config.length_setting,
        )
        results = await self._tools.run(response)
        self._apply_advice(advice)
        if not isinstance(advice, Proceed):
            return None
        if not results:
            return await self._try_to_stop(response.message.text)
        malformed = all(isinstance(call.parsed, Malformed) for call in response.message.tool_calls)
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
        if await self._deliver_messages("steer", "queue"):
            return None
        decision = await self._stop_policy.decide(
            self._state, summary, may_go_on=self._has_budget()
        )
        if isinstance(decision, Continue):
            self._event_log.emit(Told(decision.text, decision.origin))
            return None
        if self._has_budget() and await self._hooks.send_back():
            return None
        return decision

    def _has_budget(self) -> bool:
        try:
            self._check_budget()
        except BudgetExceeded:
            return False
        return True

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
            case Fail(reason):
                raise ModelMisbehaved(reason)
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


def _tell_of_background(event_log: EventLog) -> None:
    """Says to the model which commands in the background ended since it was last asked."""
    if news := event_log.state.background.news_text:
        event_log.emit(Told(news, "command"))


def _with_new_call_ids(message: Message, used: Collection[str]) -> Message:
    """Gives each call an id that no earlier step had; `used` has those of earlier steps."""
    # Some endpoints count their calls anew in each answer, and a result names its call by id.
    calls = [
        replace(call, id=uuid4().hex[:9]) if call.id in used else call
        for call in message.tool_calls
    ]
    return replace(message, tool_calls=tuple(calls))
