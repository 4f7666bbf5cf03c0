"""This module shows skills, custom commands and agents: what is wrong with one, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lsprotocol import types

from lsp_server.server import to_lsp
from lsp_server.server.protocol import SOURCE, CommandName, DiagnosticCode
from lsp_server.session.skills import FoundItem, SessionSkills
from lsp_server.session.workflows.session_workflows import SessionWorkflows
from lsp_server.skills.custom_command import CustomCommand
from lsp_server.skills.skill import Skill
from lsp_server.skills.source import Problem


def diagnostics(problems: Iterable[Problem]) -> Iterator[tuple[Path, types.Diagnostic]]:
    """Yields a diagnostic, with its file, for each rule that a skill, a workflow or the like breaks."""
    for problem in problems:
        yield (
            problem.path,
            types.Diagnostic(
                range=to_lsp.whole_line(problem.line),
                message=problem.message,
                severity=types.DiagnosticSeverity.Warning,
                code=DiagnosticCode.SKILL_INVALID.value,
                source=SOURCE,
            ),
        )


def lenses(skills: SessionSkills, path: Path) -> Iterator[types.CodeLens]:
    """Yields what can be done with what a person wrote for the agent in a file, above its first line."""
    for one in skills.seen:
        if one.item.path == path:
            for command in _commands(one):
                yield types.CodeLens(range=to_lsp.whole_line(0), command=command)


def workflow_lenses(workflows: SessionWorkflows, path: Path) -> Iterator[types.CodeLens]:
    """Yields what can be done with a workflow, above the first line of its file."""
    for one in workflows.seen:
        if one.written.path == path:
            command = types.Command(
                "Holdfast: Run this workflow",
                CommandName.WORKFLOW_RUN,
                arguments=[{"name": one.written.name}],
            )
            shown = command if one.state == "trusted" else _trust_command()
            yield types.CodeLens(range=to_lsp.whole_line(0), command=shown)


def _trust_command() -> types.Command:
    return types.Command("Holdfast: Look at it and trust it…", CommandName.TRUST, arguments=[{}])


def commands_for(
    skills: SessionSkills, path: Path, place: dict[str, Any]
) -> Iterator[types.Command]:
    """Yields the custom commands that are meant for files like this one; `place` says where."""
    for one in skills.seen:
        command = one.item
        if isinstance(command, CustomCommand) and one.state == "trusted" and command.fits(path):
            title = f"Holdfast: /{command.name}: {command.description}"
            arguments = [{"name": command.name, **place}]
            yield types.Command(title, CommandName.COMMAND_RUN, arguments=arguments)


def _commands(one: FoundItem) -> Iterator[types.Command]:
    name = one.item.name
    if one.state != "trusted":
        yield _trust_command()
    elif isinstance(one.item, Skill):
        prompt = f"Load the skill {name} and do what it says."
        yield types.Command(
            "Holdfast: Try it", CommandName.RUN_START, arguments=[{"prompt": prompt}]
        )
    elif isinstance(one.item, CustomCommand):
        yield types.Command("Holdfast: Run it", CommandName.COMMAND_RUN, arguments=[{"name": name}])
    query = {"query": f"{one.item.noun} {name}", "kind": "action"}
    yield types.Command(
        "Holdfast: Where was it used?", CommandName.MEMORY_SEARCH, arguments=[query]
    )
