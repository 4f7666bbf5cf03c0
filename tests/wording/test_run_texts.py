from __future__ import annotations

import pytest

from lsp_server.domain.goals import TASK_GOAL, Condition, ConditionReport, Goal, GoalReport
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Achieved, Finished, Outcome, Task, Unmet
from lsp_server.wording.run_texts import (
    outcome_text,
    report_text,
    run_title,
    task_title,
    usage_text,
    work_until,
)
from tests.data.events import GOAL, REPORT


@pytest.mark.parametrize(
    ("instruction", "title"),
    [
        ("Fix it.", "Fix it."),
        ("\n  Fix it.  \nmore", "Fix it."),
        ("", "(no text)"),
        ("x" * 71, "x" * 69 + "…"),
    ],
)
def test_a_title_is_the_first_line(instruction: str, title: str) -> None:
    assert task_title(instruction) == title


ONE = Goal("g", "Retry on 429", (Condition("c", "the client retries"),))


@pytest.mark.parametrize(
    ("task", "title"),
    [
        (Task(work_until(ONE), ONE), "Retry on 429"),
        (Task("Make it retry.", ONE), "Make it retry."),
        (Task("Work until this holds: nothing"), "Work until this holds: nothing"),
    ],
)
def test_a_run_for_a_goal_alone_is_called_as_the_goal(task: Task, title: str) -> None:
    assert run_title(task) == title


@pytest.mark.parametrize(
    ("usage", "cost", "text"),
    [
        (Usage(), 0.0, "0 tokens in (0 % cached), 0 out"),
        (Usage(1000, 900, 10), 0.0, "1,000 tokens in (90 % cached), 10 out"),
        (Usage(1000, 0, 10), 0.0124, "1,000 tokens in (0 % cached), 10 out, $0.012"),
        (Usage(10, 0, 1), 0.0004, "10 tokens in (0 % cached), 1 out, under $0.001"),
    ],
)
def test_usage_names_the_cost_where_prices_are_known(usage: Usage, cost: float, text: str) -> None:
    assert usage_text(usage, cost) == text


def test_a_report_lists_conditions_with_their_evidence() -> None:
    assert report_text(REPORT).splitlines() == [
        "- [x] the tests pass: met",
        "  - evidence: `pytest -q`: exit status 0, 2.1 s, at tree",
        "- [ ] it is fast: unmet",
        "  - missing: a measurement",
    ]


def test_a_report_names_the_judges_that_the_run_edited() -> None:
    report = GoalReport(GOAL, (), "t", judges_edited=("test_a.py", "test_b.py"))
    assert report_text(report) == "- the run edited what judges it: test_a.py, test_b.py"


TASK = Condition("task", "Make it.")
TASK_REPORT = GoalReport(
    Goal(TASK_GOAL, "Make it.", (TASK,)), (ConditionReport(TASK, "unmet"),), "t"
)


@pytest.mark.parametrize(
    ("outcome", "beginning"),
    [
        (Achieved(" ", REPORT), "Done."),
        (Achieved("Made."), "Made. (No goal was set"),
        (Finished("Made."), "Made. (Not verified.)"),
        (Finished("", "nothing was changed"), "Done. (Not verified: nothing was changed.)"),
        (
            Finished("Made.", "`make`: exit status 2\nmore"),
            "Made. (Not verified: `make`: exit status 2.)",
        ),
        (Unmet("Made.", TASK_REPORT), "The task is not shown to be done. Made.\n\n- [ ] Make it."),
        (Unmet("", REPORT), "The goal is not met. \n\n- [x] the tests pass"),
    ],
)
def test_an_outcome_says_whether_a_goal_was_checked(outcome: Outcome, beginning: str) -> None:
    assert outcome_text(outcome).startswith(beginning)
