"""What is known of each goal now: what is stated, and what was last shown of it."""

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

_DONE = ("met", "waived")


@dataclass(frozen=True, slots=True)
class ConditionStatus:
    """One condition where it stands, and what is known of it now."""

    spot: ConditionLocation
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
class GoalTotals:
    """Goals, by what is known of them."""

    met: int = 0
    unmet: int = 0
    blocked: int = 0
    total: int = 0


class GoalStatuses:
    """Reads only. `tree` is the hash of the tree that verdicts are compared to."""

    def __init__(self, sources: GoalSources, verdict_store: VerdictStore) -> None:
        self.tree = ""
        self._sources = sources
        self._verdict_store = verdict_store

    def contract(self) -> GoalsDocument:
        """What the goals file says now, unsaved changes included; empty where there is none."""
        return self._sources.contract()

    def problems(self) -> tuple[DocumentProblem, ...]:
        """What in the goals file means nothing."""
        return self.contract().problems

    def places(self) -> tuple[ConditionStatus, ...]:
        """Every condition with its verdict: the goals file first, then comments by path."""
        known = self._verdict_store.standings()
        return tuple(
            self._place(spot, known.get(spot.condition.id)) for spot in self._sources.conditions()
        )

    def counts(self) -> GoalTotals:
        """How many goals there are, by what is known of them."""
        by_goal: dict[str, list[Verdict]] = {}
        for place in self.places():
            by_goal.setdefault(place.goal.id, []).append(place.verdict)
        found = Counter(_summary(verdicts) for verdicts in by_goal.values())
        return GoalTotals(found["met"], found["unmet"], found["blocked"], len(by_goal))

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
        return tuple({s.goal.id: s.goal for s in self._sources.conditions()}.values())

    def first_open(self) -> Goal | None:
        """The first goal of the goals file that is not shown to hold now.

        Raises HoldfastError when nobody knows what the file says.
        """
        if why := self.contract().unreadable:
            raise HoldfastError(f"{GOALS_FILE}: {why}")
        held = {place.condition.id for place in self.places() if place.verdict in _DONE}
        for goal in self.contract().goals:
            if any(condition.id not in held for condition in goal.conditions):
                return goal
        return None

    def waived(self) -> frozenset[str]:
        """The ids of the conditions that a person gave up."""
        return frozenset(e.condition.id for e in self.contract().entries if e.condition.waived)

    def _place(self, spot: ConditionLocation, known: StoredVerdict | None) -> ConditionStatus:
        condition = spot.condition
        report = known.report if known is not None else None
        verdict: Verdict = "unverified"
        missing = NOT_CHECKED if condition.checks else NOT_JUDGED
        if condition.waived:
            verdict, missing = "waived", ""
        elif known is not None and report is not None:
            verdict, missing = report.verdict, report.missing
            if verdict == "met" and known.tree != self.tree:
                verdict, missing = "stale", STALE
        return ConditionStatus(spot, verdict, missing, report)


def _summary(verdicts: list[Verdict]) -> Verdict:
    """One word for a goal."""
    if all(verdict in _DONE for verdict in verdicts):
        return "met"
    if "blocked" in verdicts:
        return "blocked"
    if "unmet" in verdicts or "impossible" in verdicts:
        return "unmet"
    return "stale" if "stale" in verdicts else "unverified"
