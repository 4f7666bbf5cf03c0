"""This module makes the edits of the goals file: ticks, evidence, waivers and new goals.

Every edit touches nothing but the box of an item and lines of our own below it,
so that all other bytes stay as a person wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.domain.edits import Lines, TextEdit
from lsp_server.domain.goals import ConditionReport, Goal
from lsp_server.goals.check_syntax import format_check
from lsp_server.goals.goals_document import ConditionEntry, GoalsDocument
from lsp_server.text.count import count_of


def write_back(
    document: GoalsDocument, reports: Mapping[str, ConditionReport]
) -> tuple[TextEdit, ...]:
    """Returns the edits that show verdicts in the file itself. `reports` are by condition id.

    A met condition gets its tick and a line of evidence. One that does not hold
    loses both, whoever ticked it.
    """
    lines = Lines(document.text)
    edits: list[TextEdit] = []
    for entry in document.entries:
        report = reports.get(entry.condition.id)
        if report is None:
            continue
        if report.verdict == "met":
            edits += _tick(lines, entry, report)
        elif report.verdict in ("unmet", "impossible"):
            edits += _untick(lines, entry)
    return tuple(edits)


def waive(document: GoalsDocument, condition_id: str, on: str) -> TextEdit | None:
    """Returns the edit that marks a condition as waived on a date.

    None when it is waived already or there is no condition with that id.
    """
    lines = Lines(document.text)
    for entry in document.entries:
        if entry.condition.id == condition_id and not entry.condition.waived:
            return _insert(lines, entry, f"waived: on {on}")
    return None


def append_goal(text: str, goal: Goal) -> TextEdit:
    """Returns the edit that adds a goal at the end of a goals file.

    Raises HoldfastError when a check has several lines.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else newline if text.endswith(("\n", "\r")) else newline * 2
    return TextEdit(len(text), len(text), gap + render_goal(goal).replace("\n", newline))


def render_goal(goal: Goal) -> str:
    """Returns a goal as it is written in the file. Raises HoldfastError when a check has several lines."""
    lines = [f"## {_one_line(goal.title)}"]
    for condition in goal.conditions:
        lines.append(f"- [ ] {_one_line(condition.text)}")
        lines += [f"  - {format_check(check)}" for check in condition.checks]
        if condition.waived:
            lines.append("  - waived: yes")
    return "\n".join(lines) + "\n"


def _tick(lines: Lines, entry: ConditionEntry, report: ConditionReport) -> Iterator[TextEdit]:
    if not entry.ticked:
        yield TextEdit(entry.box, entry.box + 1, "x")
    text = _evidence_line(report)
    if not entry.evidence:
        yield _insert(lines, entry, text)
        return
    first, *rest = entry.evidence
    written = lines.line(first)
    # Checked again on the same tree: a new time alone is not worth a change of the file.
    if report.evidence and f" at {report.evidence[-1].where} on " not in written:
        start = lines.starts[first]
        indent = written[: len(written) - len(written.lstrip())]
        yield TextEdit(start, start + len(written), f"{indent}- {text}")
    for number in rest:
        yield _remove(lines, number)


def _untick(lines: Lines, entry: ConditionEntry) -> Iterator[TextEdit]:
    if entry.ticked:
        yield TextEdit(entry.box, entry.box + 1, " ")
    for number in entry.evidence:
        yield _remove(lines, number)


def _insert(lines: Lines, entry: ConditionEntry, text: str) -> TextEdit:
    """Adds a line of ours below a condition, ended as the line above it is."""
    number = entry.last_line
    end = lines.starts[number] + len(lines.line(number))
    following = lines.starts[number + 1] if number + 1 < len(lines) else end
    newline = lines.text[end:following]
    if newline:
        return TextEdit(following, following, f"{entry.indent}- {text}{newline}")
    newline = "\r\n" if "\r\n" in lines.text else "\n"
    return TextEdit(end, end, f"{newline}{entry.indent}- {text}")


def _remove(lines: Lines, number: int) -> TextEdit:
    start = lines.starts[number]
    if number + 1 < len(lines):
        return TextEdit(start, lines.starts[number + 1], "")
    # The last line takes the line ending before it along.
    before = lines.starts[number - 1] + len(lines.line(number - 1))
    return TextEdit(before, len(lines.text), "")


def _evidence_line(report: ConditionReport) -> str:
    """The line of evidence, as in `evidence: exit 0 in 2.1 s at 1f3c9a2 on 2026-03-01`."""
    shown = report.evidence
    if not shown:
        return "evidence: none"
    last = shown[-1]
    if not report.condition.checks:
        how = f"judged from {count_of(len(shown), 'piece')} of evidence"
    elif last.exit_status is None:
        how = "holds"
    else:
        how = f"exit {last.exit_status} in {sum(e.seconds for e in shown):.1f} s"
    return f"evidence: {how} at {last.where} on {last.at[:10]}"


def _one_line(text: str) -> str:
    return " ".join(text.split()) or "(no text)"
