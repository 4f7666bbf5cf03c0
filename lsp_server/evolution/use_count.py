"""This module counts what a fact, a skill or a command was good for: in which runs it was told, used, and how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import Fact
from lsp_server.evolution.distillation import WrittenText
from lsp_server.evolution.fact_parts import FactParts, fact_parts
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.suggestion import Suggestion, suggestion
from lsp_server.skills.custom_command import makes
from lsp_server.text.count import count_of

TOLD_MIN = 20
DAYS_MIN = 28
"""What so many runs in so many days were told, and none used, only takes room."""
FAILED_MIN = 4
"""What so many runs in a row used, and none of them went well, does more harm than good."""


@dataclass(frozen=True, slots=True)
class UseCount:
    """A `UseCount` counts runs: those that were told of something, that used it, and that then went well.

    Of a command, which people use, those count as told that they began since it is there.

    `failed_last` are those that used it in vain since one that did not. `first_at` and `last_at` are
    the times of the first and the last run that was told, empty if none was.
    """

    told: int = 0
    used: int = 0
    went_well: int = 0
    failed_last: int = 0
    first_at: str = ""
    last_at: str = ""

    @property
    def problem(self) -> str:
        """Says why what was counted is not worth its room; empty if it may be."""
        if self.failed_last >= FAILED_MIN:
            return f"the last {self.failed_last} runs that used it did not go well"
        if self.told >= TOLD_MIN and self.days >= DAYS_MIN and not self.used:
            return f"none of {self.told} runs in {count_of(round(self.days), 'day')} used it"
        return ""

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
    told = [run for run in runs if fact.id in run.told_facts]
    # A command that passed did what the fact says, however the run ended.
    in_vain = frozenset(run.id for run in told if not (run.went_well or _passed(run, parts)))
    return _count(((run, _uses(run, parts)) for run in told), in_vain)


def count_file_uses(file: WrittenText, runs: Sequence[PastRun]) -> UseCount:
    """Counts for what a skill or command was good.

    All runs since its last change were told of a skill, and some loaded it; of a command those were
    that people began, and it made what they said to some.
    """
    uses = _loads if file.is_skill else _is_said
    seen = [(run, uses(file, run)) for run in runs if file.is_skill or run.by_person]
    told = [(run, used) for run, used in seen if used or run.at >= file.since]
    in_vain = frozenset(run.id for run, _ in told if not run.went_well)
    return _count(told, in_vain)


def unused_facts(facts: Sequence[Fact], runs: Sequence[PastRun]) -> Iterator[Suggestion]:
    """Yields the facts of Holdfast's own to retire that were told for long and not used, or in vain.

    Of one that names nothing nobody can see whether it was used, so it stays.
    """
    for fact in facts:
        why = count_fact_uses(fact, runs).problem
        if why and fact.source != "person" and fact_parts(fact.text).names:
            yield suggestion("retire_fact", fact.text, why, target=fact.id)


def _count(told: Iterable[tuple[PastRun, bool]], in_vain: frozenset[Id]) -> UseCount:
    runs = list(told)
    used = [run for run, uses in runs if uses]
    times = sorted(run.at for run, _ in runs)
    return UseCount(
        len(runs),
        len(used),
        sum(run.went_well for run in used),
        _failed_last(used, in_vain),
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


def _loads(skill: WrittenText, run: PastRun) -> bool:
    return skill.name in run.loaded_skills


def _is_said(command: WrittenText, run: PastRun) -> bool:
    return any(makes(command.body, one.title) for one in run.told)


def _passed(run: PastRun, parts: FactParts) -> bool:
    return any(use.passed and use.line in parts.commands for use in run.commands)


def _failed_last(used: Sequence[PastRun], in_vain: frozenset[Id]) -> int:
    """How many of the last runs that used it did so in vain, in a row."""
    in_order = sorted(used, key=lambda run: (run.at, run.id), reverse=True)
    return sum(1 for _ in takewhile(lambda run: run.id in in_vain, in_order))
