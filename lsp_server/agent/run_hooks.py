"""`RunHooks` tell a person's hooks what happens in one run, and keep what they say to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lsp_server.agent.event_log import EventLog
from lsp_server.agent.hook_caller import HookCaller, HookFacts, as_said
from lsp_server.domain.permissions import Answered, AskPerson, HookVerdict, Question
from lsp_server.domain.tools import ToolCall, ToolResult
from lsp_server.hooks.claude_tools import claude_call, own_arguments
from lsp_server.hooks.hook import Hook, HookEvent
from lsp_server.hooks.hook_answer import HookAnswer
from lsp_server.hooks.hook_process import HookEnd
from lsp_server.hooks.hooks import Describe, Hooks
from lsp_server.system.task_set import TaskSet

SENT_BACK_MAX = 5
"""How often hooks may send a run back that wants to stop; then it may."""

NAMED_MAX = 20
"""So many of the files that a hook changed are named to the model."""
SETTLE_SECONDS_MAX = 5.0
"""How long a run that is over waits for hooks at notifications."""
CYCLE_TRIGGER = "auto"
"""What matchers of `PreCompact` look at; nobody begins a cycle by hand."""
QUESTION = "permission_prompt"
"""What matchers of `Notification` look at where a person is asked."""
SessionSource: TypeAlias = Literal["startup", "resume", "compact"]
"""What matchers of `SessionStart` look at: the run begins, goes on, or has a new prompt."""


@dataclass(frozen=True, slots=True)
class GuardedCall:
    """A `GuardedCall` is a call as hooks leave it: perhaps with other arguments, and a verdict.

    `note` is added to its result.
    """

    call: ToolCall
    verdict: HookVerdict
    note: str = ""


class RunHooks:
    """`RunHooks` have the hooks of one run, where something happens that they are for.

    Example::

        guarded = await hooks.before_call(call)
        result = await toolbox.dispatch(guarded.call, guarded.verdict)
        result = await hooks.after_call(guarded, result)
    """

    def __init__(self, caller: HookCaller) -> None:
        self._caller = caller
        self.notifications = HookNotifications(caller)
        self._sent_back = 0

    def guard(self, call: ToolCall) -> bool:
        """Says whether a hook looks at the call before it is made."""
        return self._caller.concern("PreToolUse", call.name)

    def check(self) -> None:
        """Raises StoppedByHook once a hook said that the run must not go on."""
        self._caller.check()

    async def before_call(self, call: ToolCall) -> GuardedCall:
        """Lets the hooks look at a call."""
        answer = await self._caller.fire("PreToolUse", self._call_facts(call), call.name)
        verdict = HookVerdict(answer.permission, answer.reason)
        if self._caller.stop_reason is not None:
            verdict = HookVerdict("deny", self._caller.stop_reason)
        note = as_said(answer.context)
        if answer.changed_arguments is not None:
            changed = own_arguments(call.name, answer.changed_arguments, self._caller.facts.root)
            call = replace(call, arguments=json.dumps(changed))
            note = _joined(f"(A hook made the call with these arguments: {call.arguments})", note)
        return GuardedCall(call, verdict, note)

    async def after_call(self, guarded: GuardedCall, result: ToolResult) -> ToolResult:
        """Lets the hooks look at what a call gave, and adds what those before and after it say."""
        note = guarded.note
        if self._caller.concern("PostToolUse", guarded.call.name):
            # A formatter's changes are taken back with those of the run.
            async with self._caller.facts.record() as changed:
                answer = await self._look_at(guarded.call, result)
            files = f"[changed by a hook: {', '.join(changed[:NAMED_MAX])}]" if changed else ""
            note = _joined(note, as_said(answer.reason), as_said(answer.context), files)
            result = replace(result, changed=tuple(dict.fromkeys((*result.changed, *changed))))
        return replace(result, text=f"{result.text}\n\n{note}") if note else result

    async def begin(self, source: SessionSource) -> None:
        """Tells the hooks that the run begins, goes on, or has a new prompt."""
        if not self._caller.facts.is_child:
            answer = await self._caller.fire("SessionStart", lambda _: {"source": source}, source)
            self._caller.tell(answer.context)

    async def submit(self, prompt: str) -> str | None:
        """Lets the hooks read a person's message; why it is refused, None if it is not."""
        if self._caller.facts.is_child:
            return None  # What it is told comes from an agent.
        answer = await self._caller.fire("UserPromptSubmit", lambda _: {"prompt": prompt})
        if answer.refuses:
            return answer.reason or "without a reason"
        self._caller.tell(answer.context)
        return None

    async def begin_cycle(self) -> None:
        """Tells the hooks that the prompt is made anew."""
        facts = {"trigger": CYCLE_TRIGGER, "custom_instructions": ""}
        await self._caller.fire("PreCompact", lambda _: facts, CYCLE_TRIGGER)

    async def send_back(self) -> bool:
        """Lets the hooks look at the end of the run, and says whether it goes on.

        Then the model has been told why.
        """
        event: HookEvent = "SubagentStop" if self._caller.facts.is_child else "Stop"
        active = self._sent_back > 0
        if not self._caller.concern(event):
            return False
        async with self._caller.facts.record():
            answer = await self._caller.fire(event, lambda _: {"stop_hook_active": active})
        if not answer.refuses:
            return False
        if self._sent_back >= SENT_BACK_MAX:
            self._caller.warn(
                f"a hook sent the run back {SENT_BACK_MAX} times; it ends all the same"
            )
            return False
        self._sent_back += 1
        self._caller.tell(answer.reason or "a hook says that the work is not done")
        return True

    async def _look_at(self, call: ToolCall, result: ToolResult) -> HookAnswer:
        given = {
            "is_error": result.has_failed,
            "text": self._caller.facts.redact(result.text),
            "changed": list(result.changed),
        }
        facts = self._call_facts(call)
        return await self._caller.fire(
            "PostToolUse", lambda hook: {**facts(hook), "tool_response": given}, call.name
        )

    def _call_facts(self, call: ToolCall) -> Describe:
        def facts(hook: Hook) -> Mapping[str, Any]:
            name, arguments = call.name, dict(call.values)
            if hook.speaks_as_claude(name):
                name, arguments = claude_call(name, arguments, self._caller.facts.root)
            return {"tool_name": name, "tool_input": arguments, "tool_use_id": call.id}

        return facts


class HookNotifications:
    """`HookNotifications` is what runs the hooks at notifications, beside a run that does not wait for them."""

    def __init__(self, caller: HookCaller) -> None:
        self._caller = caller
        self._tasks = TaskSet()

    def around(self, ask: AskPerson) -> AskPerson:
        """Returns what asks a person as `ask` does, and says so to the hooks."""

        async def ask_and_notify(question: Question) -> Answered:
            # A slow one must not keep the question from the person.
            self._tasks.start(self._notify(question.summary), "hooks at a notification")
            return await ask(question)

        return ask_and_notify if self._caller.concern("Notification", QUESTION) else ask

    async def settle(self) -> None:
        """Waits until they have ended, SETTLE_SECONDS_MAX at most."""
        await self._tasks.wait(SETTLE_SECONDS_MAX)

    async def close(self) -> None:
        """Ends those that still run."""
        await self._tasks.close()

    async def _notify(self, message: str) -> None:
        facts = {"message": message, "notification_type": QUESTION}
        await self._caller.fire("Notification", lambda _: facts, QUESTION)


def no_hooks(event_log: EventLog) -> RunHooks:
    """Returns those of a run that has none."""
    facts = HookFacts("", Path(), Path(), "", is_child=False, redact=str, record=_record_nothing)
    return RunHooks(HookCaller(Hooks((), _run_nothing), event_log, facts))


async def _run_nothing(hook: Hook, _: bytes) -> HookEnd:
    raise AssertionError(f"there is no hook, and {hook.id} is to be run")


@asynccontextmanager
async def _record_nothing() -> AsyncIterator[list[str]]:
    yield []


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
