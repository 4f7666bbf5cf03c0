"""This module keeps what is known of goals in step with what runs and people do.

The goals file and `GOAL:` comments are the truth about what is wanted, the
verdict store about what was shown. When files change, what held becomes stale at
once. It is checked again when a person asks, when a run wants to stop, or on save
where settings want that and the checks are quick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, GoalChecked, RunEnded
from lsp_server.domain.goals import (
    GOALS_FILE,
    CommandCheck,
    Condition,
    ConditionReport,
    Goal,
    GoalReport,
)
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import Achieved
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.session.goals.goal_checks import GoalChecks, VerifierFactory
from lsp_server.session.goals.goal_sources import GoalSources
from lsp_server.session.goals.goal_statuses import GoalStatuses
from lsp_server.session.goals.goals_file import GoalsFile
from lsp_server.session.goals.verdict_store import StoredVerdict, VerdictStore, seconds_of
from lsp_server.system.task_set import TaskSet
from lsp_server.workspace.checkpoints.tree import tree_hash
from lsp_server.workspace.files.documents import Documents

QUIET_SECONDS = 0.15
"""How long files rest before the tree is looked at again."""
TAKEN_BACK = "the run that this was about was taken back; check again"
CHEAP_SECONDS = 5.0
"""Checks that last took longer are not run on every save."""


class Goals:
    """`Goals` holds the parts that deal with the goals of one workspace.

    Close it: it follows files in the background.

    `statuses` says what is known, `checks` finds out, `file` is where goals are
    written, `check_approvals` says which check commands may run.

    `contents` gives the working state, as names of contents by path. `on_change` is
    called whenever anything here looks different.
    """

    def __init__(
        self,
        root: Path,
        documents: Documents,
        editor: Editor,
        verdict_store: VerdictStore,
        check_approvals: CheckApprovals,
        contents: Callable[[], Awaitable[Mapping[str, str]]],
        verifier: VerifierFactory,
        on_change: Callable[[], None],
    ) -> None:
        self._sources = GoalSources(root, documents)
        self._verdict_store = verdict_store
        self._contents = contents
        self._on_change = on_change
        self.statuses = GoalStatuses(self._sources, verdict_store)
        self.file = GoalsFile(root / GOALS_FILE, editor)
        self.checks = GoalChecks(self.statuses, self.file, verdict_store, verifier, on_change)
        self.check_approvals = check_approvals
        self._tasks = TaskSet()
        self._tree_changed = False
        self._reading: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None

    def see(self, event: Event) -> None:
        """Takes in an Event of a run: verdicts are recorded in the background."""
        match event:
            case GoalChecked(report=report) if not report.goal.is_task:
                self.checks.start_record(report, accepted=False)
            case RunEnded(outcome=Achieved(report=GoalReport() as report)):
                # With judges that the run edited, a person has accepted the verdict since.
                if report.judges_edited:
                    self.checks.start_record(report, accepted=True)
            case _:
                pass

    def tree_changed(self) -> None:
        """Takes in that files changed, or may have: soon what held may be stale.

        Where there are no goals nothing is looked at, as the first look reads every file.
        """
        self._tree_changed = True
        # A refresh under way sees the flag and goes round once more.
        idle = self._refreshing is None or self._refreshing.done()
        if idle and (self._sources.any() or self._verdict_store.verdicts()):
            self._refreshing = self._tasks.start(self._refresh_soon(), "refresh of the goals")

    def file_saved(self, *, check: bool) -> None:
        """Takes in that a person saved a file; with `check` quick checks run again.

        The next save cancels them.
        """
        self.tree_changed()
        if self._saving is not None:
            self._saving.cancel()
        if check:
            self._saving = self._tasks.start(self._check_saved(), "checks on save")

    def text_changed(self, path: Path) -> None:
        """Takes in that a buffer or file has another text, which may say other goals."""
        if path == self.file.path and (self._reading is None or self._reading.done()):
            self._reading = self._tasks.start(self._read(), "reading of the goals file")
        elif self._sources.concerns(path):
            self._on_change()
            # The first goal of a workspace: nobody has looked at the tree yet.
            if not self.statuses.tree:
                self.tree_changed()

    async def refresh(self) -> None:
        """Takes in the tree as it is, and the comments in files that changed."""
        names = await self._contents()
        moved = await self._sources.refresh(names)
        tree = tree_hash(names)
        if tree != self.statuses.tree or moved:
            self.statuses.tree = tree
            self._on_change()

    async def add(self, goal: Goal) -> Goal:
        """Adds a goal to the goals file; returns it as it is there. Raises HoldfastError."""
        added = await self.file.add(goal)
        self._on_change()
        return added

    async def waive(self, condition_id: str) -> Condition:
        """Marks a condition of the goals file as waived. Raises HoldfastError."""
        entries = self.statuses.document().entries
        entry = next((e for e in entries if e.condition.id == condition_id), None)
        if entry is None:
            raise HoldfastError("only conditions in the goals file can be waived")
        await self.file.waive(entry.condition)
        self._on_change()
        return entry.condition

    async def taken_back(self, reports: Iterable[GoalReport]) -> None:
        """Takes in that what these reports are about is no more: what they showed counts no more."""
        tree = tree_hash(await self._contents())
        known = self._verdict_store.verdicts()
        for report in {report.goal.id: report for report in reports}.values():
            void = tuple(
                ConditionReport(
                    item.condition, "stale" if item.verdict == "met" else "unverified", TAKEN_BACK
                )
                for item in report.conditions
                if (stored := known.get(item.condition.id)) is not None
                and stored.tree == report.tree != tree
            )
            if void:
                await self.checks.record(GoalReport(report.goal, void, tree))

    async def close(self) -> None:
        """Cancels checks, and gives what is being written down a moment to end."""
        self._tasks.cancel()
        await self.checks.close()

    async def _read(self) -> None:
        """Reads a long goals file until nobody types into it any more."""
        while await self._sources.read():
            self._on_change()
            await asyncio.sleep(QUIET_SECONDS)
        self._on_change()

    async def _refresh_soon(self) -> None:
        """Refreshes once files rest, and again when they changed meanwhile."""
        while self._tree_changed:
            await asyncio.sleep(QUIET_SECONDS)
            self._tree_changed = False
            await self.refresh()

    async def _check_saved(self) -> None:
        """Checks what is known to be quick, without asking anybody."""
        # Editors save several files one after the other.
        await asyncio.sleep(QUIET_SECONDS)
        known = self._verdict_store.verdicts()
        quick = [
            replace(goal, conditions=conditions)
            for goal in self.statuses.document().goals
            if (conditions := tuple(c for c in goal.conditions if _is_cheap(c, known.get(c.id))))
        ]
        if quick:
            await self.checks.run(quick, asks=False)


def _is_cheap(condition: Condition, known: StoredVerdict | None) -> bool:
    if not condition.checks or condition.waived:
        return False
    if not any(isinstance(check, CommandCheck) for check in condition.checks):
        return True
    return known is not None and seconds_of(known.report.evidence) <= CHEAP_SECONDS
