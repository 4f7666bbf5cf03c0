"""A session out of its pieces, and the report on one."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lsp_server import __version__
from lsp_server.agent.digest import Digests
from lsp_server.assemble.crew import Crew
from lsp_server.assemble.goals import standing_verifier
from lsp_server.assemble.judges import JudgeModel
from lsp_server.assemble.known_secrets import KnownSecrets
from lsp_server.assemble.memory import open_memory
from lsp_server.assemble.site import Site
from lsp_server.domain.discretion import Discretion
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import FileChanged, Recorded
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.max_mode.drawing import Habits
from lsp_server.models.worker import Worker
from lsp_server.session.goals import Goals
from lsp_server.session.goals.ledger import Ledger
from lsp_server.session.goals.permits import CheckPermits
from lsp_server.session.memory import SessionMemory
from lsp_server.session.permissions import Permissions
from lsp_server.session.report import report
from lsp_server.session.runs import Runs
from lsp_server.session.session import Session
from lsp_server.settings.folders import data_folder
from lsp_server.settings.sections import MemorySettings, Settings
from lsp_server.settings.user_file import allow_always
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.revision import Revisions

Publish = Callable[[Session, RunId, Recorded], None]
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
    site = _site(workspace, data, folder, settings, editor, documents, changed)
    judges = JudgeModel(site.worker, site.discretion)
    habits: dict[str, Habits] = {}
    goals = Goals(
        workspace.root,
        documents,
        editor,
        Ledger(folder / "goals.json"),
        site.contents,
        lambda asks: standing_verifier(site, judges, goals, session.settings, asks=asks),
    )
    memory = _memory(site, folder, settings.memory, changed)

    def watch(run_id: RunId, recorded: Recorded) -> None:
        goals.see(recorded.event)
        memory.see(run_id, recorded)
        if isinstance(recorded.event, FileChanged):
            memory.changed([workspace.root / recorded.event.path])
        publish(session, run_id, recorded)

    runs = Runs(
        folder / "runs",
        workspace.root,
        settings,
        undo=lambda changes: site.checkpoints.undo(changes, editor),
        build=Crew(site, judges, goals, memory, habits).agent,
        watch=watch,
        ready=site.worker.check,
        discretion=site.discretion,
    )
    session = Session(
        workspace.root,
        settings,
        documents,
        site.worker,
        site.permissions,
        runs,
        goals,
        site.permits,
        memory,
        habits,
        release=judges.close,
    )
    return session


async def diagnose(session: Session | None, extra: Sequence[tuple[str, str]] = ()) -> str:
    """The doctor's report as Markdown; `extra` are further sections, title and body."""
    versions = f"Holdfast {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return await report(versions, session, extra)


def remember(rule: str) -> str:
    """Adds a rule to the user's file; where, or why it could not be added."""
    try:
        return f"the rule {rule} was added to {allow_always(rule)}"
    except ConfigurationError as error:
        return str(error)


def _site(
    workspace: Workspace,
    data: Path,
    folder: Path,
    settings: Settings,
    editor: Editor,
    documents: Documents,
    changed: Callable[[], None],
) -> Site:
    ignore = Ignore(workspace)
    known_secrets = KnownSecrets(workspace.root, data, lambda: worker.api_key)
    discretion = Discretion(known_secrets)
    worker = Worker(settings.model, changed, discretion)
    return Site(
        workspace,
        ignore,
        Checkpoints(folder / "checkpoints", workspace, ignore),
        editor,
        documents,
        worker,
        Permissions(editor, remember),
        CheckPermits(folder / "approved-checks.json", workspace),
        discretion,
        known_secrets,
        Revisions(workspace.root),
        Digests(),
    )


def _memory(
    site: Site, folder: Path, settings: MemorySettings, changed: Callable[[], None]
) -> SessionMemory:
    place = folder / "memory"
    return SessionMemory(
        settings,
        partial(open_memory, place, site.workspace, site.known_secrets.look),
        lambda: settings.uri is not None or (place / "tables").exists(),
        site.workspace,
        site.documents,
        folder / "runs",
        discretion=site.discretion,
        changed=changed,
    )


def workspace_folder(data: Path, root: Path) -> Path:
    """Where the data of one workspace lies: readable by name, unique by path."""
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return data / "workspaces" / f"{root.name or 'root'}-{digest}"
