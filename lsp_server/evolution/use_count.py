"""This module counts what a fact or a skill was good for: in which runs it was told, used, and how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lsp_server.domain.memories import Fact
from lsp_server.evolution.fact_parts import FactParts, fact_parts
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.suggestion import Suggestion, suggestion

TOLD_MIN = 20
DAYS_MIN = 28
"""A fact that so many runs in so many days were told, and none used, only takes room."""


@dataclass(frozen=True, slots=True)
class UseCount:
    """A `UseCount` counts runs: those that were told of something, that used it, and that then went well.

    `first_at` and `last_at` are the times of the first and the last run that was told, empty if none was.
    """

    told: int = 0
    used: int = 0
    went_well: int = 0
    first_at: str = ""
    last_at: str = ""

    @property
    def days(self) -> float:
        """Returns the days between the first and the last run that was told."""
        if not self.first_at:
            return 0.0
        first, last = map(datetime.fromisoformat, (self.first_at, self.last_at))
        return (last - first).total_seconds() / 86_400


def count_fact_uses(fact: Fact, runs: Sequence[PastRun]) -> UseCount:
    """Counts for what a fact was good; a run uses it by running a command or touching a file that it names."""
    parts = fact_parts(fact.text)
    return _count((run, _uses(run, parts)) for run in runs if fact.id in run.told_facts)


def count_skill_uses(name: str, runs: Sequence[PastRun]) -> UseCount:
    """Counts for what a skill was good; a run that loaded it was told and used it."""
    return _count((run, True) for run in runs if name in run.loaded_skills)


def unused_facts(facts: Sequence[Fact], runs: Sequence[PastRun]) -> Iterator[Suggestion]:
    """Yields the facts of Holdfast's own to retire that were told for long and never used.

    Of one that names nothing nobody can see whether it was used, so it stays.
    """
    for fact in facts:
        usage = count_fact_uses(fact, runs)
        is_due = usage.told >= TOLD_MIN and usage.days >= DAYS_MIN and not usage.used
        if fact.source != "person" and is_due and fact_parts(fact.text).names:
            why = f"{usage.told} runs in {usage.days:.0f} days were told, and none used it"
            yield suggestion("retire_fact", fact.text, why, target=fact.id)


def _count(told: Iterable[tuple[PastRun, bool]]) -> UseCount:
    runs = list(told)
    used = [run for run, uses in runs if uses]
    times = sorted(run.at for run, _ in runs)
    return UseCount(
        len(runs),
        len(used),
        sum(run.went_well for run in used),
        times[0] if times else "",
        times[-1] if times else "",
    )


def _uses(run: PastRun, parts: FactParts) -> bool:
    lines = {command.line for command in run.commands}
    if lines & parts.commands:
        return True
    touched = {path for action in run.actions for path in action.files}
    asked = " ".join(action.title for action in run.actions)
    return bool(touched & parts.paths) or any(path in asked for path in parts.paths | parts.symbols)
