"""A dream keeps what is known of a project true: it learns from past runs and reviews the facts.

It needs no model. What it makes are suggestions; nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import Fact
from lsp_server.evolution.check_lessons import check_lessons
from lsp_server.evolution.distillation import WrittenText
from lsp_server.evolution.fact_parts import FactParts, fact_parts, say_the_same
from lsp_server.evolution.fact_review import review_facts
from lsp_server.evolution.fix_lessons import fix_lessons
from lsp_server.evolution.inbox_groups import most_valuable_first
from lsp_server.evolution.lesson import Lesson, LessonKind
from lsp_server.evolution.model_lessons import still_stands
from lsp_server.evolution.pair_lessons import pair_lessons
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.person_lessons import person_lessons
from lsp_server.evolution.project import Project
from lsp_server.evolution.skill_review import review_skills
from lsp_server.evolution.suggestion import Suggestion, suggestion
from lsp_server.evolution.undo_lessons import undo_lessons
from lsp_server.evolution.use_count import unused_facts

_SEEN: dict[LessonKind, str] = {
    "check": "it passed in {held} of {runs} runs that ran it",
    "fix": "it helped in {held} runs",
    "pair": "in {held} of {runs} runs that changed one of them",
    "person": "a person said so in {held} runs",
    "undo": "in the last {held} runs that changed it a person took that back",
}


@dataclass(frozen=True, slots=True)
class Dream:
    """A `Dream` says what a look at past runs brought.

    `lessons` were learned, of which `left_out` are not suggested, each for the reason beside it.
    """

    runs: int
    lessons: int
    suggestions: tuple[Suggestion, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def dream(
    runs: Sequence[PastRun],
    facts: Sequence[Fact],
    project: Project,
    written: Sequence[WrittenText] = (),
) -> Dream:
    """Looks at past runs, and at the facts and `written` skills that are told to new ones. Blocking."""
    runs = sorted(runs, key=lambda run: (run.at, run.id))
    reviewed = {one.target: one for one in unused_facts(facts, runs)}
    reviewed |= {one.target: one for one in review_facts(facts, runs, project)}
    gone = reviewed.keys()
    kept = {fact.text: fact_parts(fact.text) for fact in facts if fact.id not in gone}
    taken: list[Suggestion] = []
    left_out: list[tuple[str, str]] = []
    lessons = list(_lessons(runs))
    for lesson in lessons:
        if why := _needless(lesson, kept, project):
            left_out.append((lesson.text, why))
            continue
        kept[lesson.text] = fact_parts(lesson.text)
        seen = _SEEN[lesson.kind].format(held=lesson.held, runs=lesson.runs)
        taken.append(
            suggestion(
                "keep_fact",
                lesson.text,
                seen,
                evidence=lesson.evidence,
                command=lesson.command,
                lesson=lesson.kind,
                runs=lesson.held,
            )
        )
    found = most_valuable_first(
        (*taken, *reviewed.values(), *review_skills(written, runs, project))
    )
    return Dream(len(runs), len(lessons), tuple(found), tuple(left_out))


def with_model(
    found: Dream, more: Sequence[Suggestion], facts: Sequence[Fact], project: Project
) -> Dream:
    """Returns a dream with what a model found, now or earlier, where nothing else says it. Blocking."""
    known = [fact_parts(fact.text) for fact in facts]
    known += [fact_parts(one.text) for one in found.suggestions]
    about = {one.target for one in found.suggestions if one.target}
    added: dict[Id, Suggestion] = {}
    for one in more:
        parts = fact_parts(one.text)
        if one.kind == "keep_fact":
            is_new = not any(say_the_same(parts, each) for each in known)
        else:
            is_new = one.target not in about
        if is_new and still_stands(one, facts, project):
            added.setdefault(one.id, one)
            about.add(one.target or one.id)
    suggestions = most_valuable_first((*found.suggestions, *added.values()))
    return replace(found, suggestions=tuple(suggestions))


def _lessons(runs: Sequence[PastRun]) -> Iterator[Lesson]:
    yield from check_lessons(runs)
    yield from fix_lessons(runs)
    yield from pair_lessons(runs)
    yield from person_lessons(runs)
    yield from undo_lessons(runs)


def _needless(lesson: Lesson, kept: Mapping[str, FactParts], project: Project) -> str:
    """Says why a lesson is not worth a suggestion; empty if it is."""
    parts = fact_parts(lesson.text)
    for path in lesson.paths:
        if not project.has_path(path):
            return f"there is no {path} any more"
    for command in (*parts.commands, lesson.command):
        if command and (problem := project.command_problem(command)):
            return problem
    for text, known in kept.items():
        names = lesson.kind != "person" and parts.names and parts.names <= known.names
        if names or say_the_same(parts, known):
            return f"it is known: {text}"
    return ""
