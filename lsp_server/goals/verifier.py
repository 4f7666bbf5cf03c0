"""This module gives a verdict on every condition of a goal, each bound to evidence.

Checks run first, since they are cheap and certain; the judge is asked about the
rest once they hold. Evidence is of one tree: when files change under the checks
they run again, and files that change then too are written by the checks
themselves, or somebody is at work and nothing is known yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    Condition,
    ConditionReport,
    Evidence,
    Goal,
    GoalReport,
    describe,
)
from lsp_server.domain.messages import Usage
from lsp_server.goals.changes import (
    ContentByName,
    StopAttempt,
    changes_as_evidence,
    closing_message,
    named_files_as_evidence,
)
from lsp_server.goals.checks import CheckRefused, CheckRunner
from lsp_server.goals.goal_judge import GoalJudge, JudgeInput, JudgeResult
from lsp_server.goals.guard import find_edited_judges
from lsp_server.workspace.checkpoints.tree import WATCHED, tree_hash
from lsp_server.workspace.files.paths import Workspace

FLAKY_PASSES = 3
"""The number of times in a row that a check has to pass which failed before on the same tree."""

NOT_YET_JUDGED = "it is judged once the checks hold"
NO_JUDGE = "no check shows whether it holds; add one, or work on it and let the model judge"
NO_EDITOR = "no editor reports diagnostics here"
UNSTABLE = "files changed while the checks ran; they run again once the tree rests"

CheckOutcome: TypeAlias = Evidence | CheckRefused | None
"""The evidence of a check, why it did not run, or None: nobody here can tell."""


async def no_revision(tree: str) -> str:
    """Returns the name of a tree that git does not know: empty."""
    del tree
    return ""


@dataclass(frozen=True, slots=True)
class VerifierContext:
    """A `VerifierContext` is all that a Verifier needs of its workspace.

    `contents` names the content of every file that counts; `content` gives one
    by its name; `visible` says whether a file may be shown to a model; `waived`
    are the ids of conditions that a person gave up; `revision` names the tree
    with that hash as a person does, empty where it has no such name.
    """

    workspace: Workspace
    contents: Callable[[], Awaitable[Mapping[str, str]]]
    content: ContentByName
    visible: Callable[[Path], bool] = lambda _: True
    waived: Callable[[], Collection[str]] = tuple
    revision: Callable[[str], Awaitable[str]] = no_revision


@dataclass(frozen=True, slots=True)
class Verified:
    """A `Verified` is a report, with the cost of asking the judge for it."""

    report: GoalReport
    billed: Usage = Usage()
    cost_usd: float = 0.0


class Verifier:
    """Gives verdicts on the tree as it is now.

    Without a judge, conditions that need one are `unverified`. Each run has a
    Verifier of its own, since it remembers which checks were flaky and which files
    they write.
    """

    def __init__(
        self, context: VerifierContext, checks: CheckRunner, judge: GoalJudge | None
    ) -> None:
        self._context = context
        self._checks = checks
        self._judge = judge
        self._outputs: set[str] = set()
        self._ended: dict[tuple[Check, str], bool] = {}
        self._checked: dict[tuple[Check, str], Evidence] = {}
        """What the harness ran before, by the tree that it ran on."""

    async def verify(self, goal: Goal, attempt: StopAttempt | None = None) -> Verified:
        """Gives the verdict on every condition.

        `attempt` is what a run that wants to stop has to show for itself, None
        outside of a run. A judge that fails leaves `unverified` and raises nothing.
        """
        checked_before = attempt.checked if attempt is not None else ()
        self._checked = {(CommandCheck(each.check), each.tree): each for each in checked_before}
        waived = {*self._context.waived(), *(c.id for c in goal.conditions if c.waived)}
        checked = [c for c in goal.conditions if c.checks and c.id not in waived]
        outcomes, tree, rests = await self._check(checked)
        reports = {c.id: ConditionReport(c, "waived") for c in goal.conditions if c.id in waived}
        for condition in checked:
            reports[condition.id] = _report(condition, outcomes[condition.id], rests=rests)
        judged = tuple(c for c in goal.conditions if c.id not in reports)
        hold = all(
            report.verdict in ("met", "waived")
            for report in reports.values()
            if report.condition.binds
        )
        if not hold:
            verdicts = JudgeResult(
                tuple(ConditionReport(c, "unmet", NOT_YET_JUDGED) for c in judged)
            )
        else:
            evidence = [e for report in reports.values() for e in report.evidence]
            verdicts = await self._judge_rest(goal, judged, evidence, attempt, tree)
        reports |= {report.condition.id: report for report in verdicts.reports}
        revision = await self._context.revision(tree)
        return Verified(
            GoalReport(
                goal,
                tuple(
                    _at_revision(reports[condition.id], revision) for condition in goal.conditions
                ),
                tree,
                await self._edited_judges(goal, attempt),
            ),
            verdicts.billed,
            verdicts.cost_usd,
        )

    async def _edited_judges(self, goal: Goal, attempt: StopAttempt | None) -> tuple[str, ...]:
        if attempt is None:
            return ()
        return await asyncio.to_thread(find_edited_judges, goal, attempt, self._context.content)

    async def _judge_rest(
        self,
        goal: Goal,
        judged: tuple[Condition, ...],
        evidence: list[Evidence],
        attempt: StopAttempt | None,
        tree: str,
    ) -> JudgeResult:
        if not judged:
            return JudgeResult(())
        named = (goal.title, *(condition.text for condition in judged))
        more = await asyncio.to_thread(self._more_evidence, named, attempt, tree)
        shown = JudgeInput(
            goal, judged, (*evidence, *more), closing_message(attempt, tree) if attempt else None
        )
        if self._judge is None or not shown.evidence:
            return JudgeResult(tuple(ConditionReport(c, "unverified", NO_JUDGE) for c in judged))
        verdicts = await self._judge.judge(shown)
        if tree_hash(await self._context.contents()) == tree:
            return verdicts
        stale = tuple(
            replace(r, verdict="stale", missing=UNSTABLE) if r.verdict == "met" else r
            for r in verdicts.reports
        )
        return replace(verdicts, reports=stale)

    def _more_evidence(
        self, named: tuple[str, ...], attempt: StopAttempt | None, tree: str
    ) -> tuple[Evidence, ...]:
        workspace, visible = self._context.workspace, self._context.visible
        changed = (
            changes_as_evidence(attempt, workspace, self._context.content, tree, visible)
            if attempt
            else ()
        )
        return (*changed, *named_files_as_evidence(named, workspace, visible, tree))

    async def _check(
        self, conditions: list[Condition]
    ) -> tuple[dict[str, list[CheckOutcome]], str, bool]:
        """The outcomes of the checks by condition, of which tree, and whether that tree rests."""
        before = await self._context.contents()
        outcomes = await self._run_checks(conditions, before)
        after = await self._context.contents()
        changed = _changed_paths(before, after) - self._outputs
        rests = True
        if changed and any(_passed(each) for each in outcomes.values()):
            # A second time tells outputs of the checks from the work of somebody else.
            outcomes = await self._run_checks(conditions, after)
            again = await self._context.contents()
            rests = _changed_paths(after, again) <= changed | self._outputs
            self._outputs |= changed
            after = again
        tree = tree_hash(after)
        of_this_tree = {
            name: [replace(e, tree=tree) if isinstance(e, Evidence) else e for e in each]
            for name, each in outcomes.items()
        }
        return of_this_tree, tree, rests

    async def _run_checks(
        self, conditions: list[Condition], contents: Mapping[str, str]
    ) -> dict[str, list[CheckOutcome]]:
        tree = tree_hash(
            {path: name for path, name in contents.items() if path not in self._outputs}
        )
        outcomes: dict[Check, CheckOutcome] = {}
        # One after the other: checks of a project often share ports and build folders.
        for check in dict.fromkeys(check for c in conditions for check in c.checks):
            outcomes[check] = await self._run_check(check, tree)
        return {c.id: [outcomes[check] for check in c.checks] for c in conditions}

    async def _run_check(self, check: Check, tree: str) -> CheckOutcome:
        """Runs a check; one that failed before on the same tree has to pass several times."""
        if (known := self._checked.get((check, tree))) is not None:
            return known
        shown = await self._checks.run(check, tree)
        if not isinstance(shown, Evidence) or not isinstance(check, CommandCheck):
            return shown
        before = self._ended.get((check, tree))
        if shown.passed and before is False:
            for _ in range(FLAKY_PASSES - 1):
                again = await self._checks.run(check, tree)
                if isinstance(again, Evidence) and not again.passed:
                    shown = replace(again, ending=f"{again.ending}; flaky: it also passed")
                    break
        elif not shown.passed and before is True:
            shown = replace(shown, ending=f"{shown.ending}; flaky: it passed before")
        self._ended[check, tree] = shown.passed
        return shown


def _report(condition: Condition, outcomes: list[CheckOutcome], *, rests: bool) -> ConditionReport:
    evidence = tuple(each for each in outcomes if isinstance(each, Evidence))
    refused = [each.reason for each in outcomes if isinstance(each, CheckRefused)]
    failed = [each for each in evidence if not each.passed]
    if failed:
        missing = "; ".join(_missing(each) for each in failed)
        return ConditionReport(condition, "unmet", missing, evidence)
    if refused:
        return ConditionReport(condition, "blocked", "; ".join(refused), evidence)
    if len(evidence) < len(outcomes):
        unknown = ", ".join(
            describe(check)
            for check, each in zip(condition.checks, outcomes, strict=True)
            if each is None
        )
        return ConditionReport(condition, "unverified", f"{unknown}: {NO_EDITOR}", evidence)
    if not rests:
        return ConditionReport(condition, "stale", UNSTABLE, evidence)
    return ConditionReport(condition, "met", evidence=evidence)


def _at_revision(report: ConditionReport, revision: str) -> ConditionReport:
    named = tuple(replace(evidence, revision=revision) for evidence in report.evidence)
    return replace(report, evidence=named)


def _missing(shown: Evidence) -> str:
    text = f"`{shown.check}`: {shown.ending}"
    if shown.findings:
        first = shown.findings[0]
        place = f"{first.path}:{first.line}" if first.line is not None else f"{first.path}"
        text += f" ({place}: {first.message})" if first.message else f" ({place})"
    return text


def _passed(outcomes: list[CheckOutcome]) -> bool:
    return all(isinstance(each, Evidence) and each.passed for each in outcomes)


def _changed_paths(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    } - set(WATCHED)
