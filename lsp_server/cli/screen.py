"""This module shows a run as it goes: to a program as JSON, to a person as lines of text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol, TextIO

from lsp_server.agent.journal_format import event_value
from lsp_server.domain.events import (
    CandidatesJudged,
    Event,
    GoalChecked,
    ModelAnswered,
    PlanChanged,
    RecordedEvent,
    RunEnded,
    RunStarted,
    StepStarted,
    Streamed,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.domain.tools import ToolKind
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.session.child_runs import child_number, parent_id
from lsp_server.text.count import count_of
from lsp_server.text.excerpt import split_lines
from lsp_server.wording.event_view import view_of
from lsp_server.wording.run_texts import outcome_text
from lsp_server.wording.shown_event import Tone
from lsp_server.wording.workflow_texts import shows_whole

PREVIEW_LINES_MAX = 6
PREVIEW_CHARS_MAX = 160

_DIFF_TONES: Mapping[str, Tone] = {"+": "good", "-": "bad"}
_REPEATING_KINDS: frozenset[ToolKind] = frozenset({"plan", "finish"})
"""Kinds of tools whose results say no more than the Event that comes with them."""


class Screen(Protocol):
    """A `Screen` shows a run."""

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Shows one Event; ephemeral ones come too."""
        ...

    def asking(self) -> AbstractContextManager[None]:
        """Makes room for a question as long as it is open."""
        ...

    def listen(self, told: Callable[[str], None]) -> None:
        """Gives each line that a person types to `told`, where the screen can."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it was."""
        ...


class JsonLines:
    """`JsonLines` writes one Event a line; the last line has the outcome in short.

    Lines about a subagent have its `run_id`, and its parent's as `parent_id`.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        event = recorded.event
        if isinstance(event, Streamed):
            return
        line = _ended(run_id, event) if isinstance(event, RunEnded) else event_value(event)
        if (parent := parent_id(run_id)) is not None:
            line = {"run_id": run_id, **line, "parent_id": parent}
        self._out.write(json.dumps({"seq": recorded.seq, "at": recorded.at, **line}) + "\n")
        self._out.flush()

    def asking(self) -> AbstractContextManager[None]:
        return nullcontext()

    def listen(self, told: Callable[[str], None]) -> None:
        """Nobody types where a program reads, or what would be typed cannot be shown."""

    def close(self) -> None:
        self._out.flush()


def _ended(run_id: RunId, event: RunEnded) -> dict[str, object]:
    report = getattr(event.outcome, "report", None)
    goals = [
        {"text": item.condition.text, "verdict": item.verdict, "missing": item.missing}
        for item in (report.conditions if report else ())
    ]
    return {
        "kind": "run_ended",
        "outcome": event.outcome.outcome,
        "run_id": run_id,
        "steps": event.steps,
        "usage": _counts(event.billed),
        "cost_usd": event.cost_usd,
        "roles": {
            each.role: {**_counts(each.billed), "cost_usd": each.cost_usd} for each in event.roles
        },
        "goals": goals,
        "message": outcome_text(event.outcome),
    }


def _counts(billed: Usage) -> dict[str, int]:
    return {
        "input": billed.prompt_tokens,
        "cached": billed.cached_tokens,
        "output": billed.completion_tokens,
    }


class PlainScreen:
    """A `PlainScreen` writes text without colour, for pipes and logs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._formatter = RunFormatter()

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        for line in self._formatter.lines(run_id, recorded.event):
            self._out.write(visible(line.text) + "\n")
        self._out.flush()

    def asking(self) -> AbstractContextManager[None]:
        return nullcontext()

    def listen(self, told: Callable[[str], None]) -> None:
        """Nobody types where a program reads, or what would be typed cannot be shown."""

    def close(self) -> None:
        self._out.flush()


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """A `ScreenLine` is one line of text, with the tone for its colour."""

    text: str
    tone: Tone = "plain"


class EventFormatter:
    """Formats Events as lines for people; a tool call and its result become one paragraph.

    >>> [line.text for line in EventFormatter().lines(StepStarted(3, 1200))]
    ['step 3']
    """

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}

    def lines(self, event: Event) -> Iterator[ScreenLine]:
        """Yields the lines of one Event, none if it is of interest to a complete log alone."""
        if isinstance(event, Streamed):
            return
        view = view_of(event)
        match event:
            case RunStarted(run_id=run_id, model=model):
                yield ScreenLine(f"run {run_id} with {model}")
            case StepStarted():
                yield ScreenLine(view.label)
            case ModelAnswered():
                yield from _indented(view.detail, "  ")
            case ToolCalled():
                self._titles[event.call.id] = view.label
            case ToolReturned():
                title = self._titles.pop(event.call_id, event.tool)
                yield ScreenLine(f"  > {title}: {view.label}", view.tone)
                is_said = event.result.is_error and view.detail.strip() in view.label
                is_repeated = not event.result.is_error and event.tool_kind in _REPEATING_KINDS
                if not is_said and not is_repeated:
                    yield from _preview(view.detail)
            case RunEnded():
                yield ScreenLine("")
                yield from _indented(f"{event.outcome.outcome}: {view.detail}", "", view.tone)
            case PlanChanged() | GoalChecked() | CandidatesJudged():
                yield ScreenLine(f"  {view.label}", view.tone)
                yield from _indented(view.detail, "    ", "muted")
            case WorkflowChanged(nodes=nodes) if shows_whole(nodes):
                yield ScreenLine(f"  {view.label}", view.tone)
                yield from _indented(view.detail, "    ", "muted")
            case _ if view.label and view.tone != "muted":
                yield ScreenLine(f"  {view.label}", view.tone)


class RunFormatter:
    """A `RunFormatter` formats the Events of several runs; those of subagents are set in.

    >>> [line.text for line in RunFormatter().lines(RunId("r.2"), StepStarted(3, 1200))]
    ['  [2] step 3']
    """

    def __init__(self) -> None:
        self._formatters: dict[RunId, EventFormatter] = defaultdict(EventFormatter)

    def lines(self, run_id: RunId, event: Event) -> Iterator[ScreenLine]:
        """Yields the lines of one Event."""
        number = child_number(run_id)
        for line in self._formatters[run_id].lines(event):
            yield replace(line, text=f"  [{number}] {line.text}") if number else line


def _indented(text: str, indent: str, tone: Tone = "plain") -> Iterator[ScreenLine]:
    for line in filter(str.strip, split_lines(text)):
        yield ScreenLine(f"{indent}{line}", tone)


def _preview(text: str) -> Iterator[ScreenLine]:
    """The first lines of a result; it says how many are left out."""
    lines = split_lines(text)
    is_diff = any(line.startswith("@@ ") for line in lines)
    for line in lines[:PREVIEW_LINES_MAX]:
        tone = _DIFF_TONES.get(line[:1], "muted") if is_diff else "muted"
        yield ScreenLine(f"    | {line[:PREVIEW_CHARS_MAX]}", tone)
    if len(lines) > PREVIEW_LINES_MAX:
        yield ScreenLine(
            f"    | … {count_of(len(lines) - PREVIEW_LINES_MAX, 'more line')}", "muted"
        )
