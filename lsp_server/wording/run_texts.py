"""This module words a run for people: its title, its usage, its goals and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.domain.messages import ModelRole, RoleSpending, Usage
from lsp_server.domain.tasks import (
    Achieved,
    Blocked,
    Failed,
    Finished,
    Outcome,
    Stopped,
    Task,
    Unmet,
)
from lsp_server.text.count import count_of
from lsp_server.text.truncate import first_line

_ROLES: Mapping[ModelRole, str] = MappingProxyType(
    {
        "worker": "the worker",
        "judge": "the judge",
        "cheap": "the cheap model",
        "children": "subagents and attempts",
    }
)
TITLE_CHARS_MAX = 70
WHY_CHARS_MAX = 300
COST_SHOWN_MIN_USD = 0.001


def task_title(instruction: str) -> str:
    r"""Returns the first line of a task, at most TITLE_CHARS_MAX characters.

    >>> task_title("\n  Fix the parser. \nAll of it.")
    'Fix the parser.'
    >>> task_title(" ")
    '(no text)'
    """
    return first_line(instruction, TITLE_CHARS_MAX) or "(no text)"


def run_title(task: Task) -> str:
    """Returns the title of a run: that of its goal where the task says no more than it, else its first line."""
    goal = task.goal
    is_goal_alone = goal is not None and task.instruction.strip() == work_until(goal)
    return task_title(goal.title if goal is not None and is_goal_alone else task.instruction)


def work_until(goal: Goal | None) -> str:
    """Returns the task of a run that has a goal and nothing else to say."""
    texts = "; ".join(condition.text for condition in goal.conditions) if goal else ""
    return f"Work until this holds: {texts}"


def usage_text(usage: Usage, cost_usd: float) -> str:
    """Says how many tokens requests took and, where prices are known, what they cost.

    >>> usage_text(Usage(12_345, 11_000, 678), 0.012)
    '12,345 tokens in (89 % cached), 678 out, $0.012'
    """
    cached = round(100 * (usage.cache_hit_rate or 0))
    return (
        f"{count_of(usage.prompt_tokens, 'token')} in ({cached} % cached), "
        f"{usage.completion_tokens:,} out{_cost_text(cost_usd)}"
    )


def _cost_text(cost_usd: float) -> str:
    if not cost_usd:
        return ""
    return f", ${cost_usd:.3f}" if cost_usd >= COST_SHOWN_MIN_USD else ", under $0.001"


def roles_text(roles: Sequence[RoleSpending]) -> str:
    """Says what each role took of a run; nothing where the worker was alone.

    >>> roles_text([RoleSpending("judge", Usage(1_000, 0, 20), 0.001)])
    'The judge: 1,000 tokens in (0 % cached), 20 out, $0.001.'
    """
    if all(each.role == "worker" for each in roles):
        return ""
    said = (f"{_ROLES[each.role]}: {usage_text(each.billed, each.cost_usd)}" for each in roles)
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def report_text(report: GoalReport) -> str:
    """Lists a goal's conditions in Markdown, each with its verdict and the evidence for it."""
    lines = []
    for item in report.conditions:
        box = "x" if item.verdict == "met" else " "
        lines.append(f"- [{box}] {item.condition.text}: {item.verdict}")
        if item.missing:
            lines.append(f"  - missing: {item.missing}")
        for shown in item.evidence:
            ended = f"{shown.ending}, {shown.seconds:.1f} s, at {shown.where}"
            lines.append(f"  - evidence: `{shown.check}`: {ended}")
    if report.judges_edited:
        lines.append(f"- the run edited what judges it: {', '.join(report.judges_edited)}")
    return "\n".join(lines)


def outcome_text(outcome: Outcome) -> str:
    """Says how a run ended, as Markdown; the first line is enough for a message.

    >>> outcome_text(Blocked("Which port?"))
    'It needs an answer: Which port?'
    """
    match outcome:
        case Achieved():
            # Runs of earlier versions ended as achieved without anything that shows it.
            checked = "" if outcome.report else " (No goal was set, so nothing was checked.)"
            return (outcome.summary.strip() or "Done.") + checked
        case Finished(answers=True):
            return outcome.summary.strip() or "Done."
        case Finished():
            why = f": {first_line(outcome.why, WHY_CHARS_MAX)}" if outcome.why else ""
            return f"{outcome.summary.strip() or 'Done.'} (Not verified{why}.)"
        case Unmet():
            what = (
                "task is not shown to be done" if outcome.report.goal.is_task else "goal is not met"
            )
            return f"The {what}. {outcome.summary.strip()}\n\n{report_text(outcome.report)}"
        case Blocked():
            return f"It needs an answer: {outcome.question}"
        case Stopped():
            return outcome.reason
        case Failed():
            return outcome.error
        case _:
            assert_never(outcome)
