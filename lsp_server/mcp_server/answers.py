"""This module has the shapes of the answers of lent tools, from which their schemas are made.

Lists and texts are cut to the bounds below; each answer says what was left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.goals import Evidence, Verdict
from lsp_server.domain.ids import Id
from lsp_server.domain.memories import ActionOutcome, ActionRecord, FactStatus, MemoryKind
from lsp_server.session.goals import ConditionStatus
from lsp_server.text.truncate import one_line, truncate

CONDITIONS_MAX = 60
EVIDENCE_MAX = 5
"""Evidence that is shown of one condition."""
TEXT_CHARS_MAX = 300
OUTPUT_CHARS_MAX = 600


@dataclass(frozen=True, slots=True)
class SearchedItem:
    """A `SearchedItem` is one thing that was found; `recall` gives it whole by its id."""

    id: Id
    kind: MemoryKind
    title: str
    source: str
    excerpt: str
    path: str | None = None
    start_line: int | None = None
    end_line: int | None = None


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """A `SearchAnswer` has what was found, the best of each kind first.

    `workspace` is the folder that was searched, `note` says what may be missing and why.
    """

    workspace: str
    found: tuple[SearchedItem, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RecalledItem:
    """A `RecalledItem` is one entry of a journal or of memory, by its beginning."""

    id: Id
    title: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """A `RecallAnswer` has entries for a query, or a page of the text behind an id.

    With `next_cursor` the text goes on there.
    """

    workspace: str
    found: tuple[RecalledItem, ...] = ()
    text: str | None = None
    next_cursor: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class FactAnswer:
    """A `FactAnswer` is one fact with its origin: who claimed it when, and what showed it."""

    id: Id
    text: str
    source: str
    status: FactStatus
    at: str
    checked_at: str
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class RememberAnswer:
    """A `RememberAnswer` is the fact as it is kept, and what that means."""

    workspace: str
    fact: FactAnswer
    note: str


@dataclass(frozen=True, slots=True)
class EvidenceAnswer:
    """An `EvidenceAnswer` is what Holdfast itself saw: a check, how it ended, where and when."""

    check: str
    passed: bool
    ending: str
    seconds: float
    tree: str
    at: str
    output_tail: str | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionAnswer:
    """A `ConditionAnswer` is one condition of a goal with what is known of it now."""

    id: Id
    text: str
    verdict: Verdict
    path: str
    line: int
    missing: str | None = None
    evidence: tuple[EvidenceAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class GoalAnswer:
    """A `GoalAnswer` is one goal; it is met when all of its conditions are met or waived."""

    id: Id
    title: str
    met: bool
    conditions: tuple[ConditionAnswer, ...]


@dataclass(frozen=True, slots=True)
class GoalsAnswer:
    """A `GoalsAnswer` has goals and whether all of them are met; it is false where there are none."""

    workspace: str
    all_met: bool
    goals: tuple[GoalAnswer, ...]
    problems: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """An `ActionAnswer` is something that a run did: why, what, and how it ended."""

    id: Id
    title: str
    outcome: ActionOutcome
    at: str
    source: str
    reason: str | None = None
    arguments: str | None = None


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """A `WhyAnswer` has the evidence of a goal's verdict, the origin of a fact, or who changed a file."""

    workspace: str
    goals: tuple[GoalAnswer, ...] = ()
    fact: FactAnswer | None = None
    actions: tuple[ActionAnswer, ...] = ()
    note: str | None = None


def goal_answers(
    statuses: tuple[ConditionStatus, ...], *, with_evidence: bool
) -> tuple[GoalAnswer, ...]:
    """Returns goals with their conditions, CONDITIONS_MAX of them at most.

    Whether a goal is met is said of all of its conditions, also where some are left out.
    """
    by_goal: dict[str, list[ConditionStatus]] = {}
    for status in statuses:
        by_goal.setdefault(status.goal.id, []).append(status)
    answers, room = [], CONDITIONS_MAX
    for goal_id, conditions in by_goal.items():
        shown = conditions[: max(room, 0)]
        room -= len(shown)
        if shown:
            answers.append(
                GoalAnswer(
                    goal_id,
                    one_line(conditions[0].goal.title, TEXT_CHARS_MAX),
                    all(map(is_met, conditions)),
                    tuple(_condition(one, with_evidence=with_evidence) for one in shown),
                )
            )
    return tuple(answers)


def is_met(status: ConditionStatus) -> bool:
    """Says whether a condition is met, or given up by a person."""
    return status.verdict in ("met", "waived")


def action_answer(record: ActionRecord, source: str) -> ActionAnswer:
    """Returns an action by its beginning; `source` says which run it was."""
    return ActionAnswer(
        record.id,
        one_line(record.title, TEXT_CHARS_MAX),
        record.outcome,
        record.at,
        source,
        truncate(record.reason, OUTPUT_CHARS_MAX) or None,
        truncate(record.arguments, OUTPUT_CHARS_MAX) or None,
    )


def _condition(status: ConditionStatus, *, with_evidence: bool) -> ConditionAnswer:
    shown = status.report.evidence[:EVIDENCE_MAX] if with_evidence and status.report else ()
    return ConditionAnswer(
        status.condition.id,
        one_line(status.condition.text, TEXT_CHARS_MAX),
        status.verdict,
        status.location.path,
        status.location.range.start.line + 1,
        one_line(status.missing, TEXT_CHARS_MAX) or None,
        tuple(map(_evidence, shown)),
    )


def _evidence(evidence: Evidence) -> EvidenceAnswer:
    return EvidenceAnswer(
        one_line(evidence.check, TEXT_CHARS_MAX),
        evidence.passed,
        evidence.ending,
        round(evidence.seconds, 3),
        evidence.where,
        evidence.at,
        evidence.output_tail[-OUTPUT_CHARS_MAX:] or None,
        tuple(
            one_line(f"{one.path or ''}: {one.message}", TEXT_CHARS_MAX)
            for one in evidence.findings[:EVIDENCE_MAX]
        ),
    )
