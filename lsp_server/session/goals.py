"""The goals of a workspace: what they say and where, what was last shown, checks in background.

The goals file and `GOAL:` comments are the truth about what is wanted, the
ledger about what was shown. A verdict is of one tree: when files change, what
held becomes stale at once, and is checked again when a person asks, when a run
wants to stop, or on save where that is set and the checks are quick.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit
from lsp_server.domain.errors import EditRejected, HoldfastError, ToolError
from lsp_server.domain.events import Event, FileChanged, GoalChecked, RunEnded
from lsp_server.domain.goals import (
    GOALS_FILE,
    CommandCheck,
    Condition,
    ConditionReport,
    Goal,
    GoalReport,
    Verdict,
)
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import Achieved
from lsp_server.goals import edits
from lsp_server.goals.contract import Contract, Problem, parse
from lsp_server.goals.verifier import Verifier
from lsp_server.session.ledger import Ledger, Standing, seconds_of
from lsp_server.session.stated import Spot, Stated
from lsp_server.workspace.disk import FileMissing
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.tree import digest

QUIET_SECONDS = 0.15
"""How long files rest before the tree is looked at again."""
CHEAP_SECONDS = 5.0
"""Checks that last took longer are not run on every save."""
WRITE_ATTEMPTS_MAX = 3
CLOSE_SECONDS_MAX = 1.0

NOT_CHECKED = "not checked yet"
NOT_JUDGED = "not judged yet: no check shows whether it holds; work on it, or add a check"
STALE = "it held, but files have changed since; it will be checked again"
UNACCEPTED = "the run edited what judges it ({}); look at that, then check again"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """One condition where it stands, and what is known of it now."""

    spot: Spot
    verdict: Verdict
    missing: str
    report: ConditionReport | None

    @property
    def goal(self) -> Goal:
        return self.spot.goal

    @property
    def condition(self) -> Condition:
        return self.spot.condition


@dataclass(frozen=True, slots=True)
class Counts:
    """Goals, by what is known of them."""

    met: int = 0
    unmet: int = 0
    blocked: int = 0
    total: int = 0


Make = Callable[[bool], Verifier]
"""A verifier; with True it may ask a person for permission, and the judge."""


class Goals:
    """One workspace's. Close it: it owns background checks.

    `on_change` is called whenever anything here looks different.
    """

    def __init__(
        self,
        root: Path,
        documents: Documents,
        editor: Editor,
        ledger: Ledger,
        contents: Callable[[], Awaitable[Mapping[str, str]]],
        verifier: Make,
    ) -> None:
        self.path = root / GOALS_FILE
        self.on_change: Callable[[], None] = lambda: None
        self._stated = Stated(root, documents)
        self._editor = editor
        self._ledger = ledger
        self._contents = contents
        self._verifier = verifier
        self._tree = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._moved = False
        self._reading: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._checking = asyncio.Lock()
        self._recording = asyncio.Lock()
        self.checks_running = 0

    # What is there

    def contract(self) -> Contract:
        """What the goals file says now, unsaved changes included; empty where there is none."""
        return self._stated.contract()

    def problems(self) -> tuple[Problem, ...]:
        """What in the goals file means nothing."""
        return self.contract().problems

    def places(self) -> tuple[Place, ...]:
        """Every condition with its verdict: the goals file first, then comments by path."""
        known = self._ledger.standings()
        return tuple(
            self._place(spot, known.get(spot.condition.id)) for spot in self._stated.conditions()
        )

    def counts(self) -> Counts:
        """How many goals there are, by what is known of them."""
        by_goal: dict[str, list[Verdict]] = {}
        for place in self.places():
            by_goal.setdefault(place.goal.id, []).append(place.verdict)
        found = Counter(_summary(verdicts) for verdicts in by_goal.values())
        return Counts(found["met"], found["unmet"], found["blocked"], len(by_goal))

    def find(self, name: str) -> Goal:
        """The goal with that id, or one condition as a goal. Raises HoldfastError."""
        goals = self.goals()
        for goal in goals:
            if goal.id == name:
                return goal
        for goal in goals:
            for condition in goal.conditions:
                if condition.id == name:
                    return Goal(condition.id, goal.title, (condition,))
        known = ", ".join(goal.id for goal in goals[:10]) or "none"
        raise HoldfastError(f"there is no goal with the id {name!r}; there are: {known}")

    def goals(self) -> tuple[Goal, ...]:
        """All of them, in their order."""
        return tuple({s.goal.id: s.goal for s in self._stated.conditions()}.values())

    def first_open(self) -> Goal | None:
        """The first goal of the goals file that is not shown to hold now."""
        held = {place.condition.id for place in self.places() if place.verdict in _DONE}
        for goal in self.contract().goals:
            if any(condition.id not in held for condition in goal.conditions):
                return goal
        return None

    def waived(self) -> frozenset[str]:
        """The ids of the conditions that a person gave up."""
        return frozenset(e.condition.id for e in self.contract().entries if e.condition.waived)

    # What happens

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
        if idle and (self._stated.any() or self._ledger.standings()):
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
        if path == self.path and (self._reading is None or self._reading.done()):
            self._reading = self._start(self._read(), "reading of the goals file")
        elif self._stated.concerns(path):
            self.on_change()
            if not self._tree:
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
                    report = (await verifier.verify(goal)).report
                    await self.record(report, keeps_unapproved=not asks)
                    reports.append(report)
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
            self._tree = report.tree
            try:
                await asyncio.to_thread(self._ledger.record, reports, report.tree)
            except OSError as error:
                _log.warning("verdicts on goals are not kept: %s", error)
            await self._edit(lambda contract: edits.write_back(contract, reports), "goal evidence")
        self.on_change()

    async def add(self, goal: Goal) -> Goal:
        """Adds a goal to the file; as it is there. Raises HoldfastError."""
        added = goal

        def addition(contract: Contract) -> tuple[TextEdit, ...]:
            nonlocal added
            edit = edits.append(contract.text, goal)
            goals = parse(contract.text + edit.new_text).goals
            if len(goals) == len(contract.goals):
                raise HoldfastError(f"{GOALS_FILE} ends inside of a code block; close that first")
            added = goals[-1]
            return (edit,)

        await self._edit(addition, f"goal: {goal.title}", must=True)
        self.on_change()
        return added

    async def waive(self, condition_id: str) -> Condition:
        """Marks a condition of the goals file as waived. Raises HoldfastError."""
        entry = next((e for e in self.contract().entries if e.condition.id == condition_id), None)
        if entry is None:
            raise HoldfastError("only conditions in the goals file can be waived")
        today = f"{datetime.now(UTC):%Y-%m-%d}"

        def waiver(contract: Contract) -> tuple[TextEdit, ...]:
            edit = edits.waive(contract, condition_id, today)
            return (edit,) if edit is not None else ()

        await self._edit(waiver, f"waive: {entry.condition.text}", must=True)
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

    def _place(self, spot: Spot, known: Standing | None) -> Place:
        condition = spot.condition
        report = known.report if known is not None else None
        verdict: Verdict = "unverified"
        missing = NOT_CHECKED if condition.checks else NOT_JUDGED
        if condition.waived:
            verdict, missing = "waived", ""
        elif known is not None and report is not None:
            verdict, missing = report.verdict, report.missing
            if verdict == "met" and known.tree != self._tree:
                verdict, missing = "stale", STALE
        return Place(spot, verdict, missing, report)

    async def _read(self) -> None:
        """Until what was read is what stands there."""
        while await self._stated.read():
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
        moved = await self._stated.look(names)
        tree = digest(names)
        if tree != self._tree or moved:
            self._tree = tree
            self.on_change()

    async def _check_saved(self) -> None:
        """Quick checks of what is known to be quick, without asking anybody."""
        await asyncio.sleep(QUIET_SECONDS)
        known = self._ledger.standings()
        quick = [
            replace(goal, conditions=conditions)
            for goal in self.contract().goals
            if (conditions := tuple(c for c in goal.conditions if _is_cheap(c, known.get(c.id))))
        ]
        if quick:
            await self.check(quick, asks=False)

    async def _edit(
        self,
        wanted: Callable[[Contract], tuple[TextEdit, ...]],
        reason: str,
        *,
        must: bool = False,
    ) -> None:
        """Edits the goals file as it is at that moment; a person's typing wins.

        With `must` it raises HoldfastError when that cannot be done, and creates the file.
        """
        rejected = EditRejected("the goals file keeps changing; try again")
        for _ in range(WRITE_ATTEMPTS_MAX):
            try:
                document = await self._editor.read(self.path)
                base, text = document.version, document.text
            except FileMissing:
                base, text = None, ""
            except ToolError:
                if must:
                    raise
                return
            changes = wanted(parse(text))
            if not changes or (base is None and not must):
                return
            try:
                await self._editor.apply(EditSet((FileEdit(self.path, base, changes),), reason))
                return
            except EditRejected as error:
                rejected = error
        if must:
            raise rejected
        _log.info("the goals file is not brought up to date: %s", rejected)

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


_DONE = ("met", "waived")


def _summary(verdicts: list[Verdict]) -> Verdict:
    """One word for a goal."""
    if all(verdict in _DONE for verdict in verdicts):
        return "met"
    if "blocked" in verdicts:
        return "blocked"
    if "unmet" in verdicts or "impossible" in verdicts:
        return "unmet"
    return "stale" if "stale" in verdicts else "unverified"


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


def _is_cheap(condition: Condition, known: Standing | None) -> bool:
    if not condition.checks or condition.waived:
        return False
    if not any(isinstance(check, CommandCheck) for check in condition.checks):
        return True
    return known is not None and seconds_of(known.report.evidence) <= CHEAP_SECONDS
