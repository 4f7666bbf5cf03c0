"""What of a run's Events is worth finding again, as rows for memory.

A fold, like `state.py`: the same journal gives the same rows under the same
ids, so writing them twice is writing them once. How an action ended is known
later than that it ended: a check that fails afterwards, or an undo, gives rows
again that were given before, with another outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

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
from lsp_server.domain.memories import ActionOutcome, ActionRecord
from lsp_server.domain.tasks import Achieved, Outcome
from lsp_server.wording.run_texts import outcome_text, report_text

LOOKED_CHARS_MAX = 300
"""Of what was read or searched: the code index has the rest."""
LOOKING = ("read", "list", "search", "diagnostics")
IGNORED = ("recall", "plan", "finish", "remember")
"""Tools whose results only repeat what is recorded elsewhere."""
REASON_CHARS_MAX = 600
CHANGES_MAX = 200
"""Changes of a run whose outcome may still move."""
CHECK_SECTION = "\nthe goal's check after it: "


@dataclass(slots=True)
class _Doing:
    """A call under way, and the files that changed meanwhile."""

    called: ToolCalled
    at: str
    files: dict[str, None]


class ActionFold:
    """The rows of one run, told as they come."""

    def __init__(self) -> None:
        self._run_id = ""
        self._step = 0
        self._reason = ""
        self._doing: dict[str, _Doing] = {}
        self._task = ActionRecord("", "", 0, "", "task", "")
        self._files: dict[str, None] = {}
        self._changes: dict[str, ActionRecord] = {}
        """Rows of calls that changed files, by id, oldest first."""

    def fold(self, recorded: RecordedEvent) -> tuple[ActionRecord, ...]:
        """The rows that are new or different after this Event."""
        return tuple(self._rows(recorded))

    def _rows(self, recorded: RecordedEvent) -> Iterator[ActionRecord]:
        match recorded.event:
            case RunStarted() as event:
                self._run_id = event.run_id
                self._task = self._row("task", "task", event.task.instruction, recorded.at)
                yield self._task
            case ModelAnswered() as event:
                self._step = event.step
                said = event.message.text.strip() or event.message.reasoning.strip()
                self._reason = said[:REASON_CHARS_MAX]
            case ToolCalled() as event:
                self._doing[event.call.id] = _Doing(event, recorded.at, {})
            case FileChanged() as event:
                self._files[event.path] = None
                for doing in self._doing.values():
                    doing.files[event.path] = None
            case ToolReturned() as event if event.call_id in self._doing:
                yield from self._done(self._doing.pop(event.call_id), event)
            case Told(origin="person") as event:
                yield self._row(f"said-{recorded.seq}", "person", event.text, recorded.at)
            case CandidatesJudged() as event:
                yield from self._rejected(event, recorded)
            case GoalChecked() as event:
                yield from self._checked(event, recorded)
            case FileRestored(path, None):
                yield from self._reverted(path)
            case RunEnded() as event:
                yield self._ended(event.outcome)
            case _:
                pass

    def _done(self, doing: _Doing, event: ToolReturned) -> Iterator[ActionRecord]:
        if event.tool in IGNORED:
            return
        result = event.result.text
        row = replace(
            self._row(event.call_id, event.tool, doing.called.title, doing.at),
            arguments=_readable(doing.called.call.arguments),
            result=result[:LOOKED_CHARS_MAX] if event.tool in LOOKING else result,
            outcome="failed" if event.result.is_error or event.result.failed else "ok",
            files=tuple(dict.fromkeys((*event.result.changed, *doing.files))),
            reason=self._reason,
            seconds=round(event.seconds, 3),
        )
        if row.files and row.outcome == "ok":
            self._changes[row.id] = row
            for oldest in list(self._changes)[:-CHANGES_MAX]:
                del self._changes[oldest]
        yield row

    def _rejected(self, event: CandidatesJudged, recorded: RecordedEvent) -> Iterator[ActionRecord]:
        """The roads not taken, with why."""
        for place, group in enumerate(event.groups):
            if place != event.winner:
                name = f"proposal-{recorded.seq}-{place + 1}"
                title = f"not done: {group.title}"
                yield replace(
                    self._row(name, "proposal", title, recorded.at),
                    arguments="\n".join(_readable(call.arguments) for call in group.calls),
                    result=group.changes,
                    outcome="rejected",
                    reason=_why_not(group, event),
                )

    def _checked(self, event: GoalChecked, recorded: RecordedEvent) -> Iterator[ActionRecord]:
        report = event.report
        text = report_text(report)
        failed = [item for item in report.conditions if item.verdict == "unmet"]
        outcome: ActionOutcome = "ok" if report.met else "failed" if failed else "unknown"
        title = f"goal {'met' if report.met else 'not met'}: {report.goal.title}"
        yield replace(
            self._row(f"verdict-{recorded.seq}", "verdict", title, recorded.at),
            result=text,
            outcome=outcome,
            tree=report.tree,
        )
        if outcome != "unknown":
            # What was changed holds as long as nothing shows otherwise.
            for row in tuple(self._changes.values()):
                if row.outcome in ("ok", "failed"):
                    yield self._changed(row, outcome, f"{CHECK_SECTION}{title}")

    def _reverted(self, path: str) -> Iterator[ActionRecord]:
        for row in tuple(self._changes.values()):
            if path in row.files:
                yield self._changed(row, "reverted", "")

    def _changed(self, row: ActionRecord, outcome: ActionOutcome, note: str) -> ActionRecord:
        result = row.result.partition(CHECK_SECTION)[0] + note
        self._changes[row.id] = replace(row, outcome=outcome, result=result)
        return self._changes[row.id]

    def _ended(self, outcome: Outcome) -> ActionRecord:
        """The task again, with how it ended: the digest of the run, which is kept for good."""
        achieved = isinstance(outcome, Achieved)
        stopped = outcome.outcome in ("stopped", "blocked")
        return replace(
            self._task,
            step=self._step,
            result=f"{outcome.outcome}: {outcome_text(outcome)}",
            outcome="ok" if achieved else "unknown" if stopped else "failed",
            files=tuple(self._files),
            pinned=True,
        )

    def _row(self, name: str, tool: str, title: str, at: str) -> ActionRecord:
        line = " ".join(title.split())
        return ActionRecord(f"{self._run_id}/{name}", self._run_id, self._step, at, tool, line)


def action_rows(past: Iterable[RecordedEvent]) -> tuple[ActionRecord, ...]:
    """The rows of a whole journal, each as it stands in the end."""
    fold = ActionFold()
    rows = {row.id: row for recorded in past for row in fold.fold(recorded)}
    return tuple(rows.values())


def _readable(arguments: str) -> str:
    """Arguments with their letters as they are read, however they were escaped."""
    if "\\u" not in arguments:
        return arguments
    with suppress(ValueError, RecursionError):
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    return arguments


def _why_not(group: CandidateGroup, event: CandidatesJudged) -> str:
    if group.problem:
        return f"it could not have worked: {group.problem}"
    points = f" ({group.scores.total} of 40 points)" if group.scores is not None else ""
    return f"{event.groups[event.winner].title} was better{points}: {event.reason}"
