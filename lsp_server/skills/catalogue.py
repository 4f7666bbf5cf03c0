"""A `Catalogue` is what was found of skills and custom commands, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from lsp_server.skills.custom_command import CustomCommand, read_command
from lsp_server.skills.skill import SKILL_FILE, Skill, read_skill
from lsp_server.skills.source import Problem, Source

ITEMS_MAX = 200
"""So many skills, and so many commands, are looked at in each place."""
SHOWN_DESCRIPTION_CHARS_MAX = 300

MeasureTokens: TypeAlias = Callable[[str], int]
Item: TypeAlias = Skill | CustomCommand

INTRODUCTION = (
    "# Skills\n\nInstructions for kinds of work. Before such work, load the one that fits with "
    "the tool `{tool}`."
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A `Catalogue` has skills and commands, of one name that of the strongest place first."""

    skills: tuple[Skill, ...] = ()
    commands: tuple[CustomCommand, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """Returns skills and commands in one row."""
        return (*self.skills, *self.commands)

    def only(self, fits: Callable[[Item], bool]) -> Catalogue:
        """Returns the catalogue with those that fit, and of them one for each name."""
        skills = {one.name: one for one in reversed(self.skills) if fits(one)}
        commands = {one.name: one for one in reversed(self.commands) if fits(one)}
        return replace(
            self,
            skills=tuple(reversed(skills.values())),
            commands=tuple(reversed(commands.values())),
        )

    def skill(self, name: str) -> Skill | None:
        """Returns the skill of that name."""
        return next((one for one in self.skills if one.name == name), None)

    def command(self, name: str) -> CustomCommand | None:
        """Returns the command of that name."""
        return next((one for one in self.commands if one.name == name), None)


def find(
    skill_sources: Iterable[Source], command_sources: Iterable[Source], root: Path
) -> Catalogue:
    """Finds skills and commands in all places, the strongest first. Blocking; raises nothing.

    What lies in the project at `root` and leads out of it by a link is not looked at.
    """
    skills: list[Skill] = []
    commands: list[CustomCommand] = []
    problems: list[Problem] = []
    for source in skill_sources:
        for folder in _entries(source, root, "*/" + SKILL_FILE):
            skill, wrong = read_skill(folder.parent, source.origin)
            problems += wrong
            skills += [skill] if skill is not None else []
    for source in command_sources:
        for path in _entries(source, root, "**/*.md"):
            command, problem = read_command(path, path.stem, source.origin)
            problems += [problem] if problem is not None else []
            commands += [command] if command is not None else []
    return Catalogue(tuple(skills), tuple(commands), tuple(problems))


def catalogue_text(
    skills: Iterable[Skill], tool: str, tokens_max: int, measure: MeasureTokens
) -> str:
    """Returns what a prompt says of the skills, in about `tokens_max` tokens; empty for none.

    `tool` is the name of the tool that loads one. What finds no room is named, and what
    even by name finds none is counted.
    """
    lines = [INTRODUCTION.format(tool=tool)]
    names: list[str] = []
    left = tokens_max - measure(lines[0])
    ordered = sorted(skills, key=lambda one: (one.origin, one.name))
    for skill in ordered:
        line = f"- {skill.name}: {_one_line(skill.description)}"
        left -= measure(line) + 1
        if left >= 0 and not names:
            lines.append(line)
        else:
            names.append(skill.name)
    if names:
        shown = names[: max(0, tokens_max // 20)]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        lines.append(f"- more by name: {', '.join(shown)}{more}")
    return "\n".join(lines) if ordered else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())[:SHOWN_DESCRIPTION_CHARS_MAX]


def _entries(source: Source, root: Path, pattern: str) -> Iterator[Path]:
    try:
        if source.origin == "project" and not source.folder.resolve().is_relative_to(root):
            return
        found = sorted(islice(source.folder.glob(pattern), ITEMS_MAX))
    except (OSError, RuntimeError):  # A loop of links.
        return
    for path in found:
        if source.origin == "user" or path.resolve().is_relative_to(root):
            yield path
