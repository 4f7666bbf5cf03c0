"""This module is the report of an evaluation as data, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from lsp_server.evaluation.arms import Arm
from lsp_server.evaluation.cells import Cell, CellResult, CellStatus
from lsp_server.evaluation.summary import ArmSummary, Comparison, compare_arms, summarize_arm


@dataclass(frozen=True, slots=True)
class About:
    """An `About` says under which conditions the figures of a report came about.

    `endpoint` is the class of its host: this machine, a private network, remote. With a
    `simulation`, which says what was simulated, no figure is one of a real model.
    """

    version: str
    python: str
    platform: str
    tasks_from: str
    model: str
    endpoint: str
    sandbox: str
    seed: int
    repeats: int
    jobs: int
    limits: str
    prices: str
    command: str
    written_at: str
    simulation: str = ""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A `TaskRow` has the results of one task, by arm in the order of the repeats."""

    task: str
    statuses: Mapping[str, Sequence[CellStatus]]


@dataclass(frozen=True, slots=True)
class Ungraded:
    """An `Ungraded` is a cell or a task that has no figure, and says why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """A `Report` is all that the results of an evaluation say.

    `missing` counts the cells that have no result, as after Ctrl-C. `unavailable` are tasks
    that cannot be worked on here.
    """

    about: About
    arms: tuple[ArmSummary, ...]
    descriptions: Mapping[str, str]
    comparisons: tuple[Comparison, ...]
    tasks: tuple[TaskRow, ...]
    unavailable: tuple[Ungraded, ...]
    errors: tuple[Ungraded, ...]
    missing: int


def make_report(
    about: About,
    arms: Mapping[str, Arm],
    cells: Sequence[Cell],
    results: Mapping[Cell, CellResult],
    unavailable: Sequence[Ungraded],
) -> Report:
    """Returns the report on the cells that have a result."""
    known = [results[cell] for cell in cells if cell in results]
    by_arm = {name: [one for one in known if one.cell.arm == name] for name in arms}
    tasks = sorted({cell.task for cell in cells})
    return Report(
        about,
        tuple(summarize_arm(name, ones, about.seed) for name, ones in by_arm.items()),
        {name: _described(arm) for name, arm in arms.items()},
        compare_arms(by_arm),
        tuple(
            TaskRow(task, {name: _statuses(ones, task) for name, ones in by_arm.items()})
            for task in tasks
        ),
        tuple(unavailable),
        tuple(Ungraded(one.cell.name, one.why) for one in known if one.status == "error"),
        len(cells) - len(known),
    )


def report_json(report: Report) -> bytes:
    """Returns the report as JSON."""
    return TypeAdapter(Report).dump_json(report, indent=2) + b"\n"


def _described(arm: Arm) -> str:
    return arm.description + (f" ({arm.attempts} of them)" if arm.attempts > 1 else "")


def _statuses(results: Sequence[CellResult], task: str) -> list[CellStatus]:
    ones = sorted(
        (one for one in results if one.cell.task == task), key=lambda one: one.cell.repeat
    )
    return [one.status for one in ones]
