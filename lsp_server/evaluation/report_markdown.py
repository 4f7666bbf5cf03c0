"""This module writes the report of an evaluation as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.evaluation.figures import count, dollars, estimate, percent
from lsp_server.evaluation.report import Report, TaskRow
from lsp_server.evaluation.report_cells import (
    COMPARED,
    SPENDING,
    compared,
    conditions,
    spending,
)
from lsp_server.evaluation.summary import ArmSummary
from lsp_server.text.count import count_of

MARKS = {"solved": "■", "unsolved": "□", "error": "✕"}


def report_markdown(report: Report) -> str:
    """Returns the report as Markdown."""
    parts = [
        "# Evaluation",
        *_warnings(report),
        *_arms(report),
        *_false_done(report),
        *_comparisons(report),
        *_tasks(report),
        *_problems(report),
        *_conditions(report),
    ]
    return "\n\n".join(parts) + "\n"


def _warnings(report: Report) -> Iterator[str]:
    if report.about.simulation:
        yield f"**A simulation, not a measurement of a model.** {report.about.simulation}"
    if report.missing:
        yield f"**Not complete:** {count_of(report.missing, 'cell')} without a result yet."


def _arms(report: Report) -> Iterator[str]:
    yield table(
        [
            "arm",
            "solved",
            "share (95 %)",
            "cost a solved task (95 %)",
            "tokens a solved task (95 %)",
        ],
        [_arm_row(arm) for arm in report.arms],
    )
    yield table(
        ["arm", *SPENDING],
        [[arm.arm, *spending(arm)] for arm in report.arms],
    )
    yield "\n".join(f"- `{name}`: {text}" for name, text in report.descriptions.items())


def _arm_row(arm: ArmSummary) -> list[str]:
    return [
        arm.arm,
        f"{arm.solved} of {arm.graded}",
        estimate(arm.solved_share, percent),
        estimate(arm.cost_usd_per_solved, dollars),
        estimate(arm.tokens_per_solved, count),
    ]


def _false_done(report: Report) -> Iterator[str]:
    yield "## Said done while the tests fail"
    rows = [
        [arm.arm, one.outcome, str(one.count), str(one.failing), percent(one.failing / one.count)]
        for arm in report.arms
        for one in arm.outcomes
    ]
    yield table(["arm", "outcome", "runs", "tests fail", "share"], rows)
    yield "\n".join(
        f"- `{arm.arm}`: false done {estimate(arm.false_done, percent)}" for arm in report.arms
    )


def _comparisons(report: Report) -> Iterator[str]:
    if not report.comparisons:
        return
    yield "## Arms compared, task by task"
    yield table(
        ["arms", *COMPARED],
        [[f"{one.first}, {one.second}", *compared(one)] for one in report.comparisons],
    )
    yield (
        "The exact two-sided test on the tasks that one of both solved more often "
        "(with one repeat: McNemar's). Few such tasks can show little."
    )


def _tasks(report: Report) -> Iterator[str]:
    arms = [arm.arm for arm in report.arms]
    yield "## Tasks"
    yield table(["task", *arms], [[row.task, *_marks(row, arms)] for row in report.tasks])
    yield f"{MARKS['solved']} solved, {MARKS['unsolved']} not, {MARKS['error']} an error, not counted."


def _marks(row: TaskRow, arms: Sequence[str]) -> list[str]:
    return ["".join(MARKS[one] for one in row.statuses[arm]) for arm in arms]


def _problems(report: Report) -> Iterator[str]:
    for title, problems in (
        ("Cells that ended in an error", report.errors),
        ("Tasks that cannot be worked on here", report.unavailable),
    ):
        if problems:
            yield f"## {title}"
            yield "\n".join(f"- `{one.what}`: {_line(one.why)}" for one in problems)


def _conditions(report: Report) -> Iterator[str]:
    yield "## Conditions"
    yield table(["", ""], [[name, text] for name, text in conditions(report)])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table; the first column is of words, the others of figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_line(cell) for cell in line) + " |" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
