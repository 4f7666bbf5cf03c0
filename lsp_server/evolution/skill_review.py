"""This module finds skills that are not worth their room any more, by what runs made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lsp_server.evolution.distillation import WrittenText
from lsp_server.evolution.fact_parts import fact_parts
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.project import Project
from lsp_server.evolution.suggestion import Suggestion, SuggestionKind, suggestion
from lsp_server.evolution.use_count import count_file_uses


def review_skills(
    written: Sequence[WrittenText], runs: Sequence[PastRun], project: Project
) -> Iterator[Suggestion]:
    """Yields the skills and commands to retire, and skills of a person to look at. Blocking.

    Of Holdfast's own one goes whose commands or files are not there, too. A person's skills are
    named only, and only where they lie in the project: others may be for other projects. Their
    commands take no room in prompts.
    """
    for one in written:
        if not one.is_own and not (one.is_of_project and one.is_skill):
            continue
        why = count_file_uses(one, runs).problem
        if one.is_own:
            why = _gone(one, project) or why
        if why:
            kind: SuggestionKind = "retire_skill" if one.is_own else "review_skill"
            found = suggestion(kind, "", why, target=one.path)
            yield replace(found, path=one.path, replaces=one.text)


def _gone(written: WrittenText, project: Project) -> str:
    """Says what a text names that is not there; empty if all of it may be."""
    parts = fact_parts(written.text)
    for path in sorted(parts.paths):
        if not project.has_path(path):
            return f"there is no {path} any more"
    problems = (project.command_problem(command) for command in sorted(parts.commands))
    return next(filter(None, problems), "")
