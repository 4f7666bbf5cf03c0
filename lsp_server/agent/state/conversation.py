"""This module knows what was said in a run, and what still waits for an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.events import (
    BriefWritten,
    Event,
    MessageReceived,
    ModelAnswered,
    PermissionAnswered,
    RunStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.tasks import Task
from lsp_server.domain.tools import ToolCall


@dataclass(slots=True)
class Conversation:
    """A `Conversation` knows the task, a person's messages, and the calls of the last answer.

    `answered` is the model's last answer.
    """

    task: Task | None = None
    requests: list[str] = field(default_factory=list)
    """What the person wrote, verbatim, the task first."""
    pending_messages: list[MessageReceived] = field(default_factory=list)
    """What the person wrote and the model has not read yet."""
    answered: ModelAnswered | None = None
    brief: str = ""
    """The brief that the model wrote last, at the end of a cycle."""
    topics: dict[str, str] = field(default_factory=dict)
    """The results that stay in the prompt over cycles, by their topic, the newest last."""
    call_ids: set[str] = field(default_factory=set)
    """The ids of all calls so far."""
    open_calls: dict[str, ToolCall] = field(default_factory=dict)
    """Calls of the last answer that have no result yet, by id."""
    started_calls: set[str] = field(default_factory=set)
    """The ids of open calls that may have taken effect."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case RunStarted():
                self.task = event.task
                self.requests.append(event.task.instruction)
            case ModelAnswered():
                self.answered = event
                self.open_calls = {call.id: call for call in event.message.tool_calls}
                self.call_ids.update(self.open_calls)
                self.started_calls = set()
            case ToolCalled():
                self.started_calls.add(event.call.id)
            case ToolReturned():
                self.open_calls.pop(event.call_id, None)
                if event.result.topic:
                    self.topics.pop(event.result.topic, None)
                    self.topics[event.result.topic] = event.result.text
            case PermissionAnswered(by="stop"):
                self.started_calls.clear()  # What was still asked about did not begin.
            case MessageReceived():
                self.pending_messages.append(event)
            case Told(origin="person"):
                self.requests.append(event.text)
                # Delivered messages are recognised by their text, which the Event repeats.
                waiting = self.pending_messages
                self.pending_messages = [one for one in waiting if one.text != event.text]
            case BriefWritten():
                self.brief = event.text
            case _:
                pass
