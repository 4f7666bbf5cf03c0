"""This module turns the Events of a run into what the client shows of its session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from acp import helpers, schema

from lsp_server.acp import tool_updates
from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import (
    Event,
    FileChanged,
    GoalChecked,
    ModelAnswered,
    ModelWaited,
    PlanChanged,
    RunEnded,
    RunResumed,
    RunStarted,
    StepFinished,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.message_events import MessageReceived, MessageRefused
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.plans import PlanItem, PlanStatus, walk
from lsp_server.domain.tools import ToolCall
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.domain.workflows import NodeStatus
from lsp_server.wording.event_view import view_of
from lsp_server.wording.run_texts import outcome_text, run_title
from lsp_server.wording.workflow_texts import as_tree, node_text

READ_SOON = "your message is read before the next tool call"

Update: TypeAlias = Any
"""One of the SDK's classes for what `session/update` says."""

EntryStatus: TypeAlias = Literal["pending", "in_progress", "completed"]

_STATUSES: dict[PlanStatus, EntryStatus] = {
    "pending": "pending",
    "in_progress": "in_progress",
    "done": "completed",
    "dropped": "completed",
}


class RunUpdates:
    """`RunUpdates` is a fold over the Events of one run; each gives the updates that show it.

    `prompt_tokens_max` is the size of a full prompt. When a past is shown, `replays` is true:
    what a person wrote is said too, and answers come whole, as nothing of them was streamed.
    """

    def __init__(self, root: Path, prompt_tokens_max: int, *, replays: bool = False) -> None:
        self.replays = replays
        self._root = root
        self._prompt_tokens_max = prompt_tokens_max
        self._plan: tuple[PlanItem, ...] = ()
        self._nodes: tuple[NodeStatus, ...] = ()
        self._report: GoalReport | None = None
        self._streamed: dict[str, str] = {}
        self._said = ""
        self._is_at_work = False
        self._open: dict[str, ToolCall] = {}
        self._hidden: set[str] = set()
        self._changes: list[FileChanged] = []
        self._children: dict[str, tuple[str, list[str]]] = {}
        self._used_tokens = 0

    def of(self, event: Event) -> Iterator[Update]:
        """Yields what shows an Event."""
        match event:
            case RunStarted() | MessageReceived() | RunEnded() | MessageRefused() | Told():
                yield from self._conversation(event)
            case StepStarted() | Streamed() | ModelWaited() | ModelAnswered() | StepFinished():
                yield from self._step(event)
            case ToolCalled() | ToolReturned() | FileChanged():
                yield from self._tool(event)
            case ChildStarted() | ChildEnded():
                yield from self._child(event)
            case PlanChanged(items):
                self._plan = items
                yield self._plan_update()
            case WorkflowChanged(nodes=nodes):
                self._nodes = nodes
                yield self._plan_update()
            case GoalChecked(report):
                self._report = report
                if not report.goal.is_task:
                    yield self._plan_update()
                yield _goal_info(report)
            case Warned():
                yield helpers.update_agent_message_text(f"\n\n> {view_of(event).label}\n\n")
            case PermissionAsked() | PermissionAnswered() | RunResumed():
                pass  # Shown by the question itself, and by what follows.
            case _:
                view = view_of(event)
                if view.label and view.tone != "muted":
                    yield helpers.update_agent_thought_text(f"{view.label}\n")

    def child_event(self, run_id: str, event: Event) -> Iterator[Update]:
        """Yields what shows an Event of a child: a line in the call that began it."""
        if isinstance(event, ToolCalled) and run_id in self._children:
            yield from self._child_line(run_id, event.title)

    def call_of(self, tool: str) -> str | None:
        """Returns the id of the call of a tool that is under way, the newest one."""
        calls = (call.id for call in reversed(self._open.values()) if call.name == tool)
        return next(calls, None)

    def take_changes(self) -> list[FileChanged]:
        """Returns the changes of the calls that ended since it was last asked."""
        taken, self._changes = self._changes, []
        return taken

    def _conversation(
        self, event: RunStarted | MessageReceived | RunEnded | MessageRefused | Told
    ) -> Iterator[Update]:
        match event:
            case RunStarted(task=task):
                yield schema.SessionInfoUpdate(
                    session_update="session_info_update", title=run_title(task)
                )
                if self.replays:
                    yield helpers.update_user_message_text(task.instruction)
            case MessageReceived(text):
                if self.replays:
                    yield helpers.update_user_message_text(text)
                elif self._is_at_work:
                    yield helpers.update_agent_thought_text(f"{READ_SOON}\n")
            case MessageRefused():
                yield helpers.update_agent_message_text(f"\n\n> {view_of(event).label}\n\n")
            case Told(origin="person"):
                pass  # The person wrote it.
            case Told():
                yield helpers.update_agent_thought_text(f"{view_of(event).label}\n")
            case RunEnded(outcome):
                self._is_at_work = False
                words = outcome_text(outcome)
                said = self._said.strip()
                if said and words.startswith(said):
                    words = words[len(said) :]
                if words.strip():
                    yield helpers.update_agent_message_text(f"\n\n{words.strip()}")

    def _step(
        self, event: StepStarted | Streamed | ModelWaited | ModelAnswered | StepFinished
    ) -> Iterator[Update]:
        match event:
            case StepStarted(prompt_tokens=tokens):
                self._is_at_work = True
                self._streamed = {}
                self._used_tokens = tokens
            case Streamed(channel=channel, text=text):
                if channel != "tool":
                    yield _chunk(channel, text)
                    self._streamed[channel] = self._streamed.get(channel, "") + text
            case ModelWaited():
                yield helpers.update_agent_thought_text(f"\n{view_of(event).label}\n")
            case ModelAnswered(message=message):
                self._said = message.text
                self._used_tokens = event.usage.prompt_tokens + event.usage.completion_tokens
                yield from self._rest("reasoning", message.reasoning)
                yield from self._rest("text", message.text)
            case StepFinished(cost_usd=cost_usd):
                yield schema.UsageUpdate(
                    session_update="usage_update",
                    used=self._used_tokens,
                    size=self._prompt_tokens_max,
                    cost=schema.Cost(amount=cost_usd, currency="USD"),
                )

    def _rest(self, channel: Literal["text", "reasoning"], text: str) -> Iterator[Update]:
        """What of an answer was not streamed; all of it where the stream began anew."""
        streamed = self._streamed.pop(channel, "")
        if text.startswith(streamed):
            text = text[len(streamed) :]
        elif streamed.endswith(text):
            return  # The pieces of an attempt that failed came before.
        if text.strip():
            yield _chunk(channel, text)

    def _tool(self, event: ToolCalled | ToolReturned | FileChanged) -> Iterator[Update]:
        match event:
            case FileChanged():
                self._changes.append(event)
            case ToolCalled(call=call):
                self._open[call.id] = call
                if event.tool_kind in tool_updates.TOLD_OTHERWISE:
                    self._hidden.add(call.id)
                else:
                    yield tool_updates.started(event, self._root)
            case ToolReturned(call_id=call_id):
                if call_id in self._open and call_id not in self._hidden:
                    yield tool_updates.ended(event)
                self._open.pop(call_id, None)
                self._hidden.discard(call_id)

    def _child(self, event: ChildStarted | ChildEnded) -> Iterator[Update]:
        if isinstance(event, ChildStarted):
            if not event.tool_call:
                return  # A node of a workflow that is the task: the plan shows it.
            self._children[event.run_id] = (event.tool_call, [])
        if event.run_id in self._children:
            yield from self._child_line(event.run_id, view_of(event).label)

    def _child_line(self, run_id: str, line: str) -> Iterator[Update]:
        call_id, lines = self._children[run_id]
        lines.append(f"- {line}")
        text = helpers.tool_content(helpers.text_block("\n".join(lines[-CHILD_LINES_MAX:])))
        yield helpers.update_tool_call(call_id, content=[text])

    def _plan_update(self) -> schema.AgentPlanUpdate:
        entries = [
            helpers.plan_entry("  " * depth + item.text, status=_STATUSES[item.status])
            for depth, item in walk(self._plan)
            if item.status != "dropped"
        ]
        entries += [
            helpers.plan_entry("  " * depth + node_text(node), status=_node_status(node))
            for depth, node in as_tree(self._nodes)
        ]
        if self._report is not None and not self._report.goal.is_task:
            entries += [
                helpers.plan_entry(
                    f"Goal: {one.condition.text}",
                    priority="high",
                    status="completed" if one.verdict == "met" else "pending",
                )
                for one in self._report.conditions
            ]
        return helpers.update_plan(entries)


CHILD_LINES_MAX = 20
"""The last lines of a child that its call shows."""


def _node_status(node: NodeStatus) -> EntryStatus:
    """Returns the status of an entry for a node; one that fell short stays open, and says why."""
    if node.state == "running":
        return "in_progress"
    return "completed" if node.is_done else "pending"


def _chunk(channel: Literal["text", "reasoning"], text: str) -> Update:
    if channel == "text":
        return helpers.update_agent_message_text(text)
    return helpers.update_agent_thought_text(text)


def _goal_info(report: GoalReport) -> schema.SessionInfoUpdate:
    """What is known of the goal, for clients that show more than a plan."""
    verdicts = {one.condition.id: one.verdict for one in report.conditions}
    goal = {"id": report.goal.id, "title": report.goal.title, "verdicts": verdicts}
    return schema.SessionInfoUpdate(
        session_update="session_info_update", field_meta={"holdfast": {"goal": goal}}
    )
