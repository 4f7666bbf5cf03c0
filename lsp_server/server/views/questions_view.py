"""This module sends the questions that wait to clients that show and answer them by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from lsp_server.domain.permissions import visible
from lsp_server.server import to_lsp
from lsp_server.server.client import Client
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params.method_params import QuestionChoice, WaitingQuestion, WaitingQuestions
from lsp_server.server.protocol import Method
from lsp_server.server.questions import choice_titles, question_head
from lsp_server.session.permissions import PendingQuestion
from lsp_server.text.truncate import truncate_middle

DETAIL_CHARS_MAX = 20_000

AFTER_REPLY_SECONDS = 0.1
"""Some clients lose what comes in one piece with the reply to a command, such as an answer."""


class QuestionsView:
    """A `QuestionsView` sends all that wait, oldest first, as `holdfast/questions` when that changed.

    A prompt of the editor may take the keyboard from a person who types. A client that
    declares `waitingQuestions` gets no prompts: it shows this list where it is in nobody's
    way, and answers with `holdfast.permission.answer`.
    """

    def __init__(self, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._sent = WaitingQuestions()
        self._timer: asyncio.TimerHandle | None = None

    def update(self) -> None:
        """Sends the list soon, if the client shows it and it is not the last one sent."""
        if self._client.can.waiting_questions and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(AFTER_REPLY_SECONDS, self._send)

    def _send(self) -> None:
        self._timer = None
        waiting = WaitingQuestions(questions=tuple(self._waiting()))
        if waiting != self._sent:
            self._sent = waiting
            self._client.notify(Method.QUESTIONS, waiting)

    def _waiting(self) -> Iterator[WaitingQuestion]:
        for folder, session in self._folders.opened():
            for pending in session.permissions.pending():
                yield _payload(pending, folder, self._folders.name_among_several(folder.root))


def _payload(pending: PendingQuestion, folder: Folder, name: str | None) -> WaitingQuestion:
    question = pending.question
    of_file = question.path is not None and "\n" in question.detail
    return WaitingQuestion(
        id=question.id,
        run_id=pending.run_id,
        title=visible(question_head(question, folder, name=name)),
        detail=visible(truncate_middle(question.detail, DETAIL_CHARS_MAX)),
        language="diff" if of_file else "",
        uri=to_lsp.uri(folder.root / question.path) if question.path is not None else None,
        choices=tuple(
            QuestionChoice(answer=answer, title=title) for answer, title in choice_titles(question)
        ),
    )
