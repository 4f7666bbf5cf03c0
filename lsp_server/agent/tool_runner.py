"""A `ToolRunner` carries out the calls of an answer, each recorded before and after it runs.

Calls that only read run beside each other, subagents that may change files too, all
others one after the other in their order. Edits that follow each other in a step are one question
to a person. After one of those failed, no other of the step is run: they were asked
for by a model that took it to succeed. What was recorded before it ran is never run a
second time: after a crash the model is told that it may have taken effect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import groupby, takewhile
from typing import Literal, TypeAlias

from lsp_server.agent import guards
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.run_hooks import RunHooks
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import ToolCalled, ToolReturned, Warned
from lsp_server.domain.messages import Response
from lsp_server.domain.ports import LastingTool
from lsp_server.domain.tools import ToolCall, ToolKind, ToolResult
from lsp_server.text.legible import disguises
from lsp_server.tools.step_review import StepReview
from lsp_server.tools.toolbox import Toolbox

INTERRUPTED = "interrupted: it had started and may have taken effect; look before you repeat it"
INTERRUPTED_CHILD = (
    "interrupted: the subagent {} had not finished, and what it changed stands; `recall` "
    "finds what it did"
)
INTERRUPTED_WORKFLOW = (
    "interrupted: the nodes had not all finished, and what they changed stands; `recall` finds "
    "what they did"
)
NOT_STARTED = "not run: the run was interrupted before it started"
NOT_RUN = "not run: `{}` failed before it in this step; see what that gave, then decide again"
NOTICES_MAX = 20
"""Calls of one run whose results are named to a person; more would not be read."""
STEERED = "not run: the person sent a message first; read it, then decide again"

Company: TypeAlias = Literal["looks", "task", "alone"]
"""Which calls of an answer may run beside a call: those that look too, those that begin runs
too, or none."""

CallResult: TypeAlias = tuple[ToolCall, ToolResult, float]
"""A call, what it gave, and the seconds that it took."""


class ToolRunner:
    """Runs calls with the tools of `toolbox`, as `hooks` let it, and keeps them in `event_log`."""

    def __init__(self, toolbox: Toolbox, event_log: EventLog, hooks: RunHooks) -> None:
        self._toolbox = toolbox
        self._hooks = hooks
        self._event_log = event_log
        self._state = event_log.state
        self._noticed: set[str] = set()

    async def run(self, response: Response) -> list[CallResult]:
        """Runs the calls that may run, answers the others, and gives the results of the first.

        A person's message that steers ends it early: the rest is not run.
        """
        admitted = guards.admit_calls(
            response.message.tool_calls, cut_off=response.stop_reason == "length"
        )
        # A hook may make another call of one, so nothing from there on is asked about before.
        unguarded = takewhile(lambda call: not self._hooks.guard(call), admitted.calls)
        review = StepReview(tuple(unguarded))
        results: list[CallResult] = []
        failed: ToolCall | None = None
        for company, group in groupby(admitted.calls, self._company):
            calls, only_looks = tuple(group), company == "looks"
            for batch in [(call,) for call in calls] if company == "alone" else [calls]:
                if failed is not None and not (only_looks or review.is_refused(batch[0])):
                    self._skip(batch, failed)
                    continue
                done = await self._run_batch(batch, only_looks, review)
                results += done
                failed = failed or self._failed_effect(done)
        for call_id, why in admitted.refused.items():
            self._return(call_id, ToolResult(why, is_error=True), 0.0)
        return results

    def _failed_effect(self, done: Sequence[CallResult]) -> ToolCall | None:
        """The call among these that was to change something and did not end well."""
        failed = (call for call, result, _ in done if result.has_failed)
        return next((call for call in failed if not self._toolbox.read_only(call)), None)

    def _skip(self, calls: Sequence[ToolCall], failed: ToolCall) -> None:
        """Answers calls that may depend on one which failed before them in the same step."""
        text = NOT_RUN.format(self._toolbox.title(failed))
        for call in calls:
            self._return(call.id, ToolResult(text, is_error=True), 0.0)

    def _company(self, call: ToolCall) -> Company:
        if self._hooks.guard(call):
            return "alone"  # A hook may make another call of it.
        if self._toolbox.only_looks(call):
            return "looks"
        # Subagents wait for each other themselves where they change files.
        return "task" if self._toolbox.kind(call) == "task" else "alone"

    async def go_on(self) -> None:
        """Goes on with the calls that were interrupted and can be gone on with; answers the others."""
        conversation = self._state.conversation
        begun: list[tuple[ToolCall, LastingTool]] = []
        for call_id in conversation.started_calls & conversation.open_calls.keys():
            call = conversation.open_calls[call_id]
            tool = self._toolbox.tools.get(call.name)
            if isinstance(tool, LastingTool) and tool.has_begun(call_id):
                begun.append((call, tool))
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_gone_on(call, tool)) for call, tool in begun]
        for (call, _), task in zip(begun, running, strict=True):
            self._return(call.id, *task.result())
        self.answer_open_calls()

    def answer_open_calls(self) -> None:
        """Gives every call without a result one, else no endpoint takes the conversation back."""
        conversation = self._state.conversation
        for call_id in tuple(conversation.open_calls):
            text = INTERRUPTED if call_id in conversation.started_calls else NOT_STARTED
            if (child := conversation.children.get(call_id)) is not None:
                text = INTERRUPTED_CHILD.format(child)
            elif call_id in self._state.workflows.by_call:
                text = INTERRUPTED_WORKFLOW
            elif self._toolbox.kind(conversation.open_calls[call_id]) == "task":
                text = NOT_STARTED  # It was still asked about, or waited for another to end.
            self._return(call_id, ToolResult(text, is_error=True), 0.0)

    async def _run_batch(
        self, calls: Sequence[ToolCall], only_looks: bool, review: StepReview
    ) -> list[CallResult]:
        if any(message.when == "steer" for message in self._state.conversation.pending_messages):
            for call in calls:
                self._return(call.id, ToolResult(STEERED, is_error=True), 0.0)
            return []
        guarded = [await self._hooks.before_call(call) for call in calls]
        for one in guarded:
            self._record_start(one.call)
        if not only_looks:
            # What may change something is on the disk before it does.
            await self._event_log.flush()
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(self._toolbox.carry_out(one.call, one.verdict, review))
                for one in guarded
            ]
        done: list[CallResult] = []
        for one, task in zip(guarded, running, strict=True):
            result, seconds = task.result()
            result = await self._hooks.after_call(one, result)
            self._return(one.call.id, result, seconds)
            self._notice_disguises(one.call, result)
            done.append((one.call, result, seconds))
        return done

    def _notice_disguises(self, call: ToolCall, result: ToolResult) -> None:
        """Tells a person, in one line for each call, what was hidden or imitated in a result."""
        title = self._toolbox.title(call)
        if title in self._noticed or len(self._noticed) >= NOTICES_MAX:
            return
        if found := disguises(result.text):
            self._noticed.add(title)
            text = (
                f"`{title}` returned {' and '.join(found)}; the agent is shown that they are there"
            )
            self._event_log.emit(Warned(text))

    def _record_start(self, call: ToolCall) -> None:
        box, step = self._toolbox, self._state.progress.step
        self._event_log.emit(
            ToolCalled(step, call, box.title(call), box.kind(call), box.needs(call))
        )

    def _return(self, call_id: str, result: ToolResult, seconds: float) -> None:
        call = self._state.conversation.open_calls.get(call_id)
        kind: ToolKind = self._toolbox.kind(call) if call else "other"
        name = call.name if call else ""
        step = self._state.progress.step
        self._event_log.emit(ToolReturned(step, call_id, name, result, seconds, kind))


async def _gone_on(call: ToolCall, tool: LastingTool) -> tuple[ToolResult, float]:
    """Goes on with a call that was permitted before the interruption."""
    started = time.monotonic()
    try:
        result = await tool.call_as(call.id, call.values)
    except ToolError as error:
        result = ToolResult(str(error), is_error=True)
    return result, time.monotonic() - started
