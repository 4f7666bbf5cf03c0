"""All conditions of a goal → one report, each verdict bound to evidence.

Checks run first, since they are cheap and certain; the judge is asked about the
rest once they hold. Evidence is of one tree: when the tree moves under the
checks they run again, and what still moves then is what they write themselves,
or somebody is at work and nothing is known yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

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
    Kept,
    StopAttempt,
    changes_as_evidence,
    closing_message,
    named_files_as_evidence,
)
from lsp_server.goals.checks import CheckRefused, CheckRunner
from lsp_server.goals.goal_judge import GoalJudge, JudgeInput, JudgeResult
from lsp_server.goals.guard import edited_judges
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.tree import WATCHED, tree_hash

FLAKY_PASSES = 3
"""How often in a row a check has to pass that failed before on the same tree."""

NOT_YET_JUDGED = "it is judged once the checks hold"
NO_JUDGE = "no check shows whether it holds; add one, or work on it and let the model judge"
NO_EDITOR = "no editor reports diagnostics here"
MOVED = "files changed while the checks ran; they run again once the tree rests"

Shown = Evidence | CheckRefused | None


async def unknown_revision(tree: str) -> str:
    """The revision of a tree that git does not know."""
    del tree
    return ""


@dataclass(frozen=True, slots=True)
class VerifierContext:
    """What surrounds the goals of one workspace.

    `contents` names the content of every file that counts; `kept` gives a
    content back; `visible` says whether a file may be shown to a model;
    `waived` are the ids of conditions that a person gave up; `revision` is what
    a person calls the tree with that hash, empty where it has no such name.
    """

    workspace: Workspace
    contents: Callable[[], Awaitable[Mapping[str, str]]]
    kept: Kept
    visible: Callable[[Path], bool] = lambda _: True
    waived: Callable[[], Collection[str]] = tuple
    revision: Callable[[str], Awaitable[str]] = unknown_revision


@dataclass(frozen=True, slots=True)
class Verified:
    """A report, and what asking the judge for it cost."""

    report: GoalReport
    billed: Usage = Usage()
    cost_usd: float = 0.0


class Verifier:
    """Verdicts on the tree as it is now. Without a judge what needs one is `unverified`.

    One for each run: it remembers which checks were flaky and what they write.
    """

    def __init__(
        self, scene: VerifierContext, checks: CheckRunner, judge: GoalJudge | None
    ) -> None:
        self._scene = scene
        self._checks = checks
        self._judge = judge
        self._outputs: set[str] = set()
        self._ended: dict[tuple[Check, str], bool] = {}

    async def verify(self, goal: Goal, attempt: StopAttempt | None = None) -> Verified:
        """The verdict on every condition. `attempt` is that of a run that wants to stop."""
        waived = {*self._scene.waived(), *(c.id for c in goal.conditions if c.waived)}
        checked = [c for c in goal.conditions if c.checks and c.id not in waived]
        shown, tree, rests = await self._run(checked)
        reports = {c.id: ConditionReport(c, "waived") for c in goal.conditions if c.id in waived}
        for condition in checked:
            reports[condition.id] = _report(condition, shown[condition.id], rests=rests)
        judged = tuple(c for c in goal.conditions if c.id not in reports)
        hold = all(report.verdict in ("met", "waived") for report in reports.values())
        if not hold:
            verdicts = JudgeResult(
                tuple(ConditionReport(c, "unmet", NOT_YET_JUDGED) for c in judged)
            )
        else:
            evidence = [e for report in reports.values() for e in report.evidence]
            verdicts = await self._judged(goal, judged, evidence, attempt, tree)
        reports |= {report.condition.id: report for report in verdicts.reports}
        revision = await self._scene.revision(tree)
        return Verified(
            GoalReport(
                goal,
                tuple(_placed(reports[condition.id], revision) for condition in goal.conditions),
                tree,
                await self._edited(goal, attempt),
            ),
            verdicts.billed,
            verdicts.cost_usd,
        )

    async def _edited(self, goal: Goal, attempt: StopAttempt | None) -> tuple[str, ...]:
        if attempt is None:
            return ()
        return await asyncio.to_thread(edited_judges, goal, attempt, self._scene.kept)

    async def _judged(
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
        seen = await asyncio.to_thread(self._seen, named, attempt, tree)
        hearing = JudgeInput(
            goal, judged, (*evidence, *seen), closing_message(attempt, tree) if attempt else None
        )
        if self._judge is None or not hearing.evidence:
            return JudgeResult(tuple(ConditionReport(c, "unverified", NO_JUDGE) for c in judged))
        verdicts = await self._judge.judge(hearing)
        if tree_hash(await self._scene.contents()) == tree:
            return verdicts
        stale = tuple(
            replace(r, verdict="stale", missing=MOVED) if r.verdict == "met" else r
            for r in verdicts.reports
        )
        return replace(verdicts, reports=stale)

    def _seen(
        self, named: tuple[str, ...], attempt: StopAttempt | None, tree: str
    ) -> tuple[Evidence, ...]:
        workspace, kept, visible = self._scene.workspace, self._scene.kept, self._scene.visible
        changed = changes_as_evidence(attempt, workspace, kept, tree, visible) if attempt else ()
        return (*changed, *named_files_as_evidence(named, workspace, visible, tree))

    async def _run(self, conditions: list[Condition]) -> tuple[dict[str, list[Shown]], str, bool]:
        """What the checks show by condition, of which tree, and whether that tree rests."""
        before = await self._scene.contents()
        shown = await self._lap(conditions, before)
        after = await self._scene.contents()
        moved = _moved(before, after) - self._outputs
        rests = True
        if moved and any(_passed(each) for each in shown.values()):
            shown = await self._lap(conditions, after)
            again = await self._scene.contents()
            rests = _moved(after, again) <= moved | self._outputs
            self._outputs |= moved
            after = again
        tree = tree_hash(after)
        stamped = {
            name: [replace(e, tree=tree) if isinstance(e, Evidence) else e for e in each]
            for name, each in shown.items()
        }
        return stamped, tree, rests

    async def _lap(
        self, conditions: list[Condition], names: Mapping[str, str]
    ) -> dict[str, list[Shown]]:
        """One after the other: checks of a project often share ports and build folders."""
        tree = tree_hash({path: name for path, name in names.items() if path not in self._outputs})
        shown: dict[Check, Shown] = {}
        for check in dict.fromkeys(check for c in conditions for check in c.checks):
            shown[check] = await self._show(check, tree)
        return {c.id: [shown[check] for check in c.checks] for c in conditions}

    async def _show(self, check: Check, tree: str) -> Shown:
        """What a check shows. One that failed before on the same tree has to prove itself."""
        shown = await self._checks.show(check, tree)
        if not isinstance(shown, Evidence) or not isinstance(check, CommandCheck):
            return shown
        before = self._ended.get((check, tree))
        if shown.passed and before is False:
            for _ in range(FLAKY_PASSES - 1):
                again = await self._checks.show(check, tree)
                if isinstance(again, Evidence) and not again.passed:
                    shown = replace(again, ending=f"{again.ending}; flaky: it also passed")
                    break
        elif not shown.passed and before is True:
            shown = replace(shown, ending=f"{shown.ending}; flaky: it passed before")
        self._ended[check, tree] = shown.passed
        return shown


def _report(condition: Condition, shown: list[Shown], *, rests: bool) -> ConditionReport:
    evidence = tuple(each for each in shown if isinstance(each, Evidence))
    refused = [each.reason for each in shown if isinstance(each, CheckRefused)]
    failed = [each for each in evidence if not each.passed]
    if failed:
        missing = "; ".join(_missing(each) for each in failed)
        return ConditionReport(condition, "unmet", missing, evidence)
    if refused:
        return ConditionReport(condition, "blocked", "; ".join(refused), evidence)
    if len(evidence) < len(shown):
        unknown = ", ".join(
            describe(check)
            for check, each in zip(condition.checks, shown, strict=True)
            if each is None
        )
        return ConditionReport(condition, "unverified", f"{unknown}: {NO_EDITOR}", evidence)
    if not rests:
        return ConditionReport(condition, "stale", MOVED, evidence)
    return ConditionReport(condition, "met", evidence=evidence)


def _placed(report: ConditionReport, revision: str) -> ConditionReport:
    shown = tuple(replace(evidence, revision=revision) for evidence in report.evidence)
    return replace(report, evidence=shown)


def _missing(shown: Evidence) -> str:
    text = f"`{shown.check}`: {shown.ending}"
    if shown.findings:
        first = shown.findings[0]
        place = f"{first.path}:{first.line}" if first.line is not None else f"{first.path}"
        text += f" ({place}: {first.message})" if first.message else f" ({place})"
    return text


def _passed(shown: list[Shown]) -> bool:
    return all(isinstance(each, Evidence) and each.passed for each in shown)


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    } - set(WATCHED)
