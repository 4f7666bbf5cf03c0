"""This module says what is known of each goal now: what is written, and what was last shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import GOALS_FILE, Condition, ConditionReport, Goal, Verdict
from lsp_server.goals.goals_document import DocumentProblem, GoalsDocument
from lsp_server.session.goals.goal_sources import ConditionLocation, GoalSources
from lsp_server.session.goals.verdict_store import StoredVerdict, VerdictStore

NOT_CHECKED = "not checked yet"
NOT_JUDGED = "not judged yet: no check shows whether it holds; work on it, or add a check"
STALE = "it held, but files have changed since; it will be checked again"

IDS_NAMED_MAX = 10

_DONE = ("met", "waived")


@dataclass(frozen=True, slots=True)
class ConditionStatus:
    """A `ConditionStatus` is one condition with its place, and what is known of it now.

    `missing` says what is not there yet, empty when nothing is. `report` is what was
    last shown, None if it never was; it may be about an older tree.
    """

    location: ConditionLocation
    verdict: Verdict
    missing: str
    report: ConditionReport | None

    @property
    def goal(self) -> Goal:
        """Returns the goal that the condition belongs to."""
        return self.location.goal

    @property
    def condition(self) -> Condition:
        """Returns the condition itself."""
        return self.location.condition


@dataclass(frozen=True, slots=True)
class GoalTotals:
    """`GoalTotals` counts goals by what is known of them; `total` includes unchecked ones."""

    met: int = 0
    unmet: int = 0
    blocked: int = 0
    total: int = 0


class GoalStatuses:
    """Answers questions about the goals of one workspace; changes nothing.

    `tree` is the hash of the tree as it was last seen. What held on another one is stale.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from lsp_server.workspace.files.documents import Documents
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / ".holdfast").mkdir()
    >>> text = "## It works\\n- [ ] tests pass\\n  - check: `pytest -q`\\n"
    >>> _ = (root / ".holdfast" / "goals.md").write_text(text)
    >>> statuses = GoalStatuses(GoalSources(root, Documents()), VerdictStore(root / "goals.json"))
    >>> [(one.condition.text, one.verdict, one.missing) for one in statuses.conditions()]
    [('tests pass', 'unverified', 'not checked yet')]
    >>> statuses.counts().total, statuses.first_open().title
    (1, 'It works')
    """

    def __init__(self, sources: GoalSources, verdict_store: VerdictStore) -> None:
        self.tree = ""
        self._sources = sources
        self._verdict_store = verdict_store

    def document(self) -> GoalsDocument:
        """Returns the goals file as it is now, with unsaved changes; empty where there is none."""
        return self._sources.document()

    def problems(self) -> tuple[DocumentProblem, ...]:
        """Returns the places in the goals file that mean nothing."""
        return self.document().problems

    def conditions(self) -> tuple[ConditionStatus, ...]:
        """Returns every condition with its verdict: the goals file first, then comments by path."""
        known = self._verdict_store.verdicts()
        return tuple(
            self._status(location, known.get(location.condition.id))
            for location in self._sources.conditions()
        )

    def counts(self) -> GoalTotals:
        """Counts goals by what is known of them."""
        by_goal: dict[str, list[Verdict]] = {}
        for status in self.conditions():
            by_goal.setdefault(status.goal.id, []).append(status.verdict)
        found = Counter(_summary(verdicts) for verdicts in by_goal.values())
        return GoalTotals(found["met"], found["unmet"], found["blocked"], len(by_goal))

    def find(self, goal_id: str) -> Goal:
        """Returns the goal with that id, or one condition with it as a goal.

        Raises HoldfastError when neither has the id.
        """
        goals = self.goals()
        for goal in goals:
            if goal.id == goal_id:
                return goal
        # Editors offer a check of one condition, too; it keeps the title of its goal.
        for goal in goals:
            for condition in goal.conditions:
                if condition.id == goal_id:
                    return Goal(condition.id, goal.title, (condition,))
        known = ", ".join(goal.id for goal in goals[:IDS_NAMED_MAX]) or "none"
        raise HoldfastError(f"there is no goal with the id {goal_id!r}; there are: {known}")

    def goals(self) -> tuple[Goal, ...]:
        """Returns all goals, in their order."""
        return tuple({one.goal.id: one.goal for one in self._sources.conditions()}.values())

    def first_open(self) -> Goal | None:
        """Returns the first goal of the goals file that is not shown to hold now.

        Raises HoldfastError when nobody knows what the file says.
        """
        if why := self.document().unreadable:
            raise HoldfastError(f"{GOALS_FILE}: {why}")
        held = {one.condition.id for one in self.conditions() if one.verdict in _DONE}
        for goal in self.document().goals:
            if any(condition.id not in held for condition in goal.conditions):
                return goal
        return None

    def waived(self) -> frozenset[str]:
        """Returns the ids of the conditions that a person gave up."""
        return frozenset(e.condition.id for e in self.document().entries if e.condition.waived)

    def _status(self, location: ConditionLocation, known: StoredVerdict | None) -> ConditionStatus:
        condition = location.condition
        report = known.report if known is not None else None
        verdict: Verdict = "unverified"
        missing = NOT_CHECKED if condition.checks else NOT_JUDGED
        if condition.waived:
            verdict, missing = "waived", ""
        elif known is not None and report is not None:
            verdict, missing = report.verdict, report.missing
            if verdict == "met" and known.tree != self.tree:
                verdict, missing = "stale", STALE
        return ConditionStatus(location, verdict, missing, report)


def _summary(verdicts: list[Verdict]) -> Verdict:
    """Sums a goal up in one word."""
    if all(verdict in _DONE for verdict in verdicts):
        return "met"
    # What waits for a person comes before what the agent can do by itself.
    if "blocked" in verdicts:
        return "blocked"
    if "unmet" in verdicts or "impossible" in verdicts:
        return "unmet"
    return "stale" if "stale" in verdicts else "unverified"
