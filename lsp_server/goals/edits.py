"""Edits of the goals file: ticks, evidence, waivers and new goals.

Pure. Every edit touches nothing but the box of an item and lines of our own
below it, so that all other bytes stay as a person wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import assert_never

from lsp_server.domain.edits import Lines, TextEdit
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    ConditionReport,
    DiagnosticsCheck,
    FileCheck,
    Goal,
)
from lsp_server.goals.goals_document import ConditionEntry, GoalsDocument


def write_back(
    contract: GoalsDocument, reports: Mapping[str, ConditionReport]
) -> tuple[TextEdit, ...]:
    """What shows the verdicts, by condition id, in the file itself.

    A met condition gets its tick and a line of evidence. One that does not hold
    loses both, whoever ticked it.
    """
    lines = Lines(contract.text)
    edits: list[TextEdit] = []
    for entry in contract.entries:
        report = reports.get(entry.condition.id)
        if report is None:
            continue
        if report.verdict == "met":
            edits += _ticked(lines, entry, report)
        elif report.verdict in ("unmet", "impossible"):
            edits += _unticked(lines, entry)
    return tuple(edits)


def waive(contract: GoalsDocument, condition_id: str, on: str) -> TextEdit | None:
    """The edit that marks a condition as waived on a date; None when it is there or unknown."""
    lines = Lines(contract.text)
    for entry in contract.entries:
        if entry.condition.id == condition_id and not entry.condition.waived:
            return _inserted(lines, entry, f"waived: on {on}")
    return None


def append(text: str, goal: Goal) -> TextEdit:
    """The edit that adds a goal at the end of a goals file. Raises HoldfastError."""
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else newline if text.endswith(("\n", "\r")) else newline * 2
    return TextEdit(len(text), len(text), gap + render(goal).replace("\n", newline))


def render(goal: Goal) -> str:
    """A goal as it stands in the file. Raises HoldfastError for a check of several lines."""
    lines = [f"## {_one_line(goal.title)}"]
    for condition in goal.conditions:
        lines.append(f"- [ ] {_one_line(condition.text)}")
        lines += [f"  - {_written(check)}" for check in condition.checks]
        if condition.waived:
            lines.append("  - waived: yes")
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    """The text as a code span."""
    if "\n" in text or "\r" in text:
        raise HoldfastError(f"a check is one line; put {text.splitlines()[0]!r} … into a script")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text[:1] in ("`", " ") or text[-1:] in ("`", " ") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _written(check: Check) -> str:
    match check:
        case CommandCheck(command):
            return f"check: {_code(command)}"
        case FileCheck(path, contains):
            wanted = "" if contains is None else f" contains {_code(contains)}"
            return f"file: {_code(path)}{wanted}"
        case DiagnosticsCheck(under, worst):
            return f"diagnostics: no {worst}s" + (f" in {_code(under)}" if under else "")
        case _:
            assert_never(check)


def _ticked(lines: Lines, entry: ConditionEntry, report: ConditionReport) -> Iterator[TextEdit]:
    if not entry.ticked:
        yield TextEdit(entry.box, entry.box + 1, "x")
    text = _evidence(report)
    if not entry.evidence:
        yield _inserted(lines, entry, text)
        return
    first, *rest = entry.evidence
    written = lines.line(first)
    # Checked again on the same tree: a new time alone is not worth a change of the file.
    if report.evidence and f" at {report.evidence[-1].where} on " not in written:
        start = lines.starts[first]
        indent = written[: len(written) - len(written.lstrip())]
        yield TextEdit(start, start + len(written), f"{indent}- {text}")
    for number in rest:
        yield _removed(lines, number)


def _unticked(lines: Lines, entry: ConditionEntry) -> Iterator[TextEdit]:
    if entry.ticked:
        yield TextEdit(entry.box, entry.box + 1, " ")
    for number in entry.evidence:
        yield _removed(lines, number)


def _inserted(lines: Lines, entry: ConditionEntry, text: str) -> TextEdit:
    """A line of ours below a condition, ended as the line above it is."""
    number = entry.last_line
    end = lines.starts[number] + len(lines.line(number))
    following = lines.starts[number + 1] if number + 1 < len(lines) else end
    newline = lines.text[end:following]
    if newline:
        return TextEdit(following, following, f"{entry.indent}- {text}{newline}")
    newline = "\r\n" if "\r\n" in lines.text else "\n"
    return TextEdit(end, end, f"{newline}{entry.indent}- {text}")


def _removed(lines: Lines, number: int) -> TextEdit:
    start = lines.starts[number]
    if number + 1 < len(lines):
        return TextEdit(start, lines.starts[number + 1], "")
    # The last line takes the line ending before it along.
    before = lines.starts[number - 1] + len(lines.line(number - 1))
    return TextEdit(before, len(lines.text), "")


def _evidence(report: ConditionReport) -> str:
    """As in `evidence: exit 0 in 2.1 s at 1f3c9a2 on 2026-03-01`."""
    shown = report.evidence
    if not shown:
        return "evidence: none"
    last = shown[-1]
    if not report.condition.checks:
        how = f"judged from {len(shown)} piece{'s' * (len(shown) > 1)} of evidence"
    elif last.exit_status is None:
        how = "holds"
    else:
        how = f"exit {last.exit_status} in {sum(e.seconds for e in shown):.1f} s"
    return f"evidence: {how} at {last.where} on {last.at[:10]}"


def _one_line(text: str) -> str:
    return " ".join(text.split()) or "(no text)"
