"""This module has the cells of the report of an evaluation that are alike in every form of it."""

from __future__ import annotations

from lsp_server.evaluation.figures import count, dollars, percent, probability, seconds
from lsp_server.evaluation.report import Report
from lsp_server.evaluation.summary import ArmSummary, Comparison

SPENDING = ("cost", "tokens", "cached", "steps", "wall (median)", "errors")
"""The heads of what `spending` returns."""
COMPARED = ("first better", "second better", "tied", "p")
"""The heads of what `compared` returns."""


def spending(arm: ArmSummary) -> tuple[str, ...]:
    """Returns what an arm took, in the order of SPENDING."""
    return (
        dollars(arm.cost_usd or None),
        count(arm.tokens),
        percent(arm.cache_share),
        f"{arm.steps_mean:.1f}",
        seconds(arm.seconds_median),
        str(arm.errors),
    )


def compared(one: Comparison) -> tuple[str, ...]:
    """Returns how two arms did on the same tasks, in the order of COMPARED."""
    return str(one.first_better), str(one.second_better), str(one.tied), probability(one.p)


def conditions(report: Report) -> list[tuple[str, str]]:
    """Returns what a reader needs to repeat a report, by name."""
    about = report.about
    return [
        ("model", f"{about.model} ({'scripted' if about.simulation else 'real'})"),
        ("endpoint", about.endpoint),
        ("prices", about.prices),
        ("sandbox", about.sandbox),
        ("limits of a run", about.limits),
        ("tasks", about.tasks_from),
        ("repeats, at once", f"{about.repeats}, {about.jobs}"),
        ("seed", str(about.seed)),
        ("versions", f"Holdfast {about.version}, Python {about.python}, {about.platform}"),
        ("command", f"`{about.command}`"),
        ("written", about.written_at),
    ]
