"""This module lends goals: which there are, whether they hold, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pydantic import Field

from lsp_server.domain.errors import HoldfastError, ToolError
from lsp_server.domain.goals import GOALS_FILE, Goal
from lsp_server.mcp_server.answers import (
    CONDITIONS_MAX,
    TEXT_CHARS_MAX,
    GoalsAnswer,
    goal_answers,
    is_met,
)
from lsp_server.mcp_server.lent_tool import LentTool, Report, reported
from lsp_server.session.goals import ConditionStatus
from lsp_server.session.lending import Lending
from lsp_server.text.count import count_of
from lsp_server.text.truncate import one_line
from lsp_server.tools.arguments import ToolArguments

PROBLEMS_MAX = 10
NO_GOALS = f"there are no goals; a person or an agent writes them into {GOALS_FILE}"
NO_MODEL = (
    "no model is set up in Holdfast, so conditions without a check are not judged; "
    "with one, an independent judge would look at them"
)

Statuses: TypeAlias = tuple[ConditionStatus, ...]


class GoalListArguments(ToolArguments):
    """These are the arguments of `goal_list`: none."""


class GoalCheckArguments(ToolArguments):
    """These are the arguments of `goal_check`."""

    goal: str | None = Field(
        None, description="Id of a goal or of one condition; all goals if left out."
    )


async def list_goals(lending: Lending, _: GoalListArguments, __: Report) -> GoalsAnswer:
    """Returns all goals with what is known of them on the tree as it is. Raises HoldfastError."""
    await lending.session.goals.refresh()
    return _answer(lending, lending.session.goals.statuses.conditions(), with_evidence=False)


async def check_goals(
    lending: Lending, arguments: GoalCheckArguments, report: Report
) -> GoalsAnswer:
    """Runs the checks of goals now and returns the verdicts. Raises HoldfastError for an unknown id."""
    goals = lending.session.goals
    await goals.refresh()
    meant = await _meant(lending, arguments.goal)
    for done, goal in enumerate(meant):
        if lending.approves_checks:
            goals.check_approvals.approve(goal.commands, lasting=False)
        beats = 0

        def say(done: int = done, goal: Goal = goal) -> tuple[float, float, str]:
            nonlocal beats
            beats += 1
            share = 1 - 0.5**beats
            return done + share, len(meant), f"checking {one_line(goal.title, TEXT_CHARS_MAX)}"

        await report(done, len(meant), f"checking {one_line(goal.title, TEXT_CHARS_MAX)}")
        await reported(goals.checks.run([goal]), report, say)
    wanted = {condition.id for goal in meant for condition in goal.conditions}
    shown = tuple(one for one in goals.statuses.conditions() if one.condition.id in wanted)
    return _answer(lending, shown, with_evidence=True)


async def evidence_of(lending: Lending, goal_id: str) -> Statuses:
    """Returns what is known of a goal's conditions, without a check. Raises HoldfastError."""
    await lending.session.goals.refresh()
    wanted = {one.id for one in (await _meant(lending, goal_id))[0].conditions}
    found = lending.session.goals.statuses.conditions()
    return tuple(one for one in found if one.condition.id in wanted)


async def _meant(lending: Lending, goal_id: str | None) -> Sequence[Goal]:
    statuses = lending.session.goals.statuses
    if goal_id is None:
        return statuses.goals()
    try:
        return (statuses.find(goal_id),)
    except HoldfastError as error:
        raise ToolError(str(error)) from error


def _answer(lending: Lending, shown: Statuses, *, with_evidence: bool) -> GoalsAnswer:
    session = lending.session
    problems = session.goals.statuses.problems()[:PROBLEMS_MAX]
    return GoalsAnswer(
        str(session.root),
        bool(shown) and all(map(is_met, shown)),
        goal_answers(shown, with_evidence=with_evidence),
        tuple(
            one_line(f"{GOALS_FILE}:{one.range.start.line + 1}: {one.message}", TEXT_CHARS_MAX)
            for one in problems
        ),
        "; ".join(_notes(lending, shown)) or None,
    )


def _notes(lending: Lending, shown: Statuses) -> Sequence[str]:
    notes = [] if shown else [NO_GOALS]
    if len(shown) > CONDITIONS_MAX:
        notes.append(
            f"left out: {count_of(len(shown) - CONDITIONS_MAX, 'more condition')}; name a goal"
        )
    unjudged = any(one.verdict == "unverified" and not one.condition.checks for one in shown)
    if unjudged and lending.session.status().endpoint is None:
        notes.append(NO_MODEL)
    return notes


GOAL_TOOLS: tuple[LentTool, ...] = (
    LentTool(
        "goal_list",
        "List goals",
        "The goals of this project, condition by condition, each with its verdict on the files "
        "as they are now: met, unmet, stale (files changed since), blocked (a person has to "
        "answer), unverified. Runs nothing.",
        GoalListArguments,
        GoalsAnswer,
        list_goals,
    ),
    LentTool(
        "goal_check",
        "Check goals",
        "Run the checks of goals now and say which hold, each with the evidence that Holdfast saw "
        "itself: the command, how it ended, the end of its output. Call it before you say that "
        "work is done. A check that a person has not approved yet does not run, and the answer "
        "says how they approve it.",
        GoalCheckArguments,
        GoalsAnswer,
        check_goals,
        adds=True,
        reaches_out=True,
    ),
)
