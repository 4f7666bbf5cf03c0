"""This module makes rows for memory of those Events of a run that are worth finding again.

It is a fold, like the state of a run: the same journal gives the same rows under the same
ids, so that writing them twice does no harm. Whether a change was any good is known only
later: a check that fails afterwards, or an undo, gives rows again that were given before,
with another outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from lsp_server.agent.effect import has_effect
from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import (
    CandidatesJudged,
    FileChanged,
    FileRestored,
    GoalChecked,
    ModelAnswered,
    RecordedEvent,
    RunEnded,
    RunStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.memories import TASK, ActionOutcome, ActionRecord
from lsp_server.domain.tasks import Achieved, Finished, Outcome
from lsp_server.domain.tools import ToolKind
from lsp_server.wording.run_texts import outcome_text, report_text

LOOKED_CHARS_MAX = 300
"""How much is kept of what was read or searched: the code index has the rest."""
REPEATING_KINDS: frozenset[ToolKind] = frozenset({"recall", "plan", "finish"})
"""Kinds of tools whose results only repeat what is recorded elsewhere."""
REASON_CHARS_MAX = 600
CHANGES_MAX = 200
"""How many of a run's changes, the latest, may still get another outcome."""
CHECK_SECTION = "\nthe goal's check after it: "


@dataclass(slots=True)
class _OpenCall:
    """An `_OpenCall` is a call under way, with the files that changed meanwhile."""

    called: ToolCalled
    at: str
    files: dict[str, None]


class ActionFold:
    """An `ActionFold` gives the rows of one run, Event by Event.

    >>> from lsp_server.domain.tasks import RunId, Task
    >>> started = RunStarted(RunId("run-1"), Task("Fix the parser"), "/project", "a model")
    >>> rows = ActionFold().fold(RecordedEvent(0, "2026-01-01T00:00:00+00:00", started))
    >>> [(row.id, row.title, row.outcome) for row in rows]
    [('run-1/task', 'Fix the parser', 'unknown')]
    """

    def __init__(self) -> None:
        self._run_id = ""
        self._step = 0
        self._reason = ""
        self._open_calls: dict[str, _OpenCall] = {}
        self._task = ActionRecord("", "", 0, "", TASK, "")
        self._files: dict[str, None] = {}
        self._changes: dict[str, ActionRecord] = {}
        """Rows of calls that changed files, by id, oldest first."""

    def fold(self, recorded: RecordedEvent) -> tuple[ActionRecord, ...]:
        """Returns the rows that are new or different after this Event."""
        return tuple(self._rows(recorded))

    def _rows(self, recorded: RecordedEvent) -> Iterator[ActionRecord]:
        match recorded.event:
            case RunStarted() as event:
                self._run_id = event.run_id
                self._task = self._row(TASK, TASK, event.task.instruction, recorded.at)
                yield self._task
            case ModelAnswered() as event:
                self._step = event.step
                # An answer that only calls tools may have its reason in the reasoning.
                said = event.message.text.strip() or event.message.reasoning.strip()
                self._reason = said[:REASON_CHARS_MAX]
            case ToolCalled() as event:
                self._open_calls[event.call.id] = _OpenCall(event, recorded.at, {})
            case FileChanged() as event:
                self._files[event.path] = None
                for call in self._open_calls.values():
                    call.files[event.path] = None
            case ToolReturned() as event if event.call_id in self._open_calls:
                yield from self._finish_call(self._open_calls.pop(event.call_id), event)
            case Told(origin="person") as event:
                yield self._row(f"said-{recorded.seq}", "person", event.text, recorded.at)
            case CandidatesJudged() as event:
                yield from self._list_rejected(event, recorded)
            case GoalChecked() as event:
                yield from self._add_verdict(event, recorded)
            case FileRestored(path, None):
                yield from self._revert(path)
            case RunEnded() as event:
                yield self._end_task(event.outcome)
            case _:
                pass

    def _finish_call(self, call: _OpenCall, event: ToolReturned) -> Iterator[ActionRecord]:
        # What a subagent did is in rows of its own run.
        if event.tool_kind in REPEATING_KINDS or event.tool_kind == "task":
            return
        result = event.result.text
        row = replace(
            self._row(event.call_id, event.tool, call.called.title, call.at),
            arguments=_unescape(call.called.call.arguments),
            result=result[:LOOKED_CHARS_MAX] if event.tool_kind in ("read", "fetch") else result,
            outcome="failed" if event.result.has_failed else "ok",
            files=tuple(dict.fromkeys((*event.result.changed, *call.files))),
            reason=self._reason,
            seconds=round(event.seconds, 3),
        )
        row = replace(row, looked=not row.files and not has_effect(call.called))
        # A call that failed keeps that outcome, whatever a later check shows.
        if row.files and row.outcome == "ok":
            self._changes[row.id] = row
            for oldest in list(self._changes)[:-CHANGES_MAX]:
                del self._changes[oldest]
        yield row

    def _list_rejected(
        self, event: CandidatesJudged, recorded: RecordedEvent
    ) -> Iterator[ActionRecord]:
        """Yields the proposals that were not chosen, and why."""
        for place, group in enumerate(event.groups):
            if place != event.winner:
                name = f"proposal-{recorded.seq}-{place + 1}"
                title = f"not done: {group.title}"
                yield replace(
                    self._row(name, "proposal", title, recorded.at),
                    arguments="\n".join(_unescape(call.arguments) for call in group.calls),
                    result=group.changes,
                    outcome="rejected",
                    reason=_explain_rejection(group, event),
                )

    def _add_verdict(self, event: GoalChecked, recorded: RecordedEvent) -> Iterator[ActionRecord]:
        report = event.report
        text = report_text(report)
        failed = [item for item in report.conditions if item.verdict == "unmet"]
        outcome: ActionOutcome = "ok" if report.met else "failed" if failed else "unknown"
        what = "task" if report.goal.is_task else "goal"
        title = f"{what} {'met' if report.met else 'not met'}: {report.goal.title}"
        yield replace(
            self._row(f"verdict-{recorded.seq}", "verdict", title, recorded.at),
            result=text,
            outcome=outcome,
            tree=report.tree,
        )
        if outcome != "unknown":
            # The last check speaks for all changes before it; what was taken back stays so.
            for row in tuple(self._changes.values()):
                if row.outcome in ("ok", "failed"):
                    yield self._update(row, outcome, f"{CHECK_SECTION}{title}")

    def _revert(self, path: str) -> Iterator[ActionRecord]:
        for row in tuple(self._changes.values()):
            if path in row.files:
                yield self._update(row, "reverted", "")

    def _update(self, row: ActionRecord, outcome: ActionOutcome, note: str) -> ActionRecord:
        # A later check takes the place of an earlier one in the row.
        result = row.result.partition(CHECK_SECTION)[0] + note
        self._changes[row.id] = replace(row, outcome=outcome, result=result)
        return self._changes[row.id]

    def _end_task(self, outcome: Outcome) -> ActionRecord:
        """Returns the row of the task again, with how it ended: it is kept for good."""
        # Of what ended by itself the result says whether it was verified.
        over = isinstance(outcome, Achieved | Finished)
        stopped = outcome.outcome in ("stopped", "blocked")
        return replace(
            self._task,
            step=self._step,
            result=f"{outcome.outcome}: {outcome_text(outcome)}",
            outcome="ok" if over else "unknown" if stopped else "failed",
            files=tuple(self._files),
            pinned=True,
        )

    def _row(self, name: str, tool: str, title: str, at: str) -> ActionRecord:
        line = " ".join(title.split())
        return ActionRecord(f"{self._run_id}/{name}", self._run_id, self._step, at, tool, line)


def action_rows(past: Iterable[RecordedEvent]) -> tuple[ActionRecord, ...]:
    """Returns the rows of a whole journal, each with the outcome that it has in the end."""
    fold = ActionFold()
    rows = {row.id: row for recorded in past for row in fold.fold(recorded)}
    return tuple(rows.values())


def _unescape(arguments: str) -> str:
    """Returns the arguments as people read them: some models escape all but ASCII."""
    if "\\u" not in arguments:
        return arguments
    with suppress(ValueError, RecursionError):
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    return arguments


def _explain_rejection(group: CandidateGroup, event: CandidatesJudged) -> str:
    if group.problem:
        return f"it could not have worked: {group.problem}"
    points = f" ({group.scores.total} of 40 points)" if group.scores is not None else ""
    return f"{event.groups[event.winner].title} was better{points}: {event.reason}"
