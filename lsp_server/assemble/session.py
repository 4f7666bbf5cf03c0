"""This module puts a session together out of its pieces, and writes the report on one.

A front door opens a session for each workspace folder, and closes it::

    session = open_session(folder, settings, editor, documents, notify)
    try:
        session.runs.start(Task("Fix the parser"))
        ...
    finally:
        await session.close()

`folder` is the workspace, `editor` where edits are applied, and `documents` are the open
buffers over the disk. Data of a workspace is in a folder of its own (`workspace_folder`):
journals, checkpoints, verdicts and memory.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lsp_server import __version__
from lsp_server.agent.journal import is_running
from lsp_server.agent.recall.journal_index import JournalIndexes
from lsp_server.assemble import on_demand
from lsp_server.assemble.goals import session_verifier
from lsp_server.assemble.mcp_servers import session_servers
from lsp_server.assemble.model_chain import answering_model
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.run_agents import RunAgentFactory
from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.assemble.session_memory import session_memory
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Emit, FileChanged, RecordedEvent, SnapshotTaken
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.goals.verifier import Verifier
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.models.provider import ModelProvider
from lsp_server.redaction.redactor import Redactor
from lsp_server.sandbox.scratch_folder import remove_abandoned
from lsp_server.session.changed_texts import ChangedTexts
from lsp_server.session.child_runs import top_id
from lsp_server.session.code_review.code_review import CodeReview
from lsp_server.session.envrc import SessionEnvrc
from lsp_server.session.extensions import Extensions
from lsp_server.session.goals import Goals
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.session.goals.verdict_store import VerdictStore
from lsp_server.session.granted_rules import GrantedRules
from lsp_server.session.hooks import SessionHooks
from lsp_server.session.mcp_servers import SessionServers
from lsp_server.session.memory import SessionMemory
from lsp_server.session.memory.project_facts import ProjectFacts
from lsp_server.session.notices import GoalsChanged, Notify, StatusChanged
from lsp_server.session.permissions import Permissions
from lsp_server.session.review.run_review import RunReview
from lsp_server.session.run import BuildAgent, OnEvent
from lsp_server.session.run_store import RunStore, contents_needed, left_over
from lsp_server.session.run_undo import TakeBack
from lsp_server.session.runs import Runs
from lsp_server.session.session import Session
from lsp_server.session.skills import SessionSkills
from lsp_server.session.trust import ProjectTrust, Trust
from lsp_server.session.workflows.session_workflows import SessionWorkflows
from lsp_server.settings.folders import config_folder, data_folder, workspace_folder
from lsp_server.settings.sections import CheckpointSettings, MemorySettings, Settings
from lsp_server.system.deferred import Deferred
from lsp_server.system.task_set import TaskSet
from lsp_server.tools.write_turns import WriteTurns
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.checkpoints.undo import UndoReport
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.commands.left_over_commands import end_left_over
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.known_secrets import KnownSecrets
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_revision import Revisions
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.worktrees.worktrees import Worktrees


def open_session(
    root: Path,
    settings: Settings,
    editor: Editor,
    documents: Documents,
    notify: Notify,
    *,
    data: Path | None = None,
) -> Session:
    """Puts the session of one workspace folder together; it needs a running event loop.

    It begins to look for the model endpoint in the background. `data` is where journals and
    checkpoints go, by default the user's data folder. `notify` gets all that it says by itself.
    """
    workspace = Workspace(root)
    data = data or data_folder()
    folder = workspace_folder(data, workspace.root)
    services = _services(
        workspace, data, folder, settings, editor, documents, notify, lambda: session.settings
    )
    roles = services.roles
    stats: dict[str, EndpointStats] = {}
    goals = _goals(services, roles, folder, lambda: session.settings, notify)
    memory = _memory(services, folder, settings.memory, notify)
    store = RunStore(folder / "runs")
    agents = RunAgentFactory(services, roles, goals, memory, stats, lambda: session.runs, notify)
    runs = _runs(services, store, settings, agents.agent, partial(_on_event, lambda: session))
    cleaning = _start_cleaning(services, store, lambda: session.settings.checkpoints)
    session: Session = Session(
        workspace.root,
        settings,
        model=services.provider,
        permissions=services.permissions,
        granted_rules=services.granted_rules,
        runs=runs,
        changed_texts=ChangedTexts(services.checkpoints.content, services.redactor),
        code_review=_code_review(services, runs, notify),
        goals=goals,
        memory=memory,
        extensions=services.extensions,
        evolution=Deferred(
            partial(on_demand.evolution, services, roles, goals, runs, memory.facts, notify)
        ),
        redactor=services.redactor,
        notify=notify,
        review=_review(services, runs, partial(_take_back, services, editor)),
        endpoint_stats=stats,
        release=partial(_release, cleaning, roles),
    )
    return session


def run_stores(data: Path | None = None) -> list[RunStore]:
    """Returns the runs of all workspaces that have some. Blocking."""
    folders = (data or data_folder()).glob("workspaces/*/runs")
    return [RunStore(folder) for folder in sorted(folders)]


def run_store(root: Path, data: Path | None = None) -> RunStore:
    """Returns the runs of one workspace, whose session need not be open."""
    return RunStore(workspace_folder(data or data_folder(), root.resolve()) / "runs")


def _on_event(session: Callable[[], Session], run_id: RunId, recorded: RecordedEvent) -> None:
    session().on_event(run_id, recorded)  # It holds the runs, so they are made first.


async def _take_back(
    services: WorkspaceServices,
    editor: Editor,
    changes: Sequence[FileChanged | SnapshotTaken],
    emit: Emit,
    *,
    as_changes: bool = False,
) -> UndoReport:
    """Takes back changes of a run, as changes of the one that `emit` records if that is another."""
    undo = services.checkpoints.undo
    if not as_changes:
        return await undo(changes, editor, emit)
    await services.documents.save_drafts()
    async with services.checkpoints.record_command(emit):
        report = await undo(changes, editor, lambda _: None)
        # What went back in open buffers is compared on the disk.
        await services.documents.save_drafts()
    return report


def _review(services: WorkspaceServices, runs: Runs, take_back: TakeBack) -> RunReview:
    async def current_text(path: str) -> str | None:
        try:
            return (await services.editor.read(services.workspace.root / path)).text
        except ToolError:
            return None

    return RunReview(runs, take_back, services.checkpoints, current_text)


def _code_review(services: WorkspaceServices, runs: Runs, notify: Notify) -> CodeReview:
    return CodeReview(
        runs, services.workspace.root, services.own_programs, lambda: notify(StatusChanged())
    )


def _start_cleaning(
    services: WorkspaceServices,
    runs: RunStore,
    limits: Callable[[], CheckpointSettings],
) -> TaskSet:
    """Starts what ends commands and removes copies and temporary folders that a kill left, and later old checkpoints."""
    background = TaskSet()
    background.start(
        asyncio.to_thread(lambda: sum(map(end_left_over, left_over(runs)))), "end of what was left"
    )
    background.start(asyncio.to_thread(remove_abandoned), "removal of temporary folders")
    background.start(
        services.worktrees.sweep(lambda name: is_running(runs.journal(top_id(RunId(name))))),
        "removal of copies",
    )
    background.start(
        services.checkpoints.pruner.prune_later(
            limits, lambda: contents_needed(runs, limits().days_max)
        ),
        "pruning of checkpoints",
    )
    return background


async def _release(background: TaskSet, roles: RoleModels) -> None:
    await background.close()
    await roles.close()


async def diagnose(
    session: Session | None,
    extra: Sequence[tuple[str, str]] = (),
    settings_problems: Sequence[str] | None = None,
) -> str:
    """Writes the doctor's report as Markdown.

    `extra` are further sections, title and body; `settings_problems` get one of their own.
    """
    versions = f"Holdfast {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return await on_demand.doctor_report(versions, session, extra, settings_problems)


def _services(
    workspace: Workspace,
    data: Path,
    folder: Path,
    settings: Settings,
    editor: Editor,
    documents: Documents,
    notify: Notify,
    current: Callable[[], Settings],
) -> WorkspaceServices:
    ignore, root = Ignore(workspace), workspace.root
    granted = GrantedRules(folder / "permissions.toml")
    trust = Trust(folder / "trusted.json")
    envrc = SessionEnvrc(root, trust)
    own_folders = (data, config_folder())
    sandboxes = Sandboxes(root, own_folders, HostCommandRunner(), load=envrc.environment)
    own_programs = sandboxes.own_programs(current)
    known_secrets = KnownSecrets(root, data, lambda: roles.api_keys, lambda: envrc.secrets)
    redactor = Redactor(known_secrets)
    permissions = Permissions(
        editor, lambda rule, everywhere: granted.add(rule, everywhere=everywhere)
    )
    on_change = partial(notify, GoalsChanged())
    servers_in = partial(session_servers, trust, current, permissions, on_change)
    servers = servers_in(root, sandboxes)
    provider = ModelProvider(settings.model, lambda: notify(StatusChanged()))
    roles = RoleModels(provider, lambda wire, *more: answering_model(wire, redactor, *more))
    return WorkspaceServices(
        workspace,
        ignore,
        Checkpoints(folder / "checkpoints", workspace, ignore),
        editor,
        documents,
        provider,
        roles,
        permissions,
        granted,
        CheckApprovals(folder / "approved-checks.json", workspace),
        redactor,
        known_secrets,
        Revisions(root, own_programs),
        JournalIndexes(),
        own_programs,
        sandboxes,
        _extensions(root, trust, servers, envrc, current),
        WriteTurns(),
        current,
        servers_in,
        Worktrees(folder / "worktrees", workspace, documents, sandboxes.host),
    )


def _extensions(
    root: Path,
    trust: Trust,
    servers: SessionServers,
    envrc: SessionEnvrc,
    current: Callable[[], Settings],
) -> Extensions:
    config = config_folder()
    skills = SessionSkills(root, Path.home(), config, trust, lambda: current().skills)
    hooks = SessionHooks(root, trust, lambda: current().hooks)
    workflows = SessionWorkflows(root, config, trust, lambda: current().skills)
    facts = ProjectFacts(root, trust)
    brought = ProjectTrust(trust, (skills, servers, hooks, workflows, facts, envrc))
    return Extensions(skills, servers, hooks, workflows, facts, envrc, brought)


def _runs(
    services: WorkspaceServices,
    store: RunStore,
    settings: Settings,
    build: BuildAgent,
    on_event: OnEvent,
) -> Runs:
    def see(run_id: RunId, recorded: RecordedEvent) -> None:
        services.write_turns.see(run_id, recorded.event)
        on_event(run_id, recorded)

    return Runs(
        store,
        services.workspace.root,
        settings,
        build=build,
        on_event=see,
        check_model=services.provider.check,
        redactor=services.redactor,
    )


def _goals(
    services: WorkspaceServices,
    roles: RoleModels,
    folder: Path,
    settings: Callable[[], Settings],
    notify: Notify,
) -> Goals:
    def on_change() -> None:
        notify(GoalsChanged())

    def verifier(asks: bool) -> Verifier:
        return session_verifier(services, roles, goals, settings(), on_change, asks=asks)

    goals = Goals(
        services.workspace.root,
        services.documents,
        services.editor,
        VerdictStore(folder / "goals.json"),
        services.check_approvals,
        services.contents,
        verifier,
        on_change,
    )
    return goals


def _memory(
    services: WorkspaceServices, folder: Path, settings: MemorySettings, notify: Notify
) -> SessionMemory:
    return session_memory(
        folder,
        services.workspace,
        services.documents,
        services.known_secrets,
        services.redactor,
        services.sandboxes,
        services.own_programs,
        settings,
        services.current_settings,
        notify,
    )
