"""This module asks a person for permission, and waits for the answer or the end of the time.

A question has two doors that are equal: the editor's own prompt, if it has one,
and `answer`, which commands and code actions call. The first answer wins. No
answer, a dismissed prompt or a lost editor leave it pending; expiry denies. While nobody
is there who could answer, it waits for them, and they have all of the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from lsp_server.domain.events import Emit, Warned
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.permissions import REASON_CHARS_MAX, Answer, Answered, Granted, Question
from lsp_server.domain.ports import Editor, LastingEditor
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import top_id
from lsp_server.system.task_set import TaskSet


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """A `PendingQuestion` waits for an answer until `expires_at`, which is ISO 8601 in UTC."""

    question: Question
    run_id: RunId
    expires_at: str


@dataclass(frozen=True, slots=True)
class _Open:
    pending: PendingQuestion
    answered: asyncio.Future[Answered]


Remember: TypeAlias = Callable[[str, bool], str]
"""Keeps a rule for good: for this project, or with True for all."""

EXPIRED = "nobody answered in time"
ABSENCE_SECONDS_MAX = 3 * 24 * 3600.0
"""How long a question waits for somebody to come."""


class Permissions:
    """`Permissions` holds the open questions of one session.

    `remember` keeps a rule that was granted for good, in this project or with
    `everywhere` in all; it returns a sentence that says where, or why it could not.

    >>> class Quiet:
    ...     async def confirm(self, question):
    ...         return None
    >>> async def example() -> tuple[Answer, list[str]]:
    ...     permissions = Permissions(Quiet(), lambda rule, everywhere: f"{rule} is kept")
    ...     question = Question("q1", "shell", "run `make`", "make", rule="shell(make)")
    ...     events = []
    ...     asking = permissions.ask(RunId("r1"), question, events.append, timeout_seconds=60.0)
    ...     asked = asyncio.create_task(asking)
    ...     await asyncio.sleep(0)
    ...     permissions.answer(permissions.pending()[0].question.id, "always")
    ...     return (await asked).answer, [event.kind for event in events]
    >>> asyncio.run(example())
    ('always', ['permission_asked', 'permission_answered', 'warned'])
    """

    def __init__(self, editor: Editor, remember: Remember) -> None:
        self._editor = editor
        self._remember = remember
        self._lasting = editor if isinstance(editor, LastingEditor) else None
        self._open: dict[str, _Open] = {}
        self._always: set[str] = set()
        self._prompt = asyncio.Lock()
        self._prompts = TaskSet()

    def pending(self) -> tuple[PendingQuestion, ...]:
        """Returns the questions that nobody has answered yet, oldest first."""
        return tuple(waiting.pending for waiting in self._open.values())

    def answer(self, question_id: str, answer: Answer, reason: str = "", rule: str = "") -> bool:
        """Settles a question; False when it is unknown or settled already, or does not offer this.

        `reason` says to the model why it was denied. `rule` is kept in the place of the one
        that the answer allows. A yes to more than is on offer is one to the call alone.
        """
        waiting = self._open.get(question_id)
        if waiting is None or waiting.answered.done():
            return False
        if answer not in waiting.pending.question.answers:
            if answer == "sandboxed":
                return False
            answer = "once"
        kept = rule.strip() if waiting.pending.question.rule_of(answer) is not None else ""
        reason = reason.strip()[:REASON_CHARS_MAX]
        waiting.answered.set_result(Answered(answer, reason, rule=kept))
        return True

    def free(self, run_id: RunId, granted: Granted) -> None:
        """Settles what a run and all that it began ask and nobody has to be asked any more."""
        for waiting in self._open.values():
            is_of_run = top_id(waiting.pending.run_id) == run_id
            if (
                is_of_run
                and not waiting.answered.done()
                and waiting.pending.question.freed(granted)
            ):
                waiting.answered.set_result(Answered("once"))

    async def ask(
        self, run_id: RunId, question: Question, emit: Emit, timeout_seconds: float
    ) -> Answered:
        """Asks a person; `deny` when no answer came within `timeout_seconds`.

        `emit` records that a person is asked and how it ended. What was answered with
        "always" in this session is not asked again.
        """
        if question.rule is not None and question.rule in self._always:
            return Answered("always")
        answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        pending = PendingQuestion(question, run_id, _expiry(timeout_seconds))
        self._open[question.id] = _Open(pending, answered)
        emit(PermissionAsked(question, pending.expires_at))
        prompt = self._prompts.start(self._show_prompt(question), f"question {question.id}")
        given = Answered("deny")
        by: Literal["person", "expiry", "stop"] = "stop"
        try:
            given, by = await self._first(question.id, answered, timeout_seconds)
        finally:
            # Before it is said, so that who looks then does not see it as waiting.
            del self._open[question.id]
            prompt.cancel()
            emit(PermissionAnswered(question.id, given.answer, by, given.reason, given.rule))
        rule = given.rule or question.rule
        if given.answer in ("always", "everywhere") and rule is not None:
            self._always.add(rule)
            emit(Warned(self._remember(rule, given.answer == "everywhere")))
        return given

    async def _first(
        self, question_id: str, answered: asyncio.Future[Answered], timeout_seconds: float
    ) -> tuple[Answered, Literal["person", "expiry"]]:
        try:
            async with asyncio.timeout(ABSENCE_SECONDS_MAX):
                while not answered.done():
                    if self._lasting is not None:
                        await self._lasting.attended()
                    self._extend(question_id, timeout_seconds)
                    await asyncio.wait({answered}, timeout=timeout_seconds)
                    if self._lasting is None or self._lasting.is_attended:
                        break
        except TimeoutError:
            pass
        if not answered.done():
            return Answered("deny", EXPIRED, by_person=False), "expiry"
        given = answered.result()
        return given, "person" if given.by_person else "expiry"

    def _extend(self, question_id: str, timeout_seconds: float) -> None:
        waiting = self._open[question_id]
        pending = replace(waiting.pending, expires_at=_expiry(timeout_seconds))
        self._open[question_id] = replace(waiting, pending=pending)

    async def _show_prompt(self, question: Question) -> None:
        # One prompt at a time: editors show only the last of several.
        async with self._prompt:
            # What was answered before may have let this one go.
            if not self._waits(question.id):
                return
            given = await self._editor.confirm(question)
            if given is not None and self._take(question.id, given):
                # Until all that follows from it is done, which ends this prompt.
                await asyncio.Event().wait()

    def _waits(self, question_id: str) -> bool:
        waiting = self._open.get(question_id)
        return waiting is not None and not waiting.answered.done()

    def _take(self, question_id: str, given: Answered) -> bool:
        """Takes what a prompt gave; says whether that settled the question."""
        if given.by_person:
            return self.answer(question_id, given.answer, given.reason, given.rule)
        if not self._waits(question_id):
            return False
        self._open[question_id].answered.set_result(given)
        return True


def _expiry(timeout_seconds: float) -> str:
    expires = datetime.now(UTC) + timedelta(seconds=timeout_seconds)
    return expires.isoformat(timespec="seconds")
