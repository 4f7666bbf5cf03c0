"""This module defines goals: conditions, the checks that show them, and the evidence found.

A verdict needs evidence that the harness itself produced on the tree as it is now;
what a model says is never evidence. `goals/` decides on verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from lsp_server.domain.ids import Id

GOALS_FILE = ".holdfast/goals.md"
"""Where a workspace keeps its goals, from its root."""

TASK_GOAL: Id = ":task"
"""The id of the goal that a task is where nobody set one; no goal of a person's has it."""

Verdict: TypeAlias = Literal[
    "met", "unmet", "stale", "blocked", "impossible", "unverified", "waived"
]
"""What is known of a condition.

`stale`: the tree changed since the evidence. `blocked`: a person has to answer first.
`impossible`: it cannot hold, which was confirmed independently. `unverified`: the judge
could not be asked. `waived`: a person does not want it any more.
"""


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A `CommandCheck` holds when the command exits with status 0."""

    command: str


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A `FileCheck` holds when the file exists and, with `contains`, has that text in it.

    `path` is relative to the workspace.
    """

    path: str
    contains: str | None = None


@dataclass(frozen=True, slots=True)
class DiagnosticsCheck:
    """A `DiagnosticsCheck` holds when the editor reports nothing as bad as `worst`.

    `under` is a file or folder relative to the workspace, "" means everywhere. With
    `worst` as `warning`, errors count as well.
    """

    under: str
    worst: Literal["error", "warning"] = "error"


Check: TypeAlias = CommandCheck | FileCheck | DiagnosticsCheck


def describe(check: Check) -> str:
    """Says in words what a check looks at; a command is shown as it is run.

    >>> describe(DiagnosticsCheck("src", "warning"))
    'no warnings in src'
    """
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
    """A `Condition` is one thing that must hold for a goal.

    Its `checks` show it; without any, a judge decides. `waived` says that a person does
    not want it any more. One that does not bind is looked at, and what rests on the others
    does not wait for it.
    """

    id: Id
    text: str
    checks: tuple[Check, ...] = ()
    waived: bool = False
    binds: bool = True

    @property
    def asks(self) -> bool:
        """Says whether the condition is a question, which holds once it is answered."""
        # The second mark is the full-width one of Chinese and Japanese texts.
        return self.text.rstrip().endswith(("?", "\uff1f"))


@dataclass(frozen=True, slots=True)
class Goal:
    """A `Goal` is met when all of its conditions are met or waived."""

    id: Id
    title: str
    conditions: tuple[Condition, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """Returns the commands that its checks run."""
        checks = (check for condition in self.conditions for check in condition.checks)
        return tuple(check.command for check in checks if isinstance(check, CommandCheck))

    @property
    def is_task(self) -> bool:
        """Says whether it is the task of a run that has no goal, made one by the harness."""
        return self.id == TASK_GOAL


@dataclass(frozen=True, slots=True)
class Finding:
    """A `Finding` is a problem or remark to look at, with its place where that is known.

    `path` is relative to the workspace; `line` counts from 1. `source` names the tool or
    language server that found it.
    """

    message: str
    path: str | None = None
    line: int | None = None
    severity: Literal["error", "warning", "information", "hint"] = "error"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An `Evidence` is what the harness itself saw: how a check ended, or what a run changed.

    `tree` is the hash of the working tree at that moment; when the tree changes, the
    evidence is stale. `revision` is git's name of that tree, if it has one. `at` is an
    ISO 8601 time, `seconds` how long the check took, `output_tail` the end of its output.
    `ending` says in words how it ended, as in `timed out after 600 s`; `exit_status` is
    None where there was none.
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
        """Names the tree for a person: by its commit where there is one, else by its hash."""
        return self.revision or self.tree


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """A `ConditionReport` is the verdict on one condition, with the evidence for it.

    `missing` says what would make it met.
    """

    condition: Condition
    verdict: Verdict
    missing: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class GoalReport:
    """A `GoalReport` is the verdict on a goal, condition by condition, on one tree.

    `judges_edited` are files that decide about the goal and that the run itself
    changed; until a person accepts them, what they show proves nothing.
    """

    goal: Goal
    conditions: tuple[ConditionReport, ...]
    tree: Id
    judges_edited: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Says whether every condition is met or waived."""
        return all(report.verdict in ("met", "waived") for report in self.conditions)

    @property
    def question(self) -> str | None:
        """Asks what a person has to answer before the goal can be met; None if nothing."""
        waiting = ("blocked", "unverified", "stale")
        asked = [r.missing for r in self.conditions if r.verdict in waiting]
        return "; ".join(asked) or None

    @property
    def impossible(self) -> bool:
        """Says whether a condition can never be met."""
        return any(report.verdict == "impossible" for report in self.conditions)

    @property
    def gap(self) -> tuple[str, ...]:
        """Returns the tree and all verdicts; two equal gaps in a row mean no progress."""
        return (self.tree, *(f"{r.condition.id}={r.verdict}" for r in self.conditions))
