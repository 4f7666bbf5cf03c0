"""What happens to the goals of a workspace: runs and people move them, checks run in background.

The goals file and `GOAL:` comments are the truth about what is wanted, the
ledger about what was shown. A verdict is of one tree: when files change, what
held becomes stale at once, and is checked again when a person asks, when a run
wants to stop, or on save where that is set and the checks are quick.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, FileChanged, GoalChecked, RunEnded
from lsp_server.domain.goals import GOALS_FILE, CommandCheck, Condition, Goal, GoalReport
from lsp_server.domain.messages import Usage
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import Achieved
from lsp_server.goals.verifier import Verifier
from lsp_server.session.goals.goal_sources import GoalSources
from lsp_server.session.goals.goal_statuses import GoalStatuses
from lsp_server.session.goals.goals_file import GoalsFile
from lsp_server.session.goals.verdict_store import StoredVerdict, VerdictStore, seconds_of
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.tree import tree_hash

QUIET_SECONDS = 0.15
"""How long files rest before the tree is looked at again."""
CHEAP_SECONDS = 5.0
"""Checks that last took longer are not run on every save."""
CLOSE_SECONDS_MAX = 1.0

UNACCEPTED = "the run edited what judges it ({}); look at that, then check again"

_log = logging.getLogger(__name__)

VerifierFactory = Callable[[bool], Verifier]
"""A verifier; with True it may ask a person for permission, and the judge."""


class Goals:
    """One workspace's. Close it: it owns background checks.

    `board` says what is known, `file` is where it stands. `on_change` is called
    whenever anything here looks different.
    """

    def __init__(
        self,
        root: Path,
        documents: Documents,
        editor: Editor,
        verdict_store: VerdictStore,
        contents: Callable[[], Awaitable[Mapping[str, str]]],
        verifier: VerifierFactory,
    ) -> None:
        self._sources = GoalSources(root, documents)
        self._verdict_store = verdict_store
        self.statuses = GoalStatuses(self._sources, verdict_store)
        self.file = GoalsFile(root / GOALS_FILE, editor)
        self.on_change: Callable[[], None] = lambda: None
        self.checks_running = 0
        self.billed, self.cost_usd = Usage(), 0.0
        """What the judge cost here outside of runs; a run has its own bill."""
        self._contents = contents
        self._verifier = verifier
        self._tasks: set[asyncio.Task[Any]] = set()
        self._moved = False
        self._reading: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._checking = asyncio.Lock()
        self._recording = asyncio.Lock()

    def see(self, event: Event) -> None:
        """Takes in what a run does."""
        match event:
            case FileChanged():
                self.tree_moved()
            case GoalChecked(report=report):
                self._start(self.record(_unaccepted(report)), "recording of a verdict")
            case RunEnded(outcome=Achieved(report=GoalReport() as report)):
                if report.judges_edited:
                    self._start(self.record(report), "recording of a verdict")
            case _:
                pass

    def tree_moved(self) -> None:
        """Files changed, or may have: looks soon whether what held is stale.

        Where there are no goals nothing is looked at, as the first look reads every file.
        """
        self._moved = True
        idle = self._looking is None or self._looking.done()
        if idle and (self._sources.any() or self._verdict_store.standings()):
            self._looking = self._start(self._look(), "a look at the tree")

    def file_saved(self, *, check: bool) -> None:
        """The same; with `check` quick checks run again, and the next save cancels them."""
        self.tree_moved()
        if self._saving is not None:
            self._saving.cancel()
        if check:
            self._saving = self._start(self._check_saved(), "checks on save")

    def text_changed(self, path: Path) -> None:
        """A buffer changed: goals or comments may say something else."""
        if path == self.file.path and (self._reading is None or self._reading.done()):
            self._reading = self._start(self._read(), "reading of the goals file")
        elif self._sources.concerns(path):
            self.on_change()
            if not self.statuses.tree:
                self.tree_moved()

    def start_check(self, goals: Sequence[Goal], done: Callable[[list[GoalReport]], None]) -> None:
        """Checks in the background, then calls `done`."""

        async def check() -> None:
            done(await self.check(goals))

        self._start(check(), "check of goals")

    async def check(self, goals: Sequence[Goal], *, asks: bool = True) -> list[GoalReport]:
        """Verdicts on these goals on the tree as it is now, one after the other."""
        reports: list[GoalReport] = []
        async with self._checking:
            verifier = self._verifier(asks)
            self._count_checks(+1)
            try:
                for goal in goals:
                    verified = await verifier.verify(goal)
                    self.billed += verified.billed
                    self.cost_usd += verified.cost_usd
                    await self.record(verified.report, keeps_unapproved=not asks)
                    reports.append(verified.report)
            finally:
                self._count_checks(-1)
        return reports

    async def record(self, report: GoalReport, *, keeps_unapproved: bool = False) -> None:
        """Keeps a report and shows it: in the ledger, then in the goals file.

        With `keeps_unapproved` what nobody was asked about stays as it was.
        """
        reports = {
            item.condition.id: item
            for item in report.conditions
            if item.verdict != "waived"
            and not (keeps_unapproved and item.verdict in ("blocked", "unverified"))
        }
        async with self._recording:
            self.statuses.tree = report.tree
            try:
                await asyncio.to_thread(self._verdict_store.record, reports, report.tree)
            except OSError as error:
                _log.warning("verdicts on goals are not kept: %s", error)
            await self.file.write_back(reports)
        self.on_change()

    async def add(self, goal: Goal) -> Goal:
        """Adds a goal to the file; as it is there. Raises HoldfastError."""
        added = await self.file.add(goal)
        self.on_change()
        return added

    async def waive(self, condition_id: str) -> Condition:
        """Marks a condition of the goals file as waived. Raises HoldfastError."""
        entries = self.statuses.contract().entries
        entry = next((e for e in entries if e.condition.id == condition_id), None)
        if entry is None:
            raise HoldfastError("only conditions in the goals file can be waived")
        await self.file.waive(entry.condition)
        self.on_change()
        return entry.condition

    async def close(self) -> None:
        """Cancels checks; what is being written down gets a moment to end."""
        for task in self._tasks:
            if not task.get_name().startswith("recording"):
                task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS_MAX)
            for task in late:
                task.cancel()

    async def _read(self) -> None:
        """Until what was read is what stands there."""
        while await self._sources.read():
            self.on_change()
            await asyncio.sleep(QUIET_SECONDS)
        self.on_change()

    async def _look(self) -> None:
        """The same, once files rest, and again when they moved meanwhile."""
        while self._moved:
            await asyncio.sleep(QUIET_SECONDS)
            self._moved = False
            await self.look()

    async def look(self) -> None:
        """Takes in the tree as it is, and the comments in what changed."""
        names = await self._contents()
        moved = await self._sources.look(names)
        tree = tree_hash(names)
        if tree != self.statuses.tree or moved:
            self.statuses.tree = tree
            self.on_change()

    async def _check_saved(self) -> None:
        """Quick checks of what is known to be quick, without asking anybody."""
        await asyncio.sleep(QUIET_SECONDS)
        known = self._verdict_store.standings()
        quick = [
            replace(goal, conditions=conditions)
            for goal in self.statuses.contract().goals
            if (conditions := tuple(c for c in goal.conditions if _is_cheap(c, known.get(c.id))))
        ]
        if quick:
            await self.check(quick, asks=False)

    def _count_checks(self, change: int) -> None:
        self.checks_running += change
        self.on_change()

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s failed", task.get_name(), exc_info=error)


def _unaccepted(report: GoalReport) -> GoalReport:
    """What a run has shown with judges that it edited, until a person accepts them."""
    if not report.judges_edited:
        return report
    why = UNACCEPTED.format(", ".join(report.judges_edited))
    conditions = tuple(
        replace(item, verdict="blocked", missing=why) if item.verdict == "met" else item
        for item in report.conditions
    )
    return replace(report, conditions=conditions)


def _is_cheap(condition: Condition, known: StoredVerdict | None) -> bool:
    if not condition.checks or condition.waived:
        return False
    if not any(isinstance(check, CommandCheck) for check in condition.checks):
        return True
    return known is not None and seconds_of(known.report.evidence) <= CHEAP_SECONDS
