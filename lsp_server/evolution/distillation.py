"""A `Distillation` is a look at past runs that drafts skills and commands for what recurs in them.

It needs no model. What it makes are drafts; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from lsp_server.evolution.draft import Draft, new_draft, steps_in
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.procedures import Procedure, procedures
from lsp_server.evolution.project import Project
from lsp_server.evolution.run_steps import OPEN_WORD, Step
from lsp_server.skills.front_matter import FrontMatterError, read_front_matter
from lsp_server.skills.skill import SKILL_FILE

SHARED_MIN = 2
"""A skill that has so many of the steps is about the same procedure."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A `WrittenText` is the text of a skill, command or agent that is there.

    `is_own` says that Holdfast made it and nobody has edited it since. `name` is what it is called by,
    and `since` the time of its last change.
    """

    path: str
    text: str
    is_own: bool = False
    name: str = ""
    since: str = ""

    @property
    def is_skill(self) -> bool:
        """Says whether it is a skill, of which models are told, and not a command."""
        return PurePosixPath(self.path).name == SKILL_FILE

    @property
    def is_command(self) -> bool:
        """Says whether it is a command, which people begin tasks with."""
        return not self.is_skill and "commands" in PurePosixPath(self.path).parts

    @property
    def body(self) -> str:
        """Returns the text behind its head."""
        with suppress(FrontMatterError):
            return read_front_matter(self.text).body
        return self.text

    @property
    def is_of_project(self) -> bool:
        """Says whether it lies in the workspace."""
        return not PurePosixPath(self.path).is_absolute()


@dataclass(frozen=True, slots=True)
class Distillation:
    """A `Distillation` says what recurs in past runs.

    Of what was found, `drafts` are worth a file; the others are `left_out`, each for the reason
    beside it.
    """

    runs: int
    drafts: tuple[Draft, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def distill(
    runs: Sequence[PastRun], written: Sequence[WrittenText], project: Project, at: str
) -> Distillation:
    """Finds procedures in past runs. Blocking. `written` is what tells agents something here."""
    drafts: dict[str, Draft] = {}
    left_out: list[tuple[str, str]] = []
    for procedure in procedures(sorted(runs, key=lambda run: (run.at, run.id))):
        draft = _draft(procedure, written, at)
        why = _needless(draft, written, project)
        if not why and draft.path in drafts:
            why = f"{draft.path} is another draft"
        if why:
            left_out.append((procedure.key, why))
        else:
            drafts[draft.path] = draft
    return Distillation(len(runs), tuple(drafts.values()), tuple(left_out))


def _draft(procedure: Procedure, written: Sequence[WrittenText], at: str) -> Draft:
    """The smallest change: more lines of a skill that Holdfast made, else a file of its own."""
    draft = new_draft(procedure, at)
    for one in written:
        known = steps_in(one.text)
        if one.is_own and len(set(known) & set(procedure.steps)) >= SHARED_MIN:
            kind = draft.kind if one.is_command else "keep_skill"
            steps = _merged(known, procedure.steps)
            return replace(draft, kind=kind, path=one.path, replaces=one.text, steps=steps)
    return draft


def _merged(known: Sequence[Step], steps: Sequence[Step]) -> tuple[Step, ...]:
    """The known steps with the new ones where they come in the procedure."""
    merged = list(known)
    for number, step in enumerate(steps):
        if step not in merged:
            behind = [merged.index(one) + 1 for one in steps[:number] if one in merged]
            merged.insert(max(behind, default=0), step)
    return tuple(merged)


def _needless(draft: Draft, written: Sequence[WrittenText], project: Project) -> str:
    """Says why a draft is not worth a file; empty if it is."""
    for step in draft.steps:
        if step.kind == "run" and (problem := project.command_problem(step.what)):
            return problem
        if step.kind == "change" and "*" not in step.what and not project.has_path(step.what):
            return f"there is no {step.what} any more"
    commands = [one.what for one in draft.steps if one.kind == "run" and OPEN_WORD not in one.what]
    for one in written:
        if commands and all(command in one.text for command in commands):
            return f"{one.path} says it"
        if one.path == draft.path and one.text != draft.replaces:
            return f"{one.path} is there, and not Holdfast's"
    return ""
