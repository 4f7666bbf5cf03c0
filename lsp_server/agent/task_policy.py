"""This module decides whether a run that has no goal has done its task: the task is the condition.

The commands with which the run checked its work must hold on the tree as it is now; then the
judge sees the task, what changed and how they ended. What cannot be shown that way ends as
finished, which is not verified, and never as achieved.
"""

from __future__ import annotations

from datetime import UTC, datetime

from lsp_server.agent.asking import ends_in_question, is_question
from lsp_server.agent.goal_check import Continue, Verify, check_goal, missing_text
from lsp_server.agent.state import State
from lsp_server.agent.state.own_checks import OwnCheck
from lsp_server.agent.without_permission import without_permission
from lsp_server.domain.events import Emit
from lsp_server.domain.goals import (
    TASK_GOAL,
    CommandCheck,
    Condition,
    Evidence,
    Goal,
    GoalReport,
)
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tasks import Achieved, Blocked, Finished, Outcome, Task, Unmet
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import NOT_YET_JUDGED
from lsp_server.wording.run_texts import task_title

RE_ENTRIES_MAX = 2
"""How often a task that is not shown to be done sends the run back at most."""
JUDGE_TOKENS_MAX = 40_000
"""What the judge of the task may take in one run; once it is taken, nobody is asked again."""
TASK_CHARS_MAX = 8_000
"""So much of what a person asked for is shown to the judge."""
TASK_CONDITION = "task"

NOTHING_TO_SHOW = "nothing was changed and nothing was checked"
TOKENS_TAKEN = f"judging took more than {JUDGE_TOKENS_MAX:,} tokens in this run"


class TaskPolicy:
    """A `TaskPolicy` decides on the stop attempts of one run without a goal.

    `verify` checks the task as a goal, None where the task is not to be judged; `emit` takes
    the report of each check (GoalChecked). `re_entries_max` bounds how often the run is sent
    back, which is RE_ENTRIES_MAX at most. `mode` is that of the permissions.
    """

    def __init__(
        self, verify: Verify | None, emit: Emit, re_entries_max: int, mode: PermissionMode = "ask"
    ) -> None:
        self._verify = verify
        self._emit = emit
        self._re_entries_max = min(re_entries_max, RE_ENTRIES_MAX)
        self._mode: PermissionMode = mode

    async def decide(self, state: State, summary: str, *, may_go_on: bool) -> Outcome | Continue:
        """Decides as `StopPolicy.decide` does."""
        if state.grants.denials and not state.work.changes:
            return without_permission(state, summary, self._mode)
        asks = _asks_back(state, summary)
        goal = task_goal(state)
        if goal is None and _is_answer(state):
            return Finished(summary, answers=True)
        if goal is None or self._verify is None:
            why = NOTHING_TO_SHOW if goal is None and self._verify is not None else ""
            return Blocked(summary) if asks else Finished(summary, why)
        if state.goal.judged_tokens >= JUDGE_TOKENS_MAX:
            return Finished(summary, TOKENS_TAKEN, state.goal.report)
        gap_before = state.goal.gap
        own = state.work.own_checks.by_command.values()
        checked = tuple(_evidence(number, each) for number, each in enumerate(own, start=1))
        attempt = StopAttempt(state.work.changes, summary, checked)
        report = await check_goal(self._verify, goal, attempt, self._emit)
        if not report.met:
            if asks and not report.impossible:
                return Blocked(summary, report)
            is_last = not may_go_on or report.gap == gap_before or self._is_spent(state)
            return _decide_unmet(report, summary, is_last=is_last)
        if report.judges_edited:
            return Finished(summary, _edited_text(report), report)
        return Achieved(summary, report)

    def _is_spent(self, state: State) -> bool:
        return state.goal.re_entries >= self._re_entries_max


def _asks_back(state: State, summary: str) -> bool:
    """Says whether the agent's last words are a question that keeps it from the task.

    Behind an answer to a question, and behind a plan, a question is politeness.
    """
    task = state.conversation.task
    only_plans = task is not None and task.mode == "plan"
    return ends_in_question(summary) and not _is_answer(state) and not only_plans


def _is_answer(state: State) -> bool:
    """Says whether a person's last words ask for words alone."""
    requests = state.conversation.requests
    return bool(requests) and is_question(requests[-1])


def task_goal(state: State) -> Goal | None:
    """Returns the task as a goal; None where nothing could be evidence for it.

    Its conditions are the run's own checks and the task itself, in the person's words. A
    check that never passed binds to nothing: it may be what the task is about.
    """
    task, checks = state.conversation.task, state.work.own_checks.by_command.values()
    if task is None or not (checks or state.work.changes):
        return None
    own = [
        Condition(
            f"own-{number}",
            f"`{each.command}` passes" + (", as it did before" if each.has_passed else ""),
            (CommandCheck(each.command),),
            binds=each.has_passed,
        )
        for number, each in enumerate(checks, start=1)
    ]
    asked = "\n\n".join([_described(task), *state.conversation.requests[1:]])
    condition = Condition(TASK_CONDITION, asked[:TASK_CHARS_MAX])
    return Goal(TASK_GOAL, task_title(task.instruction), (*own, condition))


def _described(task: Task) -> str:
    """The task, with the place and the findings that the person pointed at."""
    parts = [task.instruction.strip()]
    if task.selection is not None:
        chosen = task.selection
        parts.append(f"It is about {chosen.path}, lines {chosen.start_line} to {chosen.end_line}.")
    parts += [f"{each.path}:{each.line}: {each.message}" for each in task.findings]
    return "\n".join(parts)


def _decide_unmet(report: GoalReport, summary: str, *, is_last: bool) -> Outcome | Continue:
    judged = report.conditions[-1]
    match judged.verdict:
        case "impossible":
            return Unmet(summary, report)
        case "blocked":
            return Blocked(judged.missing, report)
        case "unmet":
            pass
        case _:
            return Finished(summary, _reasons(report), report)
    was_judged = judged.missing != NOT_YET_JUDGED
    failed = any(
        item.verdict == "unmet" and item.condition.binds for item in report.conditions[:-1]
    )
    if is_last or not (was_judged or failed):
        return Unmet(summary, report) if was_judged else Finished(summary, _reasons(report), report)
    return Continue(
        f"This is not shown to be done. {missing_text(report)}\n"
        "Do what the task asks for and what is missing, or say why it cannot be, then finish.",
        "goal",
    )


def _reasons(report: GoalReport) -> str:
    open_ones = (item for item in report.conditions if item.verdict not in ("met", "waived"))
    return "; ".join(item.missing for item in open_ones if item.missing != NOT_YET_JUDGED)


def _edited_text(report: GoalReport) -> str:
    return f"the run edited what judges it: {', '.join(report.judges_edited)}; look at that"


def _evidence(number: int, check: OwnCheck) -> Evidence:
    return Evidence(
        id=f"own-{number}",
        check=check.command,
        passed=check.passed,
        output_tail=check.output_tail,
        seconds=round(check.seconds, 3),
        tree=check.tree,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        exit_status=check.exit_status,
        ending=f"{check.ending}, in step {check.step}",
    )
