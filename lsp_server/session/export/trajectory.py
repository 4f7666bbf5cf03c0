"""This module makes an ATIF trajectory of a run: the format of Harbor, which graders read.

What the model was sent and said are steps: the system prompt and the opening of each cycle,
its answers with their calls and results, and what it was told in between. Runs that a run began
are embedded, and what began them refers to them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from lsp_server import __version__
from lsp_server.domain.attempt_events import AttemptStarted
from lsp_server.domain.child_events import ChildStarted
from lsp_server.domain.events import (
    BriefWritten,
    CandidatesJudged,
    CycleStarted,
    Event,
    GoalChecked,
    ModelAnswered,
    RunEnded,
    RunResumed,
    RunStarted,
    Told,
    ToolReturned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.permission_events import PermissionAnswered
from lsp_server.domain.tools import Malformed, ToolCall
from lsp_server.session.child_runs import top_id
from lsp_server.session.export.exported_run import ExportedRun
from lsp_server.wording.event_view import view_of

SCHEMA_VERSION = "ATIF-v1.8"
AGENT = "holdfast"

JsonObject: TypeAlias = dict[str, Any]


def trajectory(run: ExportedRun) -> str:
    """Returns the trajectory of a run as JSON, its children embedded."""
    return json.dumps(_document(run), ensure_ascii=False, indent=2) + "\n"


def _document(run: ExportedRun) -> JsonObject:
    steps = _Steps()
    for record in run.records:
        steps.add(record.event, record.at)
    start = run.start
    model = {"model_name": run.model_name} if run.model_name else {}
    return _without_nothing(
        {
            "schema_version": SCHEMA_VERSION,
            "session_id": top_id(run.run_id),
            "trajectory_id": run.run_id,
            "agent": {"name": AGENT, "version": __version__, **model},
            "steps": steps.numbered(start),
            "final_metrics": steps.final_metrics,
            "subagent_trajectories": [_document(child) for child in run.children] or None,
            "extra": _extra(run, start),
        }
    )


def _extra(run: ExportedRun, start: RunStarted | None) -> JsonObject:
    ended = [event for event in run.events if isinstance(event, RunEnded)][-1:]
    task = start.task.instruction if start is not None else None
    outcome = ended[0].outcome.outcome if ended else "unfinished"
    return _without_nothing({"task": task, "outcome": outcome})


class _Steps:
    """The steps of one trajectory as its Events come; a result joins the step of its call."""

    def __init__(self) -> None:
        self.final_metrics: JsonObject | None = None
        self._steps: list[JsonObject] = []
        self._by_call: dict[str, JsonObject] = {}
        self._choice: JsonObject = {}

    def numbered(self, start: RunStarted | None) -> list[JsonObject]:
        """Returns the steps, counted from 1. Of a run that got no further it is the task alone."""
        task = start.task.instruction if start is not None else ""
        steps = self._steps or [{"source": "user", "message": task}]
        if self.final_metrics is not None:
            self.final_metrics["total_steps"] = len(steps)
        return [{"step_id": number, **step} for number, step in enumerate(steps, start=1)]

    def add(self, event: Event, at: str) -> None:
        """Takes an Event in."""
        match event:
            case CycleStarted(number=number, reason=reason):
                about = {"cycle": number, "reason": reason}
                self._put(at, "system", event.system, extra=about)
                self._put(at, "user", event.opening)
            case Told(text=text, origin=origin):
                source = "user" if origin == "person" else "system"
                self._put(at, source, text, extra={"origin": origin})
            case CandidatesJudged():
                self._choice = {
                    "candidates": event.drawn, "chosen_by": event.by, "why": event.reason
                }  # fmt: skip
            case ModelAnswered():
                self._answer(event, at)
            case BriefWritten():
                extra = {"kind": event.kind}
                self._put(at, "agent", event.text, metrics=_metrics(event), extra=extra)
            case ToolReturned():
                self._result(event, at)
            case ChildStarted(run_id=child, call_id=call_id):
                self._refer(call_id, child, event, at)
            case AttemptStarted(run_id=child):
                self._refer("", child, event, at)
            case GoalChecked() | RunResumed() | PermissionAnswered():
                view = view_of(event)
                text = "\n".join(part for part in (view.label, view.detail) if part)
                self._put(at, "system", text, extra={"kind": event.kind})
            case RunEnded():
                self.final_metrics = _final_metrics(event.billed, event.cost_usd)
            case _:
                pass

    def _answer(self, event: ModelAnswered, at: str) -> None:
        message = event.message
        calls = [_call(call) for call in message.tool_calls]
        step = self._put(
            at,
            "agent",
            message.text,
            reasoning_content=message.reasoning or None,
            tool_calls=calls or None,
            metrics=_metrics(event),
            # Of several candidates or tries it is not known how many there were.
            llm_call_count=1 if event.billed == event.usage else None,
            extra={"stop_reason": event.stop_reason, **self._choice},
        )
        self._choice = {}
        self._by_call |= {call.id: step for call in message.tool_calls}

    def _result(self, event: ToolReturned, at: str) -> None:
        result = self._observed(event.call_id, at)
        result["content"] = event.result.text
        result["extra"] = {"seconds": event.seconds, "is_error": event.result.is_error}

    def _refer(self, call_id: str, child: str, event: Event, at: str) -> None:
        result = self._observed(call_id, at, view_of(event).label)
        result.setdefault("subagent_trajectory_ref", []).append({"trajectory_id": child})

    def _observed(self, call_id: str, at: str, says: str = "") -> JsonObject:
        """The result of a call, in its step; in a step of its own where the call is not known."""
        step = self._by_call.get(call_id)
        if step is None:
            step, of_call = self._put(at, "system", says), {}
        else:
            of_call = {"source_call_id": call_id}
        results: list[JsonObject] = step.setdefault("observation", {"results": []})["results"]
        found = next((one for one in results if one.get("source_call_id") == call_id), None)
        if found is None:
            found = {**of_call}
            results.append(found)
        return found

    def _put(self, at: str, source: str, message: str, **more: Any) -> JsonObject:
        step = _without_nothing(
            {"timestamp": at or None, "source": source, "message": message, **more}
        )
        self._steps.append(step)
        return step


def _call(call: ToolCall) -> JsonObject:
    arguments = call.parsed
    called: JsonObject = {"tool_call_id": call.id, "function_name": call.name}
    if isinstance(arguments, Malformed):
        return {**called, "arguments": {}, "extra": {"malformed": call.arguments}}
    return {**called, "arguments": dict(arguments)}


def _metrics(event: ModelAnswered | BriefWritten) -> JsonObject:
    billed = event.billed
    return {
        "prompt_tokens": billed.prompt_tokens,
        "completion_tokens": billed.completion_tokens,
        "cached_tokens": billed.cached_tokens,
        "cost_usd": event.cost_usd,
    }


def _final_metrics(billed: Usage, cost_usd: float) -> JsonObject:
    return {
        "total_prompt_tokens": billed.prompt_tokens,
        "total_completion_tokens": billed.completion_tokens,
        "total_cached_tokens": billed.cached_tokens,
        "total_cost_usd": cost_usd,
    }


def _without_nothing(values: Mapping[str, Any]) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}
