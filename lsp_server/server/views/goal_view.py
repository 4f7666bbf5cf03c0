"""This module makes the diagnostics of goals, and the commands about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types

from lsp_server.domain.edits import Lines, Range
from lsp_server.domain.goals import GOALS_FILE, Verdict
from lsp_server.server import to_lsp
from lsp_server.server.folders import Folder
from lsp_server.server.from_lsp import Encoding
from lsp_server.server.protocol import SOURCE, CommandName, DiagnosticCode
from lsp_server.session.goals import ConditionStatus, Goals
from lsp_server.text.truncate import one_line

RELATED_MAX = 10
TITLE_CHARS_MAX = 60

_SHOWN: dict[Verdict, tuple[DiagnosticCode, types.DiagnosticSeverity]] = {
    "unmet": (DiagnosticCode.GOAL_UNMET, types.DiagnosticSeverity.Warning),
    "stale": (DiagnosticCode.GOAL_STALE, types.DiagnosticSeverity.Information),
    "blocked": (DiagnosticCode.GOAL_BLOCKED, types.DiagnosticSeverity.Warning),
    "impossible": (DiagnosticCode.GOAL_IMPOSSIBLE, types.DiagnosticSeverity.Error),
    "unverified": (DiagnosticCode.GOAL_UNVERIFIED, types.DiagnosticSeverity.Information),
}
"""A condition that holds or was waived has no diagnostic."""


def diagnostics(
    folder: Folder, goals: Goals, encoding: Encoding, *, related: bool
) -> Iterator[tuple[Path, types.Diagnostic]]:
    """Yields a diagnostic, with its file, for each condition that does not hold and bad line.

    `related` adds the places that the evidence names.
    """
    for status in goals.statuses.conditions():
        if status.verdict in _SHOWN:
            yield folder.root / status.location.path, _diagnostic(folder, status, encoding, related)
    document = goals.statuses.document()
    lines = Lines(document.text if document.problems else "")
    for problem in document.problems:
        line = lines.line(problem.range.start.line)
        yield (
            goals.file.path,
            types.Diagnostic(
                range=_range(problem.range, line, encoding),
                message=problem.message,
                severity=types.DiagnosticSeverity.Error,
                code=DiagnosticCode.GOALS_FILE_INVALID.value,
                source=SOURCE,
            ),
        )


@dataclass(frozen=True, slots=True)
class GoalCommand:
    """A `GoalCommand` is something to do about a goal or a condition of it.

    `line` counts from 0. `title` says what to do, `subject` which goal or condition it is
    about.
    """

    line: int
    condition_id: str
    title: str
    subject: str
    name: CommandName
    arguments: Mapping[str, Any]

    def as_action(self) -> types.Command:
        """Returns the command as a code action names it, with its subject."""
        return types.Command(
            f"{self.title}: {self.subject}", self.name, arguments=[dict(self.arguments)]
        )

    def as_lens(self) -> types.CodeLens:
        """Returns the command as a lens, above its goal and so without the subject."""
        command = types.Command(self.title, self.name, arguments=[dict(self.arguments)])
        return types.CodeLens(range=to_lsp.whole_line(self.line), command=command)


def commands_at(
    folder: Folder, goals: Goals, path: Path, first: int, last: int
) -> Iterator[GoalCommand]:
    """Yields the commands about the goals on these lines of a file, counted from 0."""
    if not path.is_relative_to(folder.root):
        return
    relative = folder.relative(path)
    uri = to_lsp.uri(path)
    headings = _headings(goals) if relative == GOALS_FILE else {}
    offered: set[str] = set()
    for status in goals.statuses.conditions():
        if status.location.path != relative:
            continue
        number = status.location.range.start.line
        heading = headings.get(status.goal.id, number)
        is_here = first <= number <= last
        if (first <= heading <= last or is_here) and status.goal.id not in offered:
            offered.add(status.goal.id)
            yield from _about_goal(status, heading, uri)
        if is_here and relative == GOALS_FILE and status.verdict not in ("met", "waived"):
            yield _waive(status, number, uri)


def lenses(folder: Folder, goals: Goals, path: Path) -> Iterator[types.CodeLens]:
    """Yields lenses above each goal and comment, to work on it and to check it."""
    for command in commands_at(folder, goals, path, 0, 2**31):
        if command.name in (CommandName.RUN_START, CommandName.GOAL_CHECK):
            yield command.as_lens()


def _headings(goals: Goals) -> dict[str, int]:
    return {
        section.goal.id: section.range.start.line for section in goals.statuses.document().sections
    }


def _about_goal(status: ConditionStatus, line: int, uri: str) -> Iterator[GoalCommand]:
    """Yields the commands about a goal. The URI names its folder: two may have the same goal."""
    goal = {"goalId": status.goal.id, "uri": uri}
    start, check = CommandName.RUN_START, CommandName.GOAL_CHECK
    for title, name, arguments in (
        ("Holdfast: Work on this goal", start, goal),
        ("Holdfast: Work on this goal with Max Mode", start, {**goal, "maxMode": True}),
        ("Holdfast: Check now", check, goal),
    ):
        subject = _short_title(status.goal.title)
        yield GoalCommand(line, status.condition.id, title, subject, name, arguments)


def _waive(status: ConditionStatus, line: int, uri: str) -> GoalCommand:
    return GoalCommand(
        line,
        status.condition.id,
        "Holdfast: Waive",
        _short_title(status.condition.text),
        CommandName.GOAL_WAIVE,
        {"condition": status.condition.id, "uri": uri},
    )


def _diagnostic(
    folder: Folder, status: ConditionStatus, encoding: Encoding, related: bool
) -> types.Diagnostic:
    code, severity = _SHOWN[status.verdict]
    return types.Diagnostic(
        range=_range(status.location.range, status.location.line, encoding),
        message=status.missing,
        severity=severity,
        code=code.value,
        source=SOURCE,
        data={"goalId": status.goal.id, "condition": status.condition.id},
        related_information=list(_related(folder, status)) or None if related else None,
    )


def _related(
    folder: Folder, status: ConditionStatus
) -> Iterator[types.DiagnosticRelatedInformation]:
    """The places that failed evidence names, at most RELATED_MAX."""
    found = [
        finding
        for shown in (status.report.evidence if status.report is not None else ())
        if not shown.passed
        for finding in shown.findings
    ]
    for finding in found[:RELATED_MAX]:
        if finding.path is not None:
            where = to_lsp.uri(folder.root / finding.path)
            line = (finding.line or 1) - 1
            location = types.Location(where, to_lsp.whole_line(line))
            yield types.DiagnosticRelatedInformation(location, finding.message or "named here")


def _range(place: Range, line: str, encoding: Encoding) -> types.Range:
    return to_lsp.range_in_line(
        place.start.line, line, place.start.column, place.end.column, encoding
    )


def _short_title(text: str) -> str:
    """Returns a goal or condition on one line of a title."""
    return one_line(text, TITLE_CHARS_MAX)
