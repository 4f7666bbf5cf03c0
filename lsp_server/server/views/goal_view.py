"""This module shows goals in an editor: their diagnostics, and the commands about them."""

from __future__ import annotations

from collections.abc import Iterator
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
    """A diagnostic for every condition that does not hold, and for every wrong line, with its file.

    `related` adds the places that the evidence names.
    """
    for status in goals.statuses.places():
        if status.verdict in _SHOWN:
            yield folder.root / status.spot.path, _diagnostic(folder, status, encoding, related)
    document = goals.statuses.contract()
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


def commands_at(
    folder: Folder, path: Path, first: int, last: int
) -> Iterator[tuple[int, types.Command, ConditionStatus]]:
    """The commands about the goals on these lines: line, command, condition.

    Lines count from 0.
    """
    goals = folder.session.goals if folder.session is not None else None
    if goals is None or not path.is_relative_to(folder.root):
        return
    relative = folder.relative(path)
    uri = to_lsp.uri(path)
    headings = _headings(goals) if relative == GOALS_FILE else {}
    offered: set[str] = set()
    for status in goals.statuses.places():
        if status.spot.path != relative:
            continue
        number = status.spot.range.start.line
        heading = headings.get(status.goal.id, number)
        is_here = first <= number <= last
        if (first <= heading <= last or is_here) and status.goal.id not in offered:
            offered.add(status.goal.id)
            for command in _about_goal(status, uri):
                yield heading, command, status
        if is_here and status.verdict not in ("met", "waived"):
            for command in _about_condition(status, relative, uri):
                yield number, command, status


def lenses(folder: Folder, path: Path) -> Iterator[types.CodeLens]:
    """Lenses above each goal and comment, to work on it and to check it.

    Their titles leave out the goal, which is plain to see there.
    """
    for line, command, status in commands_at(folder, path, 0, 2**31):
        if command.command in (CommandName.RUN_START, CommandName.GOAL_CHECK):
            title = command.title.removesuffix(f": {short_title(status.goal.title)}")
            brief = types.Command(title, command.command, arguments=command.arguments)
            yield types.CodeLens(range=to_lsp.whole_line(line), command=brief)


def _headings(goals: Goals) -> dict[str, int]:
    return {
        section.goal.id: section.range.start.line for section in goals.statuses.contract().sections
    }


def _about_goal(status: ConditionStatus, uri: str) -> Iterator[types.Command]:
    """The commands about a goal. The URI says in which folder, as two may have the same goal."""
    title, goal = short_title(status.goal.title), {"goalId": status.goal.id, "uri": uri}
    yield _command(f"Holdfast: Work on this goal: {title}", CommandName.RUN_START, **goal)
    with_max = f"Holdfast: Work on this goal with Max Mode: {title}"
    yield _command(with_max, CommandName.RUN_START, **goal, maxMode=True)
    yield _command(f"Holdfast: Check now: {title}", CommandName.GOAL_CHECK, **goal)


def _about_condition(status: ConditionStatus, relative: str, uri: str) -> Iterator[types.Command]:
    if relative == GOALS_FILE:
        condition = {"condition": status.condition.id, "uri": uri}
        title = f"Holdfast: Waive: {short_title(status.condition.text)}"
        yield _command(title, CommandName.GOAL_WAIVE, **condition)


def _command(title: str, name: CommandName, **arguments: Any) -> types.Command:
    return types.Command(title, name, arguments=[arguments])


def _diagnostic(
    folder: Folder, status: ConditionStatus, encoding: Encoding, related: bool
) -> types.Diagnostic:
    code, severity = _SHOWN[status.verdict]
    return types.Diagnostic(
        range=_range(status.spot.range, status.spot.line, encoding),
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


def short_title(text: str) -> str:
    """A goal or condition on one line of a title."""
    return one_line(text, TITLE_CHARS_MAX)
