"""This module checks goals when a person asks or saves, and records all verdicts.

A run checks its own goal; its verdicts are recorded here too. A verdict is about
one tree: `GoalStatuses` calls it stale once files have changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.domain.messages import Usage
from lsp_server.goals.verifier import Verifier
from lsp_server.session.goals.goal_statuses import GoalStatuses
from lsp_server.session.goals.goals_file import GoalsFile
from lsp_server.session.goals.verdict_store import VerdictStore
from lsp_server.system.task_set import TaskSet

CLOSE_SECONDS_MAX = 1.0

NOT_ACCEPTED = "the run edited what judges it ({}); look at that, then check again"

_log = logging.getLogger(__name__)

VerifierFactory: TypeAlias = Callable[[bool], Verifier]
"""Makes a verifier; with True it may ask a person for permission, and the judge."""


class GoalChecks:
    """`GoalChecks` carries out the checks of one workspace outside of runs.

    Close it: they run in the background.

    `running` counts checks at work. `billed` and `cost_usd` are what the judge cost
    here; a run has its own bill. `on_change` is called when a verdict is recorded,
    and when `running` changed.
    """

    def __init__(
        self,
        statuses: GoalStatuses,
        file: GoalsFile,
        verdict_store: VerdictStore,
        verifier: VerifierFactory,
        on_change: Callable[[], None],
    ) -> None:
        self.running = 0
        self.billed, self.cost_usd = Usage(), 0.0
        self._statuses = statuses
        self._file = file
        self._verdict_store = verdict_store
        self._verifier = verifier
        self._on_change = on_change
        self._checks = TaskSet()
        self._records = TaskSet()
        self._checking = asyncio.Lock()
        self._recording = asyncio.Lock()

    def start(self, goals: Sequence[Goal], done: Callable[[list[GoalReport]], None]) -> None:
        """Checks the goals in the background, then calls `done` with their reports."""

        async def check() -> None:
            done(await self.run(goals))

        self._checks.start(check(), "check of goals")

    def start_record(self, report: GoalReport, *, accepted: bool) -> None:
        """Records the verdict of a run in the background.

        Until a person has `accepted` that the run edited what judges it, nothing counts
        as met that it has shown with that.
        """
        counted = report if accepted else _without_own_judges(report)
        self._records.start(self.record(counted), "recording of a verdict")

    async def run(self, goals: Sequence[Goal], *, asks: bool = True) -> list[GoalReport]:
        """Checks goals one after the other on the tree as it is now, and records the verdicts.

        Without `asks` neither a person nor the judge is asked, and what needs them
        keeps the verdict that it had.
        """
        reports: list[GoalReport] = []
        # Two checks at once would disturb each other: they share the tree and its ports.
        async with self._checking:
            verifier = self._verifier(asks)
            self._count(+1)
            try:
                for goal in goals:
                    verified = await verifier.verify(goal)
                    self.billed += verified.billed
                    self.cost_usd += verified.cost_usd
                    await self.record(verified.report, keeps_unapproved=not asks)
                    reports.append(verified.report)
            finally:
                self._count(-1)
        return reports

    async def record(self, report: GoalReport, *, keeps_unapproved: bool = False) -> None:
        """Keeps a report and shows it in the goals file.

        With `keeps_unapproved` what nobody was asked about stays as it was.
        """
        reports = {
            item.condition.id: item
            for item in report.conditions
            if item.verdict != "waived"
            and not (keeps_unapproved and item.verdict in ("blocked", "unverified"))
        }
        async with self._recording:
            # The report knows the newest tree, and without it what was just shown would look stale.
            self._statuses.tree = report.tree
            try:
                await asyncio.to_thread(self._verdict_store.record, reports, report.tree)
            except OSError as error:
                # They hold for this process all the same, and are in the goals file.
                _log.warning("verdicts on goals are not kept: %s", error)
            await self._file.write_back(reports)
        self._on_change()

    async def close(self) -> None:
        """Cancels checks; what is being written down gets CLOSE_SECONDS_MAX to end."""
        self._checks.cancel()
        await asyncio.gather(
            self._checks.wait(CLOSE_SECONDS_MAX), self._records.wait(CLOSE_SECONDS_MAX)
        )
        self._records.cancel()

    def _count(self, change: int) -> None:
        self.running += change
        self._on_change()


def _without_own_judges(report: GoalReport) -> GoalReport:
    if not report.judges_edited:
        return report
    why = NOT_ACCEPTED.format(", ".join(report.judges_edited))
    conditions = tuple(
        replace(item, verdict="blocked", missing=why) if item.verdict == "met" else item
        for item in report.conditions
    )
    return replace(report, conditions=conditions)
