"""A session out of its pieces, and the report on one."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lsp_server import __version__
from lsp_server.agent.recall.journal_index import JournalIndexes
from lsp_server.assemble.agent_factory import AgentFactory
from lsp_server.assemble.goals import session_verifier
from lsp_server.assemble.judge_model import JudgeModel
from lsp_server.assemble.memory import open_memory
from lsp_server.assemble.model_chain import answering_model
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import FileChanged, RecordedEvent
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.max_mode.sampler import EndpointStats
from lsp_server.models.provider import ModelProvider
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.doctor_report import doctor_report
from lsp_server.session.goals import Goals
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.session.goals.verdict_store import VerdictStore
from lsp_server.session.memory import SessionMemory
from lsp_server.session.permissions import Permissions
from lsp_server.session.run_store import RunStore
from lsp_server.session.runs import Runs
from lsp_server.session.session import Session
from lsp_server.settings.folders import data_folder, workspace_folder
from lsp_server.settings.sections import CheckpointSettings, MemorySettings, Settings
from lsp_server.settings.user_file import allow_always
from lsp_server.system.task_set import TaskSet
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.commands import HostCommandRunner
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.git_revision import Revisions
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.known_secrets import KnownSecrets
from lsp_server.workspace.paths import Workspace

Publish = Callable[[Session, RunId, RecordedEvent], None]
"""Told of every Event, ephemeral ones too, synchronously on the event loop."""


def open_session(
    root: Path,
    settings: Settings,
    editor: Editor,
    documents: Documents,
    publish: Publish,
    *,
    data: Path | None = None,
    changed: Callable[[], None] = lambda: None,
) -> Session:
    """A session for one workspace folder; must be called on a running event loop.

    It begins to look for the model endpoint in the background. `data` is where
    journals and checkpoints go, the user's data folder if left out. `changed` is
    told when the status moved without an Event.
    """
    workspace = Workspace(root)
    data = data or data_folder()
    folder = workspace_folder(data, workspace.root)
    services = _services(workspace, data, folder, settings, editor, documents, changed)
    judges = JudgeModel(
        services.provider, lambda wire, prices: answering_model(wire, services.redactor, prices)
    )
    endpoint_stats: dict[str, EndpointStats] = {}
    goals = Goals(
        workspace.root,
        documents,
        editor,
        VerdictStore(folder / "goals.json"),
        services.contents,
        lambda asks: session_verifier(services, judges, goals, session.settings, asks=asks),
    )
    memory = _memory(services, folder, settings.memory, changed)

    def watch(run_id: RunId, recorded: RecordedEvent) -> None:
        goals.see(recorded.event)
        memory.see(run_id, recorded)
        if isinstance(recorded.event, FileChanged):
            memory.changed([workspace.root / recorded.event.path])
        publish(session, run_id, recorded)

    runs = Runs(
        folder / "runs",
        workspace.root,
        settings,
        undo=lambda changes: services.checkpoints.undo(changes, editor),
        build=AgentFactory(services, judges, goals, memory, endpoint_stats).agent,
        watch=watch,
        ready=services.provider.check,
        redactor=services.redactor,
    )
    pruning = _start_pruning(services, folder, lambda: session.settings.checkpoints)
    session = Session(
        workspace.root,
        settings,
        documents,
        services.provider,
        services.permissions,
        runs,
        goals,
        services.check_approvals,
        memory,
        endpoint_stats,
        release=partial(_release, pruning, judges),
    )
    return session


def _start_pruning(
    services: WorkspaceServices, folder: Path, limits: Callable[[], CheckpointSettings]
) -> TaskSet:
    """Starts what removes old checkpoints some time after the start."""
    runs = RunStore(folder / "runs")
    background = TaskSet()
    background.start(
        services.checkpoints.pruner.prune_later(
            limits, lambda: runs.contents_needed(limits().days_max)
        ),
        "pruning of checkpoints",
    )
    return background


async def _release(background: TaskSet, judges: JudgeModel) -> None:
    await background.close()
    await judges.close()


async def diagnose(session: Session | None, extra: Sequence[tuple[str, str]] = ()) -> str:
    """The doctor's report as Markdown; `extra` are further sections, title and body."""
    versions = f"Holdfast {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return await doctor_report(versions, session, extra)


def remember(rule: str) -> str:
    """Adds a rule to the user's file; where, or why it could not be added."""
    try:
        return f"the rule {rule} was added to {allow_always(rule)}"
    except ConfigurationError as error:
        return str(error)


def _services(
    workspace: Workspace,
    data: Path,
    folder: Path,
    settings: Settings,
    editor: Editor,
    documents: Documents,
    changed: Callable[[], None],
) -> WorkspaceServices:
    ignore, commands = Ignore(workspace), HostCommandRunner()
    known_secrets = KnownSecrets(workspace.root, data, lambda: provider.api_key)
    redactor = Redactor(known_secrets)
    provider = ModelProvider(settings.model, changed)
    return WorkspaceServices(
        workspace,
        ignore,
        Checkpoints(folder / "checkpoints", workspace, ignore),
        editor,
        documents,
        provider,
        Permissions(editor, remember),
        CheckApprovals(folder / "approved-checks.json", workspace),
        redactor,
        known_secrets,
        Revisions(workspace.root, commands),
        JournalIndexes(),
        commands,
    )


def _memory(
    services: WorkspaceServices, folder: Path, settings: MemorySettings, changed: Callable[[], None]
) -> SessionMemory:
    place = folder / "memory"
    return SessionMemory(
        settings,
        partial(open_memory, place, services.workspace, services.known_secrets.look),
        lambda: settings.uri is not None or (place / "tables").exists(),
        services.workspace,
        services.documents,
        folder / "runs",
        redactor=services.redactor,
        changed=changed,
    )
