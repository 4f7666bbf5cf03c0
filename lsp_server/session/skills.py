"""This module has the skills, custom commands and agents of one session: those a person trusts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import HoldfastError, ToolError
from lsp_server.session.trust import Trust, TrustItem, TrustState
from lsp_server.settings.sections import SkillSettings
from lsp_server.skills.catalogue import Catalogue, Item, find
from lsp_server.skills.custom_agent import CustomAgent
from lsp_server.skills.custom_command import CustomCommand, parse_invocation
from lsp_server.skills.skill import Skill, read_file
from lsp_server.skills.source import SOURCE_KINDS, Problem, Source, SourceKind, sources
from lsp_server.tools.tool_bound import unknown_tools


class NotTrusted(HoldfastError):
    """The command or agent that was asked for comes with the project, and nobody trusts it."""


class UnknownAgent(HoldfastError):
    """There is no agent of the name that was asked for."""


@dataclass(frozen=True, slots=True)
class FoundItem:
    """A `FoundItem` is a skill, a command or an agent, and whether a person trusts it.

    `trust_id` names it in the question about trust; the user's own need none.
    """

    item: Item
    state: TrustState
    trust_id: str = ""


@dataclass(frozen=True, slots=True)
class InvokedCommand:
    """An `InvokedCommand` is a custom command with the task that its arguments make of it."""

    command: CustomCommand
    text: str


class SessionSkills:
    """`SessionSkills` finds skills, commands and agents, and gives what may be used.

    `root` is the project, `home` and `config` are the user's folders. A project's are
    given once `trust` has a person's yes for their text. The disk is read for each
    question, in a thread: people write these files while a session is open. What lies in
    `more` folders needs no trust.
    """

    def __init__(
        self,
        root: Path,
        home: Path,
        config: Path,
        trust: Trust,
        settings: Callable[[], SkillSettings],
        more: Sequence[Path] = (),
    ) -> None:
        self._more = tuple(more)
        self._root = root
        self._home = home
        self._config = config
        self._trust = trust
        self._settings = settings
        self._catalogue = Catalogue()
        self._states: Mapping[str, TrustState] = {}
        self.agent_names: tuple[str, ...] = ()
        """The agents that might be used when the disk was last read."""

    def with_more(self, folder: Path) -> SessionSkills:
        """Returns the same, and before all others what lies in a folder of Holdfast's own, as in `skills/NAME`."""
        return SessionSkills(
            self._root,
            self._home,
            self._config,
            self._trust,
            self._settings,
            (*self._more, folder),
        )

    @property
    def seen(self) -> tuple[FoundItem, ...]:
        """Returns what there was when the disk was last read, the strongest place first."""
        return tuple(
            FoundItem(one, _state_of(one, self._states, self._root), _trust_id(one, self._root))
            for one in self._catalogue.items
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Returns what was wrong then."""
        return (*self._catalogue.problems, *_tool_problems(self._catalogue.agents))

    @property
    def usable(self) -> Catalogue:
        """Returns what might be used then, one for each name."""
        return self._catalogue.only(
            lambda item: _state_of(item, self._states, self._root) == "trusted"
        )

    def concerns(self, paths: Collection[Path]) -> bool:
        """Says whether one of these files of the project may be of a skill, a command or an agent."""
        places = [each.folder for kind in SOURCE_KINDS for each in self._sources(kind)]
        return any(path.is_relative_to(place) for path in paths for place in places)

    async def refresh(self) -> bool:
        """Reads the disk again and says whether there is anything new."""
        before = self.seen, self.problems
        await self._look()
        return (self.seen, self.problems) != before

    async def catalogue(self) -> Catalogue:
        """Returns what may be used now."""
        await self._look()
        return self.usable

    async def found(self) -> tuple[FoundItem, ...]:
        """Returns all that was found, usable or not, the strongest place first."""
        await self._look()
        return self.seen

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns what the project brings, trusted or not."""
        await self._look()
        ours = (item for item in self._catalogue.items if item.origin == "project")
        return tuple(_trust_item(item, self._root) for item in ours)

    async def load(self, name: str, file: str | None) -> str:
        """Returns the text of a skill, or of one of its files. Raises ToolError without one."""
        skills = (await self.catalogue()).skills
        skill = next((one for one in skills if one.name == name), None)
        if skill is None:
            known = ", ".join(one.name for one in skills) or "there are none"
            raise ToolError(f"there is no skill {name!r}; known: {known}")
        if file is None:
            return _skill_text(skill)
        if file not in skill.files:
            known = ", ".join(skill.files) or "it has none"
            raise ToolError(f"the skill {name!r} has no file {file!r}; its files: {known}")
        try:
            return await asyncio.to_thread(read_file, skill, file)
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f"{file} of the skill {name!r} cannot be shown: {error}") from error

    async def invoked(self, text: str) -> InvokedCommand | None:
        """Returns the custom command that a task begins with; None for any other text.

        Raises NotTrusted for a command of the project that no person has trusted.

        Example::

            invoked = await skills.invoked("/review src/a.py")
        """
        invocation = parse_invocation(text)
        if invocation is None:
            return None
        name, arguments = invocation
        command = (await self.catalogue()).command(name)
        if command is not None:
            return InvokedCommand(command, command.expand(arguments))
        if (command := self._catalogue.command(name)) is not None:
            raise _not_trusted(command)
        return None

    async def _look(self) -> None:
        """Reads the disk; all that is said of it afterwards is of this one moment."""
        if self._settings().enabled:
            self._catalogue, self._states = await asyncio.to_thread(self._read)
        else:
            self._catalogue, self._states = Catalogue(), {}
        self.agent_names = tuple(agent.name for agent in self.usable.agents)

    def _read(self) -> tuple[Catalogue, Mapping[str, TrustState]]:
        found = find(self._sources, self._root)
        items = [_trust_item(one, self._root) for one in found.items if one.origin == "project"]
        return found, self._trust.states(items)

    def _sources(self, kind: SourceKind) -> Iterator[Source]:
        yield from (Source(folder / kind, "user") for folder in self._more)
        claude = self._settings().claude_folders
        yield from sources(kind, self._root, self._home, self._config, claude=claude)


async def agent_named(skills: SessionSkills, name: str) -> CustomAgent:
    """Returns the custom agent of that name. Raises NotTrusted, UnknownAgent."""
    usable = await skills.catalogue()
    if (agent := usable.agent(name)) is not None:
        return agent
    for one in skills.seen:
        if isinstance(one.item, CustomAgent) and one.item.name == name:
            raise _not_trusted(one.item)
    known = ", ".join(agent.name for agent in usable.agents)
    help_text = f"known: {known}" if known else f"write it in .agents/agents/{name}.md"
    raise UnknownAgent(f"there is no agent {name!r}; {help_text}")


def _state_of(item: Item, states: Mapping[str, TrustState], root: Path) -> TrustState:
    # What lies in the user's own folders needs no question.
    return "trusted" if item.origin == "user" else states[_trust_item(item, root).id]


def _trust_id(item: Item, root: Path) -> str:
    return _trust_item(item, root).id if item.origin == "project" else ""


def _trust_item(item: Item, root: Path) -> TrustItem:
    where, files = item.path, ""
    if isinstance(item, Skill):
        where = item.folder
        files = f"\n\nFiles beside it: {', '.join(item.files)}" if item.files else ""
    place = where.relative_to(root).as_posix()
    return TrustItem(
        f"{item.noun} {place}",
        f"{item.noun} {item.name}: {item.description}",
        f"{place}\n\n{item.body}{files}",
        item.fingerprint,
    )


def _not_trusted(item: Item) -> NotTrusted:
    return NotTrusted(
        f"{item.noun} {item.name} comes with this project ({item.path}) and is not "
        "trusted; look at it and answer `holdfast trust`, or holdfast.trust in an editor"
    )


def _tool_problems(agents: Iterable[CustomAgent]) -> Iterator[Problem]:
    for agent in agents:
        if unknown := unknown_tools(agent.tools or ()):
            named = ", ".join(unknown)
            why = f"no tool here is meant by {named}; the agent does without"
            yield Problem(agent.path, agent.tools_line, why)


def _skill_text(skill: Skill) -> str:
    parts = [skill.body, f"(The skill's folder: {skill.folder})"]
    if skill.files:
        parts.append(f"(Its files, which `file` loads: {', '.join(skill.files)})")
    return "\n\n".join(parts)
