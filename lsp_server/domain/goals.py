"""Goals: what must hold, how it is shown, and what showed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal[
    "met", "unmet", "stale", "blocked", "impossible", "unverified", "waived"
]


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """Holds when the command exits with status 0."""

    command: str


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Holds when the file exists and, if `contains` is given, contains that text."""

    path: str
    contains: str | None = None


Check: TypeAlias = CommandCheck | FileCheck


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold; without checks it takes a judge."""

    id: str
    text: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """A contract: met when all its conditions are."""

    id: str
    title: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at, with a place when it is known.

    `path` is workspace-relative; `line` counts from 1.
    """

    message: str
    path: str | None = None
    line: int | None = None
    severity: Literal["error", "warning", "information", "hint"] = "error"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the harness itself saw when it ran one check.

    `tree` is the hash of the working tree at that moment; when the tree moves,
    the evidence is stale. `at` is an ISO 8601 time.
    """

    id: str
    check: str
    passed: bool
    output_tail: str
    seconds: float
    tree: str
    at: str
    exit_status: int | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """The verdict on one condition; `missing` says what would make it met."""

    condition: Condition
    verdict: Verdict
    missing: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class GoalReport:
    """The verdict on a goal, condition by condition."""

    goal: Goal
    conditions: tuple[ConditionReport, ...]
    tree: str

    @property
    def met(self) -> bool:
        return all(report.verdict in ("met", "waived") for report in self.conditions)

    @property
    def question(self) -> str | None:
        """What a person has to answer before the goal can be met, if anything."""
        asked = [r.missing for r in self.conditions if r.verdict in ("blocked", "unverified")]
        return "; ".join(asked) or None
