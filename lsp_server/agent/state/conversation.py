"""This module knows what was said in a run, and what still waits for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import (
    BriefWritten,
    CycleStarted,
    Event,
    ModeChanged,
    ModelAnswered,
    RunStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.ids import Id
from lsp_server.domain.images import Image
from lsp_server.domain.message_events import MessageReceived, MessageRefused
from lsp_server.domain.permission_events import PermissionAnswered
from lsp_server.domain.tasks import RunId, Task
from lsp_server.domain.tools import ToolCall


@dataclass(slots=True)
class Conversation:
    """A `Conversation` knows the task, a person's messages, and the calls of the last answer.

    `answered` is the model's last answer.
    """

    task: Task | None = None
    requests: list[str] = field(default_factory=list)
    """What the person wrote, verbatim, the task first."""
    images: list[Image] = field(default_factory=list)
    """The images that the person sent since the task was given."""
    pending_messages: list[MessageReceived] = field(default_factory=list)
    """What the person wrote and the model has not read yet."""
    answered: ModelAnswered | None = None
    nothing_done: bool = True
    """Whether there is work to do and no call did any since the task or the person's last message."""
    mode_is_new: bool = False
    """Whether a person chose another mode than the one that the prompt speaks of."""
    brief: str = ""
    """The brief that the model wrote last, at the end of a cycle."""
    topics: dict[str, str] = field(default_factory=dict)
    """The results that stay in the prompt over cycles, by their topic, the newest last."""
    found_tools: list[str] = field(default_factory=list)
    """The tools that were found, each once, in order."""
    listed_tools: list[str] = field(default_factory=list)
    """Those of them that the request lists: all of earlier cycles, and what was found again by its name."""
    call_ids: set[str] = field(default_factory=set)
    """The ids of all calls so far."""
    open_calls: dict[str, ToolCall] = field(default_factory=dict)
    """Calls of the last answer that have no result yet, by id."""
    started_calls: set[str] = field(default_factory=set)
    """The ids of open calls that may have taken effect."""
    children: dict[Id, RunId] = field(default_factory=dict)
    """The runs that work or worked on calls, by the call's id."""
    ended_children: dict[RunId, ChildEnded] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case RunStarted(task=task):
                self.requests.append(task.instruction)
                self._set_task(task)
            case ModeChanged(mode) if self.task is not None:
                self._set_task(replace(self.task, mode=mode), mode_is_new=True)
            case ModelAnswered():
                self.answered = event
                self.open_calls = {call.id: call for call in event.message.tool_calls}
                self.call_ids.update(self.open_calls)
                self.started_calls = set()
            case ToolCalled():
                self.started_calls.add(event.call.id)
            case ToolReturned():
                self.open_calls.pop(event.call_id, None)
                self.nothing_done = self.nothing_done and event.result.is_error
                if event.result.topic:
                    self.topics.pop(event.result.topic, None)
                    self.topics[event.result.topic] = event.result.text
                self._find(event.result.found_tools)
            case CycleStarted():
                self.mode_is_new = False
                self._list(self.found_tools)
            case PermissionAnswered(by="stop"):
                self.started_calls.clear()  # What was still asked about did not begin.
            case ChildStarted() | ChildEnded():
                self._take_child(event)
            case MessageReceived():
                self.pending_messages.append(event)
            case Told(origin="person"):
                self._hear(event)
            case MessageRefused():
                self._take_from_pending(event.text)
            case BriefWritten():
                self.brief = event.text
            case _:
                pass

    def _set_task(self, task: Task, *, mode_is_new: bool = False) -> None:
        self.task, self.mode_is_new = task, mode_is_new
        self.nothing_done = task.mode != "plan"

    def _take_child(self, event: ChildStarted | ChildEnded) -> None:
        if isinstance(event, ChildStarted):
            self.children[event.call_id] = event.run_id
        else:
            self.ended_children[event.run_id] = event

    def _hear(self, event: Told) -> None:
        """Takes in what a person said."""
        self.requests.append(event.text)
        self.images += event.images
        self.nothing_done = self.task is None or self.task.mode != "plan"
        self._take_from_pending(event.text)

    def _take_from_pending(self, text: str) -> None:
        # Messages are recognised by their text, which the Event repeats.
        self.pending_messages = [one for one in self.pending_messages if one.text != text]

    def _find(self, names: Sequence[str]) -> None:
        if len(names) == 1:  # It was asked for by its name.
            self._list([name for name in names if name in self.found_tools])
        self.found_tools += [name for name in names if name not in self.found_tools]

    def _list(self, names: Sequence[str]) -> None:
        self.listed_tools += [name for name in names if name not in self.listed_tools]
