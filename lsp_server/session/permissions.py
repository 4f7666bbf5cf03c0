"""Pending questions to a person: asked, answered once, or expired.

A question has two doors that are equal: the editor's own prompt, if it has one,
and `answer`, which commands and code actions call. The first answer wins. No
answer, a dismissed prompt or a lost editor leave it pending; expiry denies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from lsp_server.domain.events import Emit, PermissionAnswered, PermissionAsked, Warned
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """A question that waits; `expires_at` is ISO 8601."""

    question: Question
    run_id: RunId
    expires_at: str


@dataclass(frozen=True, slots=True)
class _Open:
    pending: PendingQuestion
    answered: asyncio.Future[Answer]


class Permissions:
    """The open questions of one session.

    `remember` keeps a rule that was granted for good and says where it did, or
    why it could not.
    """

    def __init__(self, editor: Editor, remember: Callable[[str], str]) -> None:
        self._editor = editor
        self._remember = remember
        self._open: dict[str, _Open] = {}
        self._always: set[str] = set()
        self._prompt = asyncio.Lock()

    def pending(self) -> tuple[PendingQuestion, ...]:
        """Oldest first."""
        return tuple(waiting.pending for waiting in self._open.values())

    def answer(self, question_id: str, answer: Answer) -> bool:
        """Settles a question; False when it is unknown or settled already."""
        waiting = self._open.get(question_id)
        if waiting is None or waiting.answered.done():
            return False
        waiting.answered.set_result(answer)
        return True

    async def ask(
        self, run_id: RunId, question: Question, emit: Emit, timeout_seconds: float
    ) -> Answer:
        """A person's answer, or `deny` when none came in time."""
        if question.rule is not None and question.rule in self._always:
            return "always"
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        expires = datetime.now(UTC) + timedelta(seconds=timeout_seconds)
        pending = PendingQuestion(question, run_id, expires.isoformat(timespec="seconds"))
        self._open[question.id] = _Open(pending, answered)
        emit(PermissionAsked(question, pending.expires_at))
        prompt = asyncio.create_task(self._confirm(question), name=f"ask {question.id}")
        answer: Answer = "deny"
        by: Literal["person", "expiry", "stop"] = "stop"
        try:
            answer, by = await self._first(answered, timeout_seconds)
        finally:
            del self._open[question.id]
            prompt.cancel()
            emit(PermissionAnswered(question.id, answer, by))
        if answer == "always" and question.rule is not None:
            self._always.add(question.rule)
            emit(Warned(self._remember(question.rule)))
        return answer

    async def _first(
        self, answered: asyncio.Future[Answer], timeout_seconds: float
    ) -> tuple[Answer, Literal["person", "expiry"]]:
        try:
            return await asyncio.wait_for(answered, timeout_seconds), "person"
        except TimeoutError:
            return "deny", "expiry"

    async def _confirm(self, question: Question) -> None:
        """One prompt at a time: editors show only the last of several."""
        async with self._prompt:
            answer = await self._editor.confirm(question)
        if answer is not None:
            self.answer(question.id, answer)
