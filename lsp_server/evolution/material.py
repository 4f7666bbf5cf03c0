"""A `Material` is what a model is shown of past runs: what people said and which commands passed.

No output of a command and no text of a file is a part of it, so that nothing of these can ask
the model for anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import ActionRecord, Fact
from lsp_server.evolution.lesson import plain_command
from lsp_server.evolution.past_run import PastCommand, PastRun
from lsp_server.evolution.person_lessons import clean_sentences
from lsp_server.text.bm25 import stems

RUNS_MAX = 60
"""So many of the newest runs are shown."""
SAID_IN_RUN_MAX = 12
COMMANDS_IN_RUN_MAX = 12


@dataclass(frozen=True, slots=True)
class Said:
    """A `Said` is a sentence that a person said to a run; `id` names its row."""

    id: Id
    run: Id
    text: str


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A `ShownRun` is what a model is shown of one run, the commands being those that passed."""

    id: Id
    said: tuple[Said, ...]
    passed: tuple[PastCommand, ...]

    @property
    def words(self) -> frozenset[str]:
        """Returns the stems of all that its person said."""
        return stems(" ".join(one.text for one in self.said))


@dataclass(frozen=True, slots=True)
class Material:
    """A `Material` has runs that people began, oldest first, and the facts that are told."""

    runs: tuple[ShownRun, ...]
    facts: tuple[Fact, ...]

    @property
    def said(self) -> Mapping[Id, tuple[Said, ...]]:
        """Returns the sentences that people said, by the ids of their rows, oldest first."""
        rows: dict[Id, tuple[Said, ...]] = {}
        for run in self.runs:
            for one in run.said:
                rows[one.id] = (*rows.get(one.id, ()), one)
        return rows

    @property
    def passed(self) -> Mapping[Id, PastCommand]:
        """Returns the commands that passed, by their ids."""
        return {one.id: one for run in self.runs for one in run.passed}


def material(runs: Sequence[PastRun], facts: Sequence[Fact]) -> Material:
    """Returns what a model is shown of past runs, oldest first, and of the facts that are told."""
    own = [run for run in runs if run.by_person][-RUNS_MAX:]
    return Material(tuple(map(_shown, own)), tuple(facts))


def material_text(shown: Material) -> str:
    """Returns a material as the model reads it."""
    return "\n\n".join([*map(_run_text, shown.runs), "# Facts that are told", *_facts(shown)])


def _shown(run: PastRun) -> ShownRun:
    said = (one for row in run.told for one in _said(row))
    passed = {use.line: use for use in run.commands if use.passed and plain_command(use.line)}
    return ShownRun(
        run.id, tuple(said)[:SAID_IN_RUN_MAX], tuple(passed.values())[:COMMANDS_IN_RUN_MAX]
    )


def _said(row: ActionRecord) -> Iterator[Said]:
    for sentence in clean_sentences(row.title):
        yield Said(row.id, row.run_id, sentence)


def _run_text(run: ShownRun) -> str:
    said = [f"said {one.id}: {one.text}" for one in run.said]
    passed = [f"passed {one.id}: {one.line}" for one in run.passed]
    return "\n".join([f"# Run {run.id}", *said, *passed])


def _facts(shown: Material) -> Iterator[str]:
    yield "\n".join(f"fact {fact.id}: {fact.text}" for fact in shown.facts) or "none"
