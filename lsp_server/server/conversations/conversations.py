"""This module lets runs answer in the files in which people talk with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lsp_server.domain.edits import EditSet, FileEdit, minimal_edit
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import RecordedEvent
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.server.client import Client
from lsp_server.server.conversations.answer import Answer
from lsp_server.server.conversations.conversation_file import is_conversation, read_conversation
from lsp_server.server.folders import Folder
from lsp_server.session.run_events import read_events
from lsp_server.session.session import Session
from lsp_server.system.task_set import TaskSet

WRITE_SECONDS = 1.0
"""An answer grows at most once in so many seconds: each time is an edit of the person's text."""

TRIES_MAX = 600
TRY_SECONDS = 1.0
"""How long a portion is offered that the editor refuses, such as for a file that is not saved."""


class Conversations:
    """`Conversations` writes what runs say into files, below what was sent from there.

    `editor_of` makes the Editor of a folder. An edit is made against the text as it is then,
    so that nothing is in the way of what a person types; one that is refused is made anew.
    """

    def __init__(
        self, client: Client, tasks: TaskSet, editor_of: Callable[[Folder], Editor]
    ) -> None:
        self._client = client
        self._tasks = tasks
        self._editor_of = editor_of
        self._answers: dict[RunId, Answer] = {}
        self._sending: set[Path] = set()

    def begin(self, folder: Folder, path: Path, run_id: RunId, seen: int, message: str) -> None:
        """Lets a run answer below a message in a file; Events up to `seen` are known there."""
        answer = self._answers.get(run_id)
        if answer is not None and answer.path == path:
            # What it says goes on below the message, without a word twice.
            answer.message = message
            self._write(answer)
            return
        answer = self._add(folder, path, run_id, seen)
        answer.message = message
        self._read_on(answer)

    @contextmanager
    def sending(self, path: Path) -> Iterator[None]:
        """Lets one message of a file be sent at a time. Raises HoldfastError for another."""
        waits = any(each.path == path and each.message for each in self._answers.values())
        if waits or path in self._sending:
            raise HoldfastError(f"what stands in {path.name} is being sent already")
        self._sending.add(path)
        try:
            yield
        finally:
            self._sending.discard(path)

    def open(self, folder: Folder, path: Path, text: str) -> None:
        """Takes a file that is opened: what it lacks of its last answer is added."""
        session = folder.session
        if session is None or not is_conversation(path):
            return
        found = read_conversation(text)
        if found.run_id is None or found.run_id in self._answers:
            return
        if session.runs.find(found.run_id) is not None:
            self._read_on(self._add(folder, path, found.run_id, found.seen))

    def follow(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Takes an Event of a run."""
        answer = self._answers.get(run_id)
        if answer is None:
            return
        if answer.is_reading:
            answer.miss()
        elif recorded.seq > answer.seen + 1:
            answer.miss()
            self._read_on(answer)
        else:
            answer.take(recorded)
            self._write(answer)

    def forget(self, session: Session) -> None:
        """Writes no more for the runs of a session that closes."""
        for run_id in [run_id for run_id, each in self._answers.items() if each.session is session]:
            del self._answers[run_id]

    def _add(self, folder: Folder, path: Path, run_id: RunId, seen: int) -> Answer:
        answer = Answer(folder.require_session(), self._editor_of(folder), path, run_id, seen)
        self._answers[run_id] = answer
        return answer

    def _read_on(self, answer: Answer) -> None:
        answer.is_reading = True
        self._tasks.start(self._read(answer), f"reading {answer.run_id}")

    async def _read(self, answer: Answer) -> None:
        """Takes from the journal what is not known of the run."""
        seen = {answer.run_id: answer.seen}
        store = answer.session.runs.store
        try:
            while True:
                answer.has_missed = False
                page = await asyncio.to_thread(read_events, store, answer.run_id, seen)
                seen = dict(page.seen)
                for record in page.records:
                    if record.run_id == answer.run_id:
                        answer.take(record.recorded)
                if not page.has_more and not answer.has_missed:
                    break
        finally:
            answer.is_reading = False
        self._write(answer)

    def _write(self, answer: Answer) -> None:
        if not answer.is_written and (answer.pending or answer.message):
            answer.is_written = True
            self._tasks.start(self._write_all(answer), f"writing {answer.path.name}")

    async def _write_all(self, answer: Answer) -> None:
        try:
            while answer.pending or answer.message:
                if not await self._write_pending(answer):
                    self._answers.pop(answer.run_id, None)
                    break
                await asyncio.sleep(WRITE_SECONDS)
        finally:
            answer.is_written = False

    async def _write_pending(self, answer: Answer) -> bool:
        """Writes what is pending; False where it has no place any more, or is refused for long."""
        problem = ""
        for _ in range(TRIES_MAX):
            if self._answers.get(answer.run_id) is not answer:
                return False
            try:
                document = await answer.editor.read(answer.path)
                message, pending = answer.message, answer.pending
                text = answer.written_into(document.text)
                if text is None:
                    return False
                edits = minimal_edit(document.text, text)
                edit = FileEdit(answer.path, document.version, edits)
                await answer.editor.apply(EditSet((edit,), "Holdfast answers"))
            except HoldfastError as error:
                problem = str(error)
                await asyncio.sleep(TRY_SECONDS)
                continue
            answer.message = "" if answer.message == message else answer.message
            answer.pending = answer.pending[len(pending) :]
            return True
        self._client.show("warning", f"{answer.path.name} gets no more of the answer: {problem}")
        return False
