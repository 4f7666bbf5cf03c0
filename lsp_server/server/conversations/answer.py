"""This module keeps what a run says in one conversation, until it is written there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.events import ModelAnswered, RecordedEvent, StepStarted, Streamed
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.server.conversations.answer_text import answer_text, paragraph
from lsp_server.server.conversations.conversation_file import with_answer_begun, with_more
from lsp_server.session.session import Session


@dataclass(eq=False, slots=True)
class Answer:
    """An `Answer` is what a run says in one file: `pending` is yet to be written there.

    `seen` is the number of the last Event in it. `message` is what a person has sent and has
    no room for an answer below it yet.
    """

    session: Session
    editor: Editor
    path: Path
    run_id: RunId
    seen: int
    message: str = ""
    pending: str = ""
    is_reading: bool = False
    """Events of the past are taken from the journal, which has those that come meanwhile."""
    has_missed: bool = False
    is_written: bool = False
    """A task is at work that writes what is pending."""
    _said: str = ""
    _stream: str = ""
    _told: int = 0
    _is_heard: bool = False
    """The answer of this step is heard from its beginning, so its lines can be told as they come."""
    _end: str = "\n\n"
    """The last letters of all that was added."""

    def take(self, recorded: RecordedEvent) -> None:
        """Adds what an Event says; one that is known says nothing."""
        event = recorded.event
        if isinstance(event, Streamed):
            if self._is_heard and recorded.seq == self.seen + 1 and event.channel == "text":
                self._add_lines(event.text)
            return
        if recorded.seq <= self.seen:
            return
        self.seen = recorded.seq
        if isinstance(event, ModelAnswered):
            self._add_rest(event.message.text)
        else:
            self._add(answer_text(event, self._said))
        if isinstance(event, ModelAnswered | StepStarted):
            self._stream, self._told = "", 0
        if isinstance(event, StepStarted):
            self._is_heard = not self.is_reading

    def miss(self) -> None:
        """Takes in that an Event came that is to be read from the journal, which has no streams."""
        self.has_missed = True
        self._is_heard = False

    def written_into(self, text: str) -> str | None:
        """Returns the text of the file with what is pending; None where it has no room for it."""
        if self.message:
            text = with_answer_begun(text, self.message, self.run_id, self.seen)
        return with_more(text, self.run_id, self.pending, self.seen)

    def _add_lines(self, piece: str) -> None:
        """Adds the lines of an answer that are whole by now."""
        self._stream += piece
        whole = self._stream.rfind("\n") + 1
        if whole > self._told:
            self._add(("" if self._told else "\n") + self._stream[self._told : whole])
            self._told = whole

    def _add_rest(self, text: str) -> None:
        """Adds what is not told yet of a whole answer."""
        self._said = text
        told = self._stream[: self._told]
        if told and text.startswith(told):
            self._add(f"{text[len(told) :].rstrip()}\n\n")
        else:
            self._add(paragraph(text))

    def _add(self, more: str) -> None:
        """Adds a text; one blank line between two is enough."""
        if self._end.endswith("\n\n"):
            more = more.removeprefix("\n") if more.strip("\n") else ""
        self.pending += more
        self._end = (self._end + more)[-2:]
