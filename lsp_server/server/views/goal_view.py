"""Goals as an editor shows them: diagnostics where they stand, and what can be done there."""

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

RELATED_MAX = 10
TITLE_CHARS_MAX = 60

_SHOWN: dict[Verdict, tuple[DiagnosticCode, types.DiagnosticSeverity]] = {
    "unmet": (DiagnosticCode.GOAL_UNMET, types.DiagnosticSeverity.Warning),
    "stale": (DiagnosticCode.GOAL_STALE, types.DiagnosticSeverity.Information),
    "blocked": (DiagnosticCode.GOAL_BLOCKED, types.DiagnosticSeverity.Warning),
    "impossible": (DiagnosticCode.GOAL_IMPOSSIBLE, types.DiagnosticSeverity.Error),
    "unverified": (DiagnosticCode.GOAL_UNVERIFIED, types.DiagnosticSeverity.Information),
}
"""What holds, and what was waived, is not shown."""


def diagnostics(
    folder: Folder, goals: Goals, encoding: Encoding, *, related: bool
) -> Iterator[tuple[Path, types.Diagnostic]]:
    """Every condition that does not hold, and every line of the goals file that means nothing."""
    for place in goals.statuses.conditions():
        if place.verdict in _SHOWN:
            yield folder.root / place.location.path, _of_place(folder, place, encoding, related)
    contract = goals.statuses.document()
    lines = Lines(contract.text if contract.problems else "")
    for problem in contract.problems:
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
    """What can be done about the goals on these lines, counted from 0: line, command, place."""
    goals = folder.session.goals if folder.session is not None else None
    if goals is None or not path.is_relative_to(folder.root):
        return
    relative = folder.relative(path)
    uri = to_lsp.uri(path)
    headings = _headings(goals) if relative == GOALS_FILE else {}
    told: set[str] = set()
    for place in goals.statuses.conditions():
        if place.location.path != relative:
            continue
        number = place.location.range.start.line
        heading = headings.get(place.goal.id, number)
        on_heading = first <= heading <= last and place.goal.id not in told
        if on_heading or (first <= number <= last and place.goal.id not in told):
            told.add(place.goal.id)
            for command in _about_goal(place, uri):
                yield heading, command, place
        if first <= number <= last and place.verdict not in ("met", "waived"):
            yield from (
                (number, command, place) for command in _about_condition(place, relative, uri)
            )


def lenses(folder: Folder, path: Path) -> Iterator[types.CodeLens]:
    """Above each goal and comment: to work on it, to check it. Which goal is plain to see there."""
    for line, command, place in commands_at(folder, path, 0, 2**31):
        if command.command in (CommandName.RUN_START, CommandName.GOAL_CHECK):
            title = command.title.removesuffix(f": {short_title(place.goal.title)}")
            brief = types.Command(title, command.command, arguments=command.arguments)
            yield types.CodeLens(range=to_lsp.whole_line(line), command=brief)


def _headings(goals: Goals) -> dict[str, int]:
    return {
        section.goal.id: section.range.start.line for section in goals.statuses.document().sections
    }


def _about_goal(place: ConditionStatus, uri: str) -> Iterator[types.Command]:
    """The URI says in which folder, since two may have the same goal."""
    title, goal = short_title(place.goal.title), {"goalId": place.goal.id, "uri": uri}
    yield _command(f"Holdfast: Work on this goal: {title}", CommandName.RUN_START, **goal)
    with_max = f"Holdfast: Work on this goal with Max Mode: {title}"
    yield _command(with_max, CommandName.RUN_START, **goal, maxMode=True)
    yield _command(f"Holdfast: Check now: {title}", CommandName.GOAL_CHECK, **goal)


def _about_condition(place: ConditionStatus, relative: str, uri: str) -> Iterator[types.Command]:
    if relative == GOALS_FILE:
        condition = {"condition": place.condition.id, "uri": uri}
        title = f"Holdfast: Waive: {short_title(place.condition.text)}"
        yield _command(title, CommandName.GOAL_WAIVE, **condition)


def _command(title: str, name: CommandName, **arguments: Any) -> types.Command:
    return types.Command(title, name, arguments=[arguments])


def _of_place(
    folder: Folder, place: ConditionStatus, encoding: Encoding, related: bool
) -> types.Diagnostic:
    code, severity = _SHOWN[place.verdict]
    return types.Diagnostic(
        range=_range(place.location.range, place.location.line, encoding),
        message=place.missing,
        severity=severity,
        code=code.value,
        source=SOURCE,
        data={"goalId": place.goal.id, "condition": place.condition.id},
        related_information=list(_related(folder, place)) or None if related else None,
    )


def _related(
    folder: Folder, place: ConditionStatus
) -> Iterator[types.DiagnosticRelatedInformation]:
    """The places that the evidence names."""
    found = [
        finding
        for shown in (place.report.evidence if place.report is not None else ())
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
    """One line for a title."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS_MAX else f"{line[: TITLE_CHARS_MAX - 1]}…"
