"""What is known of a run without asking a model: a fold over its Events.

Two replays of one journal give equal states. What grows with a run is kept
within limits, the newest and the most used first; what falls out is still in
the journal and `recall` finds it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from lsp_server.agent.literals import Literals
from lsp_server.agent.notes import Note, NoteKind, notes_in
from lsp_server.agent.suite_results import SuiteResult, suite_result
from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import (
    BriefWritten,
    CandidateAccepted,
    CandidatesJudged,
    CycleStarted,
    Event,
    FileChanged,
    GoalChecked,
    MessageReceived,
    ModelAnswered,
    PermissionAnswered,
    PlanChanged,
    RunEnded,
    RunResumed,
    RunStarted,
    SamplingChanged,
    SnapshotTaken,
    StepStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.messages import ToolCall, Usage
from lsp_server.domain.plans import PlanItem, walk
from lsp_server.domain.tasks import Sampling, Task
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import parse

REMARKS_MAX = 40
COMMANDS_MAX = 60
FILES_MAX = 200
READ_MAX = 100
ERRORS_MAX = 40
SAYINGS_MAX = 80
SUITES_MAX = 20
LINE_CHARS_MAX = 300
RECENT_FILES = 10

SAID, GAVE, FAILED = 4, 1, 3
"""What a literal weighs: the model said it, a tool gave it, an error named it."""

_TELLING = re.compile(r"error|exception|fail|fatal|cannot|denied|not found|refused", re.IGNORECASE)

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CommandRun:
    """How a command last ended; `call_id` fetches the whole of it."""

    ending: str
    step: int
    call_id: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that went wrong: its most telling line."""

    what: str
    line: str
    step: int
    call_id: str


@dataclass(slots=True)
class State:
    """The facts of a run so far. Only `fold` changes it."""

    task: Task | None = None
    cycle: int = 0
    step: int = 0
    usage: Usage = Usage()
    billed: Usage = Usage()
    cost_usd: float = 0.0
    re_entries: int = 0
    plan: tuple[PlanItem, ...] = ()
    report: GoalReport | None = None
    gap: tuple[str, ...] = ()
    """What the last verdict found missing; empty once a person has moved the run on."""
    judged: CandidatesJudged | None = None
    accepted: CandidateGroup | None = None
    """What a person chose of `judged`, until it is the run's answer or the run ended."""
    sampling: Sampling | None = None
    """What a person wished since the run began; None: what the task says counts."""
    answered: ModelAnswered | None = None
    snapshot: str = ""
    """The state of files before the last command that may have changed some."""
    brief: str = ""
    """What the model last wrote of its intent, at the end of a cycle."""
    call_ids: set[str] = field(default_factory=set)
    """The ids of all calls so far."""
    open_calls: dict[str, ToolCall] = field(default_factory=dict)
    """Calls of the last answer that have no result yet, by id."""
    started_calls: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    """What the person wrote, verbatim, the task first."""
    remarks: deque[str] = field(default_factory=lambda: deque(maxlen=REMARKS_MAX))
    notes: dict[str, Note] = field(default_factory=dict)
    """Decisions, lessons and questions by their text, oldest first."""
    literals: Literals = field(default_factory=Literals)
    commands: dict[str, CommandRun] = field(default_factory=dict)
    """Each command's last run, oldest first."""
    suite_results: dict[str, SuiteResult] = field(default_factory=dict)
    """Each test command's last run, oldest first."""
    files: dict[str, str] = field(default_factory=dict)
    """What the run did to each file, oldest first."""
    read: dict[str, int] = field(default_factory=dict)
    """The step in which a file was last read, oldest first."""
    changes: dict[str, FileChanged] = field(default_factory=dict)
    """By path: the content before the run's first change and after its last."""
    mistakes: deque[Mistake] = field(default_factory=lambda: deque(maxlen=ERRORS_MAX))
    pending_messages: list[MessageReceived] = field(default_factory=list)
    """What the person wrote and the model was not told yet."""

    @property
    def about(self) -> str:
        """The task, the person's last word and what is being done, for a search."""
        return "\n".join(filter(None, [*self.requests[:1], self.focus]))

    @property
    def focus(self) -> str:
        """The person's last word since the task, and what is being done."""
        doing = [item.text for _, item in walk(self.plan) if item.status == "in_progress"]
        return "\n".join([*self.requests[1:][-1:], *doing])

    @property
    def recent_files(self) -> tuple[str, ...]:
        """The files that the run changed last, then those that it read last."""
        changed_lines = dict.fromkeys([*reversed(self.files), *reversed(self.read)])
        return tuple(changed_lines)[:RECENT_FILES]

    def said(self, kind: NoteKind) -> list[Note]:
        """The sentences of one kind, oldest first."""
        return [note for note in self.notes.values() if note.kind == kind]

    def fold(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.task = event.task
                self.requests.append(event.task.instruction)
            case CycleStarted():
                self.cycle = event.number
            case StepStarted():
                self.step = event.step
            case ModelAnswered():
                self._answer(event)
            case ToolCalled():
                self.started_calls.add(event.call.id)
            case ToolReturned():
                self._result(event)
            case PermissionAnswered(by="stop"):
                self.started_calls.clear()  # What was still asked about did not begin.
            case PlanChanged():
                self.plan = event.items
            case FileChanged():
                self._file(event)
            case GoalChecked():
                self._checked(event)
            case MessageReceived():
                self.pending_messages.append(event)
            case Told() | RunResumed():
                self._told(event)
            case _:
                self._weigh(event)

    def _weigh(self, event: Event) -> None:
        match event:
            case CandidatesJudged():
                self.judged, self.accepted = event, None
            case CandidateAccepted() if self.judged is not None:
                self.accepted = self.judged.groups[event.group]
            case RunEnded():
                self.accepted = None  # What could not be carried out is not tried by itself again.
            case SamplingChanged():
                self.sampling = event.sampling
            case SnapshotTaken():
                self.snapshot = event.name
            case BriefWritten():
                self.brief = event.text
                self.usage += event.usage
                self.billed += event.billed
                self.cost_usd += event.cost_usd
            case _:
                pass

    def _answer(self, event: ModelAnswered) -> None:
        self.answered = event
        self.accepted = None
        self.usage += event.usage
        self.billed += event.billed
        self.cost_usd += event.cost_usd
        self.open_calls = {call.id: call for call in event.message.tool_calls}
        self.call_ids.update(self.open_calls)
        self.started_calls = set()
        for call in event.message.tool_calls:
            self.literals.used(call.arguments)
        text = event.message.text
        if text.strip():
            self.remarks.append(f"step {event.step}: {' '.join(text.split())[:LINE_CHARS_MAX]}")
            self.literals.learn(text, event.step, SAID)
            for note in notes_in(text, event.step):
                self._keep_note(note)

    def _keep_note(self, note: Note) -> None:
        """Keeps it; when there are too many, what nobody marked goes first."""
        _put_last(self.notes, note.text, note, SAYINGS_MAX * 2)
        if len(self.notes) > SAYINGS_MAX:
            unmarked = (key for key, one in self.notes.items() if not one.marked)
            del self.notes[next(unmarked, next(iter(self.notes)))]

    def _result(self, event: ToolReturned) -> None:
        call = self.open_calls.pop(event.call_id, None)
        arguments = _arguments(call)
        match event.tool, arguments:
            case "shell", {"command": str(command)}:
                self._command(command, event)
            case "read", {"path": str(path)} if not event.result.is_error:
                _put_last(self.read, path, event.step, READ_MAX)
            case _:
                pass
        if event.result.is_error:
            self._mistake(event.tool, event)

    def _command(self, command: str, event: ToolReturned) -> None:
        text = event.result.text
        ending = text.partition("\n")[0][:LINE_CHARS_MAX]
        run = CommandRun(ending, event.step, event.call_id)
        _put_last(self.commands, " ".join(command.split())[:LINE_CHARS_MAX], run, COMMANDS_MAX)
        suite = suite_result(command, text, event.step)
        if suite is not None:
            _put_last(self.suite_results, command[:LINE_CHARS_MAX], suite, SUITES_MAX)
        failed = not text.startswith("exit status 0")
        if failed and not event.result.is_error:
            self._mistake(f"$ {' '.join(command.split())}", event)
        if failed or not is_read_only(parse(command)):
            # What a command only shows stands in a file and can be shown again.
            self.literals.learn(text.partition("\n")[2], event.step, FAILED if failed else GAVE)

    def _mistake(self, what: str, event: ToolReturned) -> None:
        lines = [line.strip() for line in event.result.text.splitlines() if line.strip()]
        telling = [line for line in lines[1:] or lines if _TELLING.search(line)]
        line = (telling or lines or [""])[-1][:LINE_CHARS_MAX]
        self.mistakes.append(Mistake(what[:LINE_CHARS_MAX], line, event.step, event.call_id))

    def _file(self, event: FileChanged) -> None:
        if event.before is None:
            what = f"created in step {self.step}"
        elif event.after is None:
            what = f"deleted in step {self.step}"
        else:
            what = f"changed, last in step {self.step}"
        _put_last(self.files, event.path, what, FILES_MAX)
        first = self.changes.get(event.path, event)
        self.changes[event.path] = FileChanged(event.path, first.before, event.after)

    def _checked(self, event: GoalChecked) -> None:
        self.report = event.report
        self.gap = event.report.gap
        self.billed += event.billed
        self.cost_usd += event.cost_usd

    def _moved_on(self) -> None:
        """A person answered or resumed: what stood still may move again."""
        self.gap = ()
        self.re_entries = 0

    def _told(self, event: Told | RunResumed) -> None:
        if isinstance(event, RunResumed):
            self._moved_on()
        elif event.origin == "person":
            self.requests.append(event.text)
            self.pending_messages = [
                message for message in self.pending_messages if message.text != event.text
            ]
            for question in self.said("question"):
                del self.notes[question.text]  # The person has had their say since.
            self._moved_on()
        elif event.origin == "goal":
            self.re_entries += 1


def _put_last(ordered: dict[str, V], key: str, value: V, entries_max: int) -> None:
    """Sets the value as the newest entry and drops the oldest beyond the limit."""
    ordered.pop(key, None)
    ordered[key] = value
    while len(ordered) > entries_max:
        del ordered[next(iter(ordered))]


def _arguments(call: ToolCall | None) -> object:
    try:
        return json.loads(call.arguments) if call else None
    except (ValueError, RecursionError):
        return None
