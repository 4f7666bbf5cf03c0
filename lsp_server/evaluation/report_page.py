"""This module writes the report of an evaluation as one HTML page, without a script or a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files

from lsp_server.evaluation.figures import count, dollars, interval, percent
from lsp_server.evaluation.plots import BarRow, PlotRow, bar_plot, interval_plot
from lsp_server.evaluation.report import Report, TaskRow, Ungraded
from lsp_server.evaluation.report_cells import (
    COMPARED,
    SPENDING,
    compared,
    conditions,
    spending,
)
from lsp_server.evaluation.summary import ArmSummary, Estimate
from lsp_server.text.count import count_of

STYLE = "report.css"
KINDS = {"achieved": ("shown", "false-shown"), "finished": ("claimed", "false-claimed")}
OTHER = ("other", "false-other")
"""By outcome, the parts of a bar where the tests pass and where they fail."""
LEGEND = (
    ("shown", "achieved, tests pass"),
    ("claimed", "finished, tests pass"),
    ("false-shown", "achieved, tests fail"),
    ("false-claimed", "finished, tests fail"),
    ("other", "did not say done, tests pass"),
    ("false-other", "did not say done, tests fail"),
)


def report_page(report: Report) -> str:
    """Returns the report as a page that needs nothing beside itself."""
    style = (files("lsp_server.evaluation") / STYLE).read_text("utf-8")
    body = "\n".join(
        [
            *_head(report),
            *_plots(report),
            *_arms(report),
            *_false_done(report),
            *_comparisons(report),
            *_tasks(report),
            *_problems("Cells that ended in an error", report.errors),
            *_problems("Tasks that cannot be worked on here", report.unavailable),
            *_conditions(report),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Holdfast evaluation</title><style>{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    about = report.about
    kind = "scripted" if about.simulation else "real"
    facts = (
        count_of(len(report.tasks), "task"),
        count_of(len(report.arms), "arm"),
        count_of(about.repeats, "repeat"),
        f"model {about.model} ({kind}), {about.endpoint}",
    )
    yield "<header><p class='kicker'>Holdfast</p><h1>Evaluation</h1>"
    yield f"<p class='facts'>{escape(' · '.join(facts))}</p></header>"
    if about.simulation:
        yield (
            "<p class='note'><strong>A simulation, not a measurement of a model.</strong> "
            f"{escape(about.simulation)}</p>"
        )
    if report.missing:
        yield (
            "<p class='note'><strong>Not complete.</strong> "
            f"{count_of(report.missing, 'cell')} without a result yet.</p>"
        )


def _plots(report: Report) -> Iterator[str]:
    solved = [
        _plot_row(arm, arm.solved_share, percent(arm.solved_share.value)) for arm in report.arms
    ]
    has_prices = any(arm.cost_usd for arm in report.arms)
    what = "Cost" if has_prices else "Tokens"
    written = dollars if has_prices else count
    costs = [
        _plot_row(arm, estimate, written(estimate.value))
        for arm in report.arms
        for estimate in [arm.cost_usd_per_solved if has_prices else arm.tokens_per_solved]
    ]
    yield "<section class='plots'>"
    yield _figure("Solved", interval_plot("Share of tasks solved", solved, percent, 1.0))
    yield _figure(
        f"{what} per solved task", interval_plot(f"{what} per solved task", costs, written)
    )
    yield "</section>"
    yield "<p class='caption'>The lines are intervals of 95 %.</p>"


def _plot_row(arm: ArmSummary, estimate: Estimate, text: str) -> PlotRow:
    return PlotRow(arm.arm, estimate, text)


def _figure(title: str, plot: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{plot}</figure>"


def _arms(report: Report) -> Iterator[str]:
    yield "<section><h2>Arms</h2>"
    yield _table(
        ("arm", "solved", "share", "cost / solved", "tokens / solved", *SPENDING),
        [
            (
                _name(arm.arm),
                f"{arm.solved}<i> / {arm.graded}</i>",
                _with_interval(arm.solved_share, percent),
                _with_interval(arm.cost_usd_per_solved, dollars),
                _with_interval(arm.tokens_per_solved, count),
                *spending(arm),
            )
            for arm in report.arms
        ],
    )
    described = (
        f"<dt>{_name(name)}</dt><dd>{escape(text)}</dd>"
        for name, text in report.descriptions.items()
    )
    yield f"<dl class='arms'>{''.join(described)}</dl></section>"


def _with_interval(found: Estimate, written: Callable[[float | None], str]) -> str:
    text = interval(found.interval, written) if found.value is not None else ""
    return escape(written(found.value)) + (f"<small>{escape(text)}</small>" if text else "")


def _false_done(report: Report) -> Iterator[str]:
    rows = [BarRow(arm.arm, _segments(arm), percent(arm.false_done.value)) for arm in report.arms]
    marks = "".join(f"<li><span class='{kind}'></span>{text}</li>" for kind, text in LEGEND)
    yield "<section><h2>Said done while the tests fail</h2><div class='split'>"
    yield f"<figure>{bar_plot('How runs ended, and whether the tests pass', rows)}</figure>"
    yield f"<ul class='legend'>{marks}</ul></div>"
    yield (
        "<p class='caption'>At the right: the share of runs that said they were done while the "
        "tests fail. <em>Finished</em> says that nothing showed it.</p></section>"
    )


def _segments(arm: ArmSummary) -> list[tuple[str, int]]:
    found = dict.fromkeys([kind for kind, _ in LEGEND], 0)
    for one in arm.outcomes:
        passing, failing = KINDS.get(one.outcome, OTHER)
        found[passing] += one.count - one.failing
        found[failing] += one.failing
    return list(found.items())


def _comparisons(report: Report) -> Iterator[str]:
    if not report.comparisons:
        return
    yield "<section><h2>Compared task by task</h2>"
    yield _table(
        ("arms", *COMPARED),
        [
            (f"{_name(one.first)} <i>and</i> {_name(one.second)}", *compared(one))
            for one in report.comparisons
        ],
    )
    yield (
        "<p class='caption'>The exact two-sided test on the tasks that one of both solved more "
        "often; with one repeat it is McNemar&rsquo;s. Few such tasks can show little.</p></section>"
    )


def _tasks(report: Report) -> Iterator[str]:
    arms = [arm.arm for arm in report.arms]
    yield "<section><h2>Tasks</h2>"
    rows = [(_name(row.task), *_squares(row, arms)) for row in report.tasks]
    yield _table(("task", *arms), rows, kind="tasks")
    yield (
        "<p class='caption'><span class='square solved'></span> solved "
        "<span class='square unsolved'></span> not solved "
        "<span class='square error'></span> an error, not counted</p></section>"
    )


def _squares(row: TaskRow, arms: Sequence[str]) -> list[str]:
    return [
        "".join(f"<span class='square {one}' title='{one}'></span>" for one in row.statuses[arm])
        for arm in arms
    ]


def _problems(title: str, problems: Sequence[Ungraded]) -> Iterator[str]:
    if problems:
        listed = "".join(f"<li>{_name(one.what)} {escape(one.why)}</li>" for one in problems)
        yield f"<section><h2>{escape(title)}</h2><ul class='problems'>{listed}</ul></section>"


def _conditions(report: Report) -> Iterator[str]:
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text.strip('`'))}</dd>"
        for name, text in conditions(report)
    )
    yield f"<section><h2>Conditions</h2><dl>{listed}</dl></section>"


def _name(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "figures") -> str:
    """Returns a table; its cells are HTML."""
    heads = "".join(f"<th scope='col'>{escape(one)}</th>" for one in head)
    lines = "".join(
        f"<tr><th scope='row'>{row[0]}</th>{''.join(f'<td>{one}</td>' for one in row[1:])}</tr>"
        for row in rows
    )
    return (
        f"<div class='scroll'><table class='{kind}'><thead><tr>{heads}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )
