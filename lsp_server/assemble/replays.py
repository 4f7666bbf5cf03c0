"""This module puts together what drafts are tried with: copies of the workspace in which nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from lsp_server.assemble.agent_factory import AgentFactory
from lsp_server.assemble.attempts import CopiedWorkspace, services_of_copy
from lsp_server.assemble.mcp_servers import session_servers
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.events import FileChanged
from lsp_server.domain.ids import Id
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.tasks import RunId, Task
from lsp_server.evolution.draft_file import DraftFile
from lsp_server.memory.memory import Memory
from lsp_server.session.evolution.replays import Replays
from lsp_server.session.goals import Goals
from lsp_server.session.granted_rules import GrantedRules
from lsp_server.session.hooks import SessionHooks
from lsp_server.session.memory import SessionMemory
from lsp_server.session.permissions import Permissions
from lsp_server.session.run import Run, RunAgent
from lsp_server.session.run_context import RunContext
from lsp_server.session.run_store import RunStore
from lsp_server.session.runs import Runs
from lsp_server.session.trust import Trust
from lsp_server.settings.hook_settings import HookSettings
from lsp_server.settings.sections import (
    McpSettings,
    MemorySettings,
    PermissionSettings,
    Settings,
)
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.git.past_files import PastFiles
from lsp_server.workspace.worktrees.worktrees import Worktree, Worktrees

NOBODY_IS_ASKED = "nobody is asked when a past task is done again; work in the copy"


def session_replays(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    runs: Runs,
    place: Path,
) -> Replays:
    """Makes the replays of one workspace; copies lie in `place`."""
    worktrees = Worktrees(place, services.workspace, services.documents, services.sandboxes.host)

    def begin(store: RunStore, run_id: RunId, task: Task) -> Run:
        settings = replay_settings(services.current_settings())
        journal = store.open(run_id)
        return Run(
            run_id, journal, store, settings, task.budget, services.redactor, lambda *_: None
        )

    return Replays(
        runs.store,
        worktrees,
        partial(_open_workspace, services, roles, goals, runs),
        begin,
        services.provider.check,
        lambda: services.current_settings().attempts,
    )


def replay_settings(settings: Settings) -> Settings:
    """Returns the settings with which a past task is done again, narrower than those of a run.

    Commands are in the sandbox, without a network and without a place outside of the copy; what
    a person allowed for runs is not allowed here. No server, no hook, no subagent, no memory.
    """
    sandbox = settings.sandbox
    network = "loopback" if sandbox.network == "on" else sandbox.network
    confined = {"network": network, "hosts": (), "write": (), "caches": (), "devices": ()}
    return settings.model_copy(
        update={
            "permissions": PermissionSettings(mode="sandboxed", deny=settings.permissions.deny),
            "sandbox": sandbox.model_copy(update=confined),
            "mcp": McpSettings(project_servers=False),
            "hooks": HookSettings(project_hooks=False),
            "memory": MemorySettings(enabled=False),
            "max_mode": settings.max_mode.model_copy(update={"enabled": False}),
            "run": settings.run.model_copy(update={"children_max": 0, "transcript": False}),
        }
    )


class ReplayCopy(CopiedWorkspace):
    """A `ReplayCopy` is a ReplayWorkspace: a copy whose files can be taken back to an earlier time."""

    def __init__(
        self,
        services: WorkspaceServices,
        roles: RoleModels,
        goals: Goals,
        agents: AgentFactory,
        past_files: PastFiles,
    ) -> None:
        super().__init__(services, roles, goals, agents)
        self._copied = services
        self._past_files = past_files

    async def agent(self, run_context: RunContext) -> RunAgent:
        """Makes the agent of a run that works here. Raises HoldfastError."""
        await self._copied.extensions.skills.refresh()
        return await super().agent(run_context)

    async def take_back(self, changes: Sequence[FileChanged]) -> Sequence[str]:
        """Takes changes back, and returns the paths of which that cannot be done."""
        copied = self._copied
        report = await copied.checkpoints.undo(changes, copied.editor, lambda _: None)
        return [one.path for one in report.conflicts]

    async def put_back(self, before: Mapping[str, Id | None], at: str) -> Sequence[str]:
        """Gives files the states with these names, else what was committed then; returns the paths of the others."""
        return [path for path, state in before.items() if not await self._put(path, state, at)]

    async def _put(self, path: str, state: Id | None, at: str) -> bool:
        copied = self._copied
        place = copied.workspace.root / path
        if not place.resolve().is_relative_to(copied.workspace.root) or place.is_symlink():
            return False
        if state is None:
            await asyncio.to_thread(place.unlink, missing_ok=True)
            return True
        data = await asyncio.to_thread(copied.checkpoints.content, state)
        if data is None and (text := await self._past_files.text_of(path, at)) is not None:
            data = text.encode()
        if data is not None:
            await asyncio.to_thread(_write, place, data)
        return data is not None


def _open_workspace(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    runs: Runs,
    copy: Worktree,
    draft: DraftFile | None,
) -> ReplayCopy:
    copied = _services_of_replay(services, copy, draft)
    memory = SessionMemory(
        MemorySettings(enabled=False),
        _no_memory,
        lambda: False,
        copied.workspace,
        copied.documents,
        copy.data / "runs",
        commands=copied.own_programs,
    )
    agents = AgentFactory(copied, roles, goals, memory, {}, lambda: runs)
    past_files = PastFiles(services.workspace.root, services.own_programs)
    return ReplayCopy(copied, roles, goals, agents, past_files)


def _services_of_replay(
    services: WorkspaceServices, copy: Worktree, draft: DraftFile | None
) -> WorkspaceServices:
    def settings() -> Settings:
        return replay_settings(services.current_settings())

    permissions = Permissions(DiskEditor(Documents(), _deny), lambda *_: NOBODY_IS_ASKED)
    trust = Trust(copy.data / "trusted.json")
    quiet = replace(
        services,
        current_settings=settings,
        permissions=permissions,
        granted_rules=GrantedRules(copy.data / "permissions.toml"),
        servers_in=partial(session_servers, trust, settings, permissions, lambda: None),
    )
    copied = services_of_copy(quiet, copy)
    skills = services.extensions.skills
    if draft is not None:
        skills = skills.with_more(_written(draft, copy.data / "draft"))
    extensions = replace(
        copied.extensions,
        skills=skills,
        hooks=SessionHooks(copy.root, trust, lambda: settings().hooks),
    )
    return replace(copied, extensions=extensions)


def _written(draft: DraftFile, folder: Path) -> Path:
    """Writes a skill where runs of the copy are offered it; the folder in which it lies."""
    if not draft.is_command:
        place = folder / "skills" / draft.name / "SKILL.md"
        place.parent.mkdir(parents=True)
        place.write_text(draft.text, "utf-8")
    return folder


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


async def _deny(question: Question) -> Answered:
    del question
    await asyncio.sleep(0)
    return Answered("deny", NOBODY_IS_ASKED, by_person=False)


async def _no_memory(*_: object) -> Memory:
    raise MemoryUnavailable("a past task is done again without memory, which may know the answer")
