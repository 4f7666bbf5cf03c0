"""Goals: what must hold, how it is shown, and what showed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from lsp_server.domain.ids import Id

GOALS_FILE = ".holdfast/goals.md"
"""Where a workspace keeps its goals, from its root."""

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


@dataclass(frozen=True, slots=True)
class DiagnosticsCheck:
    """Holds when the editor reports nothing as bad as `worst` in `under`.

    `under` is a file or a folder, "" is everywhere. Warnings include errors.
    """

    under: str
    worst: Literal["error", "warning"] = "error"


Check: TypeAlias = CommandCheck | FileCheck | DiagnosticsCheck


def describe(check: Check) -> str:
    """The check in words; a command as it is run."""
    match check:
        case CommandCheck(command):
            return command
        case FileCheck(path, None):
            return f"{path} exists"
        case FileCheck(path, contains):
            return f"{path} contains {contains}"
        case DiagnosticsCheck(under, worst):
            return f"no {worst}s" + (f" in {under}" if under else "")
        case _:
            assert_never(check)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold; without checks it takes a judge.

    `waived` says that a person does not want it any more.
    """

    id: Id
    text: str
    checks: tuple[Check, ...] = ()
    waived: bool = False

    @property
    def asks(self) -> bool:
        """Whether it is a question: it holds once it is answered."""
        return self.text.rstrip().endswith(("?", "\uff1f"))


@dataclass(frozen=True, slots=True)
class Goal:
    """A contract: met when all its conditions are."""

    id: Id
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
    """What the harness itself saw: how one check ended, or what a run changed.

    `tree` is the hash of the working tree at that moment; when the tree moves,
    the evidence is stale. `at` is an ISO 8601 time. `ending` says in words how
    it ended, as in `timed out after 600 s`, `revision` what git calls that tree.
    """

    id: Id
    check: str
    passed: bool
    output_tail: str
    seconds: float
    tree: Id
    at: str
    exit_status: int | None = None
    findings: tuple[Finding, ...] = ()
    ending: str = ""
    revision: Id = ""

    @property
    def where(self) -> str:
        """The tree for a person: its commit where there is one, else its hash."""
        return self.revision or self.tree


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """The verdict on one condition; `missing` says what would make it met."""

    condition: Condition
    verdict: Verdict
    missing: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class GoalReport:
    """The verdict on a goal, condition by condition.

    `judges_edited` are files that decide about the goal and that the run itself
    changed; until a person accepts them, what they show proves nothing.
    """

    goal: Goal
    conditions: tuple[ConditionReport, ...]
    tree: Id
    judges_edited: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return all(report.verdict in ("met", "waived") for report in self.conditions)

    @property
    def question(self) -> str | None:
        """What a person has to answer before the goal can be met, if anything."""
        waiting = ("blocked", "unverified", "stale")
        asked = [r.missing for r in self.conditions if r.verdict in waiting]
        return "; ".join(asked) or None

    @property
    def impossible(self) -> bool:
        return any(report.verdict == "impossible" for report in self.conditions)

    @property
    def gap(self) -> tuple[str, ...]:
        """What is missing on which tree: the same gap twice means that nothing moves."""
        return (self.tree, *(f"{r.condition.id}={r.verdict}" for r in self.conditions))
