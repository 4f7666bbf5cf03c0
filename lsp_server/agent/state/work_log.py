"""This module keeps what a run did: files, commands, tests, mistakes, and what is worth keeping.

All that grows with a run is kept within limits, the newest and the most used first;
what is dropped is still in the journal, and `recall` finds it.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from lsp_server.agent.state.literals import Literals
from lsp_server.agent.state.notes import Note, NoteKind, notes_in
from lsp_server.agent.state.own_checks import OwnChecks
from lsp_server.agent.state.suite_results import SuiteResult, suite_result
from lsp_server.domain.child_events import ChildEnded
from lsp_server.domain.events import (
    Event,
    FileChanged,
    ModelAnswered,
    SnapshotTaken,
    StepStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.tools import NeedsCommand
from lsp_server.text.truncate import first_line, one_line
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import parse

REMARKS_MAX = 40
COMMANDS_MAX = 60
FILES_MAX = 200
READ_MAX = 100
ERRORS_MAX = 40
NOTES_MAX = 80
SUITES_MAX = 20
LINE_CHARS_MAX = 300
RECENT_FILES = 10

SAID, GAVE, FAILED = 4, 1, 3
"""The weight of a literal: in the model's words, a tool's output, an error."""

_TELLING = re.compile(r"error|exception|fail|fatal|cannot|denied|not found|refused", re.IGNORECASE)

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A `CommandRun` is how a command last ended; `recall` fetches all of it by `call_id`."""

    ending: str
    step: int
    call_id: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A `Mistake` is a call that failed, by the most telling line of its result."""

    what: str
    line: str
    step: int
    call_id: str


@dataclass(slots=True)
class WorkLog:
    """A `WorkLog` has what a run did so far; its mappings have the oldest entry first.

    `remarks` are the beginnings of the model's answers.
    """

    step: int = 0
    snapshot: str = ""
    """The name of the snapshot that was taken before the last command that may change files."""
    remarks: deque[str] = field(default_factory=lambda: deque(maxlen=REMARKS_MAX))
    notes: dict[str, Note] = field(default_factory=dict)
    """Decisions, lessons and questions, by their text."""
    literals: Literals = field(default_factory=Literals)
    commands: dict[str, CommandRun] = field(default_factory=dict)
    """Each command's last run."""
    suite_results: dict[str, SuiteResult] = field(default_factory=dict)
    """Each test command's last run."""
    own_checks: OwnChecks = field(default_factory=OwnChecks)
    files: dict[str, str] = field(default_factory=dict)
    """By path: what the run did to the file, in words."""
    read: dict[str, int] = field(default_factory=dict)
    """By path: the step in which the file was last read."""
    changes: dict[str, FileChanged] = field(default_factory=dict)
    """By path: the content before the run's first change and after its last."""
    mistakes: deque[Mistake] = field(default_factory=lambda: deque(maxlen=ERRORS_MAX))
    _called: dict[str, ToolCalled] = field(default_factory=dict)

    @property
    def recent_files(self) -> tuple[str, ...]:
        """Returns up to RECENT_FILES paths: those changed last, then those read last."""
        touched = dict.fromkeys([*reversed(self.files), *reversed(self.read)])
        return tuple(touched)[:RECENT_FILES]

    def notes_of(self, kind: NoteKind) -> list[Note]:
        """Returns the notes of one kind, oldest first."""
        return [note for note in self.notes.values() if note.kind == kind]

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case StepStarted():
                self.step = event.step
            case ModelAnswered():
                self._take_answer(event)
            case ToolCalled():
                self._called[event.call.id] = event
            case ToolReturned():
                self._take_result(event)
            case FileChanged() if not event.is_folder:
                self._take_file(event)
            case ChildEnded():
                for change in event.changes:
                    self._take_file(FileChanged(change.path, change.before, change.after))
            case SnapshotTaken():
                self.snapshot = event.name
            case Told(origin="person"):
                for question in self.notes_of("question"):
                    del self.notes[question.text]  # The person has had their say since.
            case _:
                pass

    def _take_answer(self, event: ModelAnswered) -> None:
        self._called.clear()
        for call in event.message.tool_calls:
            self.literals.mark_used(call.arguments)
        text = event.message.text
        if text.strip():
            self.remarks.append(f"step {event.step}: {one_line(text, LINE_CHARS_MAX)}")
            self.literals.learn(text, event.step, SAID)
            for note in notes_in(text, event.step):
                self._keep_note(note)

    def _keep_note(self, note: Note) -> None:
        """Keeps it; when there are too many, one that the model did not mark goes first."""
        # With a limit that is never reached here: it would drop the oldest, marked or not.
        _put_last(self.notes, note.text, note, NOTES_MAX * 2)
        if len(self.notes) > NOTES_MAX:
            unmarked = (key for key, one in self.notes.items() if not one.marked)
            del self.notes[next(unmarked, next(iter(self.notes)))]

    def _take_result(self, event: ToolReturned) -> None:
        called = self._called.pop(event.call_id, None)
        if called is not None and isinstance(called.needs, NeedsCommand):
            self._take_command(called.needs.command, event)
            self.own_checks.take(called.needs, event)
        for path in event.result.read:
            _put_last(self.read, path, event.step, READ_MAX)
        if event.result.is_error:
            self._add_mistake(event.tool, event)

    def _take_command(self, command: str, event: ToolReturned) -> None:
        result, line = event.result, " ".join(command.split())
        ending = result.ending or first_line(result.text, LINE_CHARS_MAX)
        run = CommandRun(ending, event.step, event.call_id)
        _put_last(self.commands, line[:LINE_CHARS_MAX], run, COMMANDS_MAX)
        succeeded = result.exit_status == 0
        suite = suite_result(command, result.output, event.step, succeeded=succeeded)
        if suite is not None:
            _put_last(self.suite_results, command[:LINE_CHARS_MAX], suite, SUITES_MAX)
        if not succeeded and not result.is_error:
            self._add_mistake(f"$ {line}", event)
        if not succeeded or not is_read_only(parse(command)):
            # The output of a command that only reads is in a file, and can be had again.
            weight = GAVE if succeeded else FAILED
            self.literals.learn(result.output, event.step, weight)

    def _add_mistake(self, what: str, event: ToolReturned) -> None:
        lines = [line.strip() for line in event.result.text.splitlines() if line.strip()]
        # The first of several lines says how it ended, the others why.
        telling = [line for line in lines[1:] or lines if _TELLING.search(line)]
        line = (telling or lines or [""])[-1][:LINE_CHARS_MAX]
        self.mistakes.append(Mistake(what[:LINE_CHARS_MAX], line, event.step, event.call_id))

    def _take_file(self, event: FileChanged) -> None:
        if event.before is None:
            what = f"created in step {self.step}"
        elif event.after is None:
            what = f"deleted in step {self.step}"
        else:
            what = f"changed, last in step {self.step}"
        _put_last(self.files, event.path, what, FILES_MAX)
        first = self.changes.get(event.path, event)
        self.changes[event.path] = FileChanged(event.path, first.before, event.after)


def _put_last(ordered: dict[str, V], key: str, value: V, entries_max: int) -> None:
    """Sets the value as the newest entry and drops the oldest beyond the limit."""
    ordered.pop(key, None)
    ordered[key] = value
    while len(ordered) > entries_max:
        del ordered[next(iter(ordered))]
