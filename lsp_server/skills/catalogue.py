"""A `Catalogue` is what was found of skills, custom commands and agents, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias, TypeVar

from lsp_server.skills.custom_agent import CustomAgent, read_agent
from lsp_server.skills.custom_command import CustomCommand, read_command
from lsp_server.skills.skill import SKILL_FILE, Skill, read_skill
from lsp_server.skills.source import Problem, Source, SourceKind

ITEMS_MAX = 200
"""So many skills, commands and agents are looked at in each place."""
SHOWN_DESCRIPTION_CHARS_MAX = 300

T = TypeVar("T", Skill, CustomCommand, CustomAgent)

MeasureTokens: TypeAlias = Callable[[str], int]
Item: TypeAlias = Skill | CustomCommand | CustomAgent

INTRODUCTION = (
    "# Skills\n\nInstructions for kinds of work. Before such work, load the one that fits with "
    "the tool `{tool}`."
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A `Catalogue` has all of them, of one name that of the strongest place first."""

    skills: tuple[Skill, ...] = ()
    commands: tuple[CustomCommand, ...] = ()
    agents: tuple[CustomAgent, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """Returns skills, commands and agents in one row."""
        return (*self.skills, *self.commands, *self.agents)

    def only(self, fits: Callable[[Item], bool]) -> Catalogue:
        """Returns the catalogue with those that fit, and of them one for each name."""
        return replace(
            self,
            skills=_one_for_each_name(filter(fits, self.skills)),
            commands=_one_for_each_name(filter(fits, self.commands)),
            agents=_one_for_each_name(filter(fits, self.agents)),
        )

    def skill(self, name: str) -> Skill | None:
        """Returns the skill of that name."""
        return next((one for one in self.skills if one.name == name), None)

    def command(self, name: str) -> CustomCommand | None:
        """Returns the command of that name."""
        return next((one for one in self.commands if one.name == name), None)

    def agent(self, name: str) -> CustomAgent | None:
        """Returns the agent of that name."""
        return next((one for one in self.agents if one.name == name), None)


def find(sources: Callable[[SourceKind], Iterable[Source]], root: Path) -> Catalogue:
    """Finds all that lies in the places of each kind, the strongest first. Blocking; raises nothing.

    What lies in the project at `root` and leads out of it by a link is not looked at.
    """
    skills: list[Skill] = []
    commands: list[CustomCommand] = []
    problems: list[Problem] = []
    agents: list[CustomAgent] = []
    for source in sources("skills"):
        for folder in _entries(source, root, "*/" + SKILL_FILE):
            skill, wrong = read_skill(folder.parent, source.origin)
            problems += wrong
            skills += [skill] if skill is not None else []
    for source in sources("commands"):
        for path in _entries(source, root, "**/*.md"):
            command, problem = read_command(path, path.stem, source.origin)
            problems += [problem] if problem is not None else []
            commands += [command] if command is not None else []
    for source in sources("agents"):
        for path in _entries(source, root, "**/*.md"):
            agent, wrong = read_agent(path, source.origin)
            problems += wrong
            agents += [agent] if agent is not None else []
    return Catalogue(tuple(skills), tuple(commands), tuple(agents), tuple(problems))


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


def _one_for_each_name(items: Iterable[T]) -> tuple[T, ...]:
    named: dict[str, T] = {}
    for item in items:
        named.setdefault(item.name, item)
    return tuple(named.values())


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
