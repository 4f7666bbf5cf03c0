"""This module shows what was found of servers, hooks, skills, commands and agents as extensions."""

from __future__ import annotations

from pathlib import Path

from lsp_server.hooks.project_files import FILES as HOOK_FILES
from lsp_server.mcp_client.project_files import FILES
from lsp_server.session.extension_list import Extension
from lsp_server.session.hooks import COMMAND_CHARS_MAX, FoundHook, SessionHooks
from lsp_server.session.mcp_servers import FoundServer, SessionServers
from lsp_server.session.skills import FoundItem, SessionSkills
from lsp_server.skills.skill import SKILL_FILE, Skill
from lsp_server.skills.source import SOURCE_KINDS, Origin
from lsp_server.text.truncate import one_line


class ServerExtensions:
    """A `ServerExtensions` has the MCP servers of a session, with the entries that are none."""

    def __init__(self, servers: SessionServers, root: Path) -> None:
        self._servers = servers
        self._root = root

    async def extensions(self) -> tuple[Extension, ...]:
        """Returns them, the user's first. Asks no server."""
        found = [self._extension(one) for one in await self._servers.found()]
        return (*found, *map(self._unread, self._servers.problems))

    def _extension(self, one: FoundServer) -> Extension:
        spec = one.spec
        return Extension(
            "server",
            spec.name,
            spec.place,
            spec.origin,
            one.trust,
            one.state,
            one.problem,
            one.tools,
            self._root / spec.file if spec.file else None,
            one.trust_id,
        )

    def _unread(self, problem: str) -> Extension:
        name, _, why = problem.partition(": ")
        file = next((file for file in FILES if problem.startswith(file)), None)
        path = self._root / file if file is not None else None
        origin: Origin = "user" if file is None else "project"
        return Extension("server", name, "", origin, "new", problem=why, path=path)


class HookExtensions:
    """A `HookExtensions` has the hooks of a session, with the entries that are none."""

    def __init__(self, hooks: SessionHooks, root: Path) -> None:
        self._hooks = hooks
        self._root = root

    async def extensions(self) -> tuple[Extension, ...]:
        """Returns them, the user's first."""
        found = [self._extension(one) for one in await self._hooks.found()]
        return (*found, *map(self._unread, self._hooks.problems))

    def _extension(self, one: FoundHook) -> Extension:
        hook = one.hook
        is_ours = hook.origin == "user"
        return Extension(
            "hook",
            f"{hook.event} {hook.matcher}".strip(),
            one_line(hook.command, COMMAND_CHARS_MAX),
            hook.origin,
            one.trust,
            path=None if is_ours else self._root / hook.place,
            trust_id="" if is_ours else hook.id,
        )

    def _unread(self, problem: str) -> Extension:
        name, _, why = problem.partition(": ")
        file = next((file for file in HOOK_FILES if problem.startswith(file)), None)
        path = self._root / file if file is not None else None
        origin: Origin = "user" if file is None else "project"
        return Extension("hook", name, "", origin, "new", problem=why or problem, path=path)


class SkillExtensions:
    """A `SkillExtensions` has the skills, commands and agents of a session, and what was to be one."""

    def __init__(self, skills: SessionSkills, root: Path) -> None:
        self._skills = skills
        self._root = root

    async def extensions(self) -> tuple[Extension, ...]:
        """Returns them, the strongest place first."""
        found = await self._skills.found()
        wrong = {problem.path: problem.message for problem in reversed(self._skills.problems)}
        read = [_extension(one, wrong.pop(one.item.path, "")) for one in found]
        return (*read, *(self._unread(path, message) for path, message in wrong.items()))

    def _unread(self, path: Path, problem: str) -> Extension:
        """What is in no catalogue: its folder says of which kind it was to be."""
        noun, name = Skill.noun, path.parent.name
        if path.name != SKILL_FILE:
            folder = next(part for part in reversed(path.parts) if part in SOURCE_KINDS)
            noun, name = folder.removesuffix("s"), path.stem
        origin: Origin = "project" if path.is_relative_to(self._root) else "user"
        return Extension(noun, name, "", origin, "new", problem=problem, path=path)


def _extension(one: FoundItem, problem: str) -> Extension:
    item = one.item
    return Extension(
        item.noun,
        item.name,
        item.description,
        item.origin,
        one.state,
        problem=problem,
        path=item.path,
        trust_id=one.trust_id,
    )
