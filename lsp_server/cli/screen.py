"""What a person or a program sees of a run as it goes."""

from __future__ import annotations

import json
from typing import Protocol, TextIO

from lsp_server.agent import transcript
from lsp_server.agent.journal_format import event_value
from lsp_server.domain.events import (
    CandidatesJudged,
    CycleStarted,
    Event,
    GoalChecked,
    JudgeFellBack,
    ModelAnswered,
    ModelWaited,
    PermissionAsked,
    PlanChanged,
    RecordedEvent,
    RunEnded,
    RunStarted,
    SamplingChanged,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.permissions import visible
from lsp_server.domain.plans import outline
from lsp_server.domain.tasks import RunId

PREVIEW_LINES_MAX = 6
PREVIEW_CHARS_MAX = 160


class Screen(Protocol):
    """Shows Events; `close` leaves the terminal as it was."""

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None: ...

    def pause(self) -> None:
        """Makes room for a question."""
        ...

    def close(self) -> None: ...


class JsonLines:
    """One Event a line; the last line has the outcome in short."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        event = recorded.event
        if isinstance(event, Streamed):
            return
        line = _ended(run_id, event) if isinstance(event, RunEnded) else event_value(event)
        self._out.write(json.dumps({"seq": recorded.seq, "at": recorded.at, **line}) + "\n")
        self._out.flush()

    def pause(self) -> None:
        pass

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
        "usage": {
            "input": event.billed.prompt_tokens,
            "cached": event.billed.cached_tokens,
            "output": event.billed.completion_tokens,
        },
        "cost_usd": event.cost_usd,
        "goals": goals,
        "message": transcript.outcome_text(event.outcome),
    }


class PlainScreen:
    """One line a fact, for pipes and logs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._narrator = EventFormatter()

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        for line in self._narrator.lines(run_id, recorded.event):
            self._out.write(visible(line) + "\n")
        self._out.flush()

    def pause(self) -> None:
        pass

    def close(self) -> None:
        self._out.flush()


class EventFormatter:
    """Events as lines for people; a call and its result become one paragraph."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}

    def lines(self, run_id: RunId, event: Event) -> list[str]:
        match event:
            case RunStarted():
                return [f"run {run_id} with {event.model}"]
            case StepStarted():
                return [f"step {event.step}"]
            case ModelAnswered() if event.message.text.strip():
                return [f"  {line}" for line in event.message.text.strip().splitlines()]
            case ToolCalled():
                self._titles[event.call.id] = event.title
                return []
            case ToolReturned():
                return self._result(event)
            case PlanChanged():
                return outline(event.items, "    ")
            case RunEnded():
                spent = transcript.usage_text(event.billed, event.cost_usd)
                ended = f"{event.outcome.outcome}: {transcript.outcome_text(event.outcome)}"
                return ["", ended, f"{event.steps} steps, {spent}"]
            case _:
                return _notices(event)

    def _result(self, event: ToolReturned) -> list[str]:
        title = self._titles.pop(event.call_id, event.tool)
        if event.tool == "shell" and not event.result.is_error:
            ending, _, output = event.result.text.partition("\n")
            return [f"  > {title}: {ending}", *_preview(output)]
        mark = "failed" if event.result.is_error else "ok"
        line = f"  > {title}: {mark}, {event.seconds:.1f} s"
        told = event.tool in ("plan", "finish") and not event.result.is_error
        return [line] if told else [line, *_preview(event.result.text)]


def _notices(event: Event) -> list[str]:
    match event:
        case ModelWaited():
            return [f"  waiting {event.delay_seconds:.0f} s: {event.reason}"]
        case CandidatesJudged() | JudgeFellBack() | SamplingChanged():
            return [f"  {transcript.sampling_text(event)}"]
        case CycleStarted() if event.number > 1:
            return [f"  new cycle: {event.reason}"]
        case Told(origin="goal"):
            return ["  not done yet: it is told what is missing and goes on"]
        case Told():
            return [f"  ({event.origin}: {transcript.task_title(event.text)})"]
        case PermissionAsked():
            return [f"  asks: {event.question.summary}"]
        case GoalChecked():
            return [f"  {line}" for line in transcript.report_text(event.report).splitlines()]
        case Warned():
            return [f"  warning: {event.message}"]
        case _:
            return []


def _preview(text: str) -> list[str]:
    lines = text.splitlines()
    shown = [f"    | {line[:PREVIEW_CHARS_MAX]}" for line in lines[:PREVIEW_LINES_MAX]]
    if len(lines) > PREVIEW_LINES_MAX:
        shown.append(f"    | … {len(lines) - PREVIEW_LINES_MAX} more lines")
    return shown
