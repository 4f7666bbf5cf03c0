"""What is known of a run without asking a model: a fold over its Events.

Replaying the journal gives the same state, byte for byte, so a new cycle and a
resumed run start from the same text. Lists are bounded; what falls out is still
in the journal and `recall` finds it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import (
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
    RunResumed,
    RunStarted,
    SamplingChanged,
    StepStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.messages import ToolCall, Usage
from lsp_server.domain.plans import PlanItem
from lsp_server.domain.tasks import Sampling, Task

REMARKS_MAX = 40
COMMANDS_MAX = 40
FILES_MAX = 200
ERRORS_MAX = 15
REMARK_CHARS_MAX = 300
RECENT_FILES = 10


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
    """What a person chose of `judged`, until it is the run's answer."""
    sampling: Sampling | None = None
    """What a person wished since the run began; None: what the task says counts."""
    answered: ModelAnswered | None = None
    open_calls: dict[str, ToolCall] = field(default_factory=dict)
    """Calls of the last answer that have no result yet, by id."""
    started_calls: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    """What the person wrote, verbatim, the task first."""
    remarks: deque[str] = field(default_factory=lambda: deque(maxlen=REMARKS_MAX))
    commands: dict[str, str] = field(default_factory=dict)
    """The first line of each command's last result, oldest first."""
    files: dict[str, str] = field(default_factory=dict)
    """What the run did to each file, oldest first."""
    changes: dict[str, FileChanged] = field(default_factory=dict)
    """By path: the content before the run's first change and after its last."""
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=ERRORS_MAX))
    mail: list[MessageReceived] = field(default_factory=list)
    """What the person wrote and the model was not told yet."""

    @property
    def about(self) -> str:
        """The task, the person's last word and what is being done, for a search."""
        doing = [item.text for item in self.plan if item.status == "in_progress"]
        return "\n".join([*self.requests[:1], *self.requests[1:][-1:], *doing])

    @property
    def recent_files(self) -> tuple[str, ...]:
        """The files that the run changed last, the latest first."""
        return tuple(reversed(self.files))[:RECENT_FILES]

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
                self.mail.append(event)
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
            case SamplingChanged():
                self.sampling = event.sampling
            case _:
                pass

    def _answer(self, event: ModelAnswered) -> None:
        self.answered = event
        self.accepted = None
        self.usage += event.usage
        self.billed += event.billed
        self.cost_usd += event.cost_usd
        self.open_calls = {call.id: call for call in event.message.tool_calls}
        self.started_calls = set()
        text = " ".join(event.message.text.split())
        if text:
            self.remarks.append(f"step {event.step}: {text[:REMARK_CHARS_MAX]}")

    def _result(self, event: ToolReturned) -> None:
        call = self.open_calls.pop(event.call_id, None)
        first_line = event.result.text.partition("\n")[0][:200]
        if event.tool == "shell" and call is not None:
            _put_last(self.commands, call.arguments[:300], first_line, COMMANDS_MAX)
        if event.result.is_error:
            self.errors.append(f"step {event.step}: {event.tool}: {first_line}")

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
            self.mail = [mail for mail in self.mail if mail.text != event.text]
            self._moved_on()
        elif event.origin == "goal":
            self.re_entries += 1


def _put_last(ordered: dict[str, str], key: str, value: str, entries_max: int) -> None:
    """Sets the value as the newest entry and drops the oldest beyond the limit."""
    ordered.pop(key, None)
    ordered[key] = value
    while len(ordered) > entries_max:
        del ordered[next(iter(ordered))]


def render(state: State, chars_max: int) -> str:
    """The state as the opening of a new cycle, in Markdown, newest things kept first."""
    sections = [
        ("What the person asked, verbatim", state.requests),
        ("Plan", [f"[{item.status}] {item.text}" for item in state.plan]),
        ("The last check of the goal", _report_lines(state.report)),
        ("Files that this run changed", _pairs(state.files)),
        ("Commands and how they last ended", _pairs(state.commands)),
        ("Errors met", list(state.errors)),
        ("What you said on the way", list(state.remarks)),
    ]
    parts: list[str] = []
    left = chars_max
    for title, lines in sections:
        body = _newest(lines, max(left, 0))
        if body:
            parts.append(f"## {title}\n{body}")
            left -= len(parts[-1])
    return "\n\n".join(parts)


def _pairs(entries: dict[str, str]) -> list[str]:
    return [f"`{key}`: {value}" for key, value in entries.items()]


def _report_lines(report: GoalReport | None) -> list[str]:
    if report is None:
        return []
    return [
        f"[{item.verdict}] {item.condition.text}" + (f": {item.missing}" if item.missing else "")
        for item in report.conditions
    ]


def _newest(lines: list[str], chars_max: int) -> str:
    """The last lines that fit, as a list, and how many were left out."""
    kept: list[str] = []
    for line in reversed(lines):
        chars_max -= len(line) + 3
        if chars_max < 0:
            kept.append(f"({len(lines) - len(kept)} earlier ones left out; recall finds them)")
            break
        kept.append(f"- {line}")
    return "\n".join(reversed(kept))
