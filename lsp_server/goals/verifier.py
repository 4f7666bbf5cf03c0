"""All conditions of a goal → one report, each verdict bound to evidence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lsp_server.domain.goals import Condition, ConditionReport, Evidence, Goal, GoalReport
from lsp_server.goals.checks import show
from lsp_server.workspace.paths import Workspace

NO_CHECK = "no check shows whether it holds; look yourself, or add a check to it"


class Verifier:
    """Runs the checks of a goal on the tree as it is now."""

    def __init__(
        self,
        workspace: Workspace,
        tree_hash: Callable[[], Awaitable[str]],
        check_timeout_seconds: float,
    ) -> None:
        self._workspace = workspace
        self._tree_hash = tree_hash
        self._check_timeout_seconds = check_timeout_seconds

    async def verify(self, goal: Goal) -> GoalReport:
        """One after the other: checks of a project often share ports and build folders."""
        tree = await self._tree_hash()
        reports = [await self._condition(condition, tree) for condition in goal.conditions]
        return GoalReport(goal, tuple(reports), tree)

    async def _condition(self, condition: Condition, tree: str) -> ConditionReport:
        if not condition.checks:
            return ConditionReport(condition, "unverified", f"{condition.text}: {NO_CHECK}")
        evidence: list[Evidence] = [
            await show(check, self._workspace, tree, self._check_timeout_seconds)
            for check in condition.checks
        ]
        failed = [shown for shown in evidence if not shown.passed]
        if not failed:
            return ConditionReport(condition, "met", evidence=tuple(evidence))
        missing = "; ".join(_missing(shown) for shown in failed)
        return ConditionReport(condition, "unmet", missing, tuple(evidence))


def _missing(shown: Evidence) -> str:
    if shown.exit_status is None:
        return f"`{shown.check}` did not hold"
    return f"`{shown.check}` ended with exit status {shown.exit_status}"
