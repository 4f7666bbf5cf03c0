"""The composition root: only here do concrete classes of different rooms meet."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from lsp_server import __version__
from lsp_server.agent.arbiter import Arbiter
from lsp_server.agent.archive import JournalArchive
from lsp_server.agent.instructions import opening_text, project_instructions, system_text
from lsp_server.agent.loop import Agent, Terms
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import Emit, Recorded
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.ports import Editor, Tool
from lsp_server.domain.tasks import RunId, Task
from lsp_server.goals.verifier import Verifier
from lsp_server.models.worker import Worker
from lsp_server.session.permissions import Permissions
from lsp_server.session.report import report
from lsp_server.session.runs import Launch, Runs
from lsp_server.session.session import Session
from lsp_server.settings import Settings, allow_always, data_folder
from lsp_server.tools.approval import Approval
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.search import Search
from lsp_server.tools.secrets import Discreet, secrets_in
from lsp_server.tools.shell import Shell
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace

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
) -> Session:
    """A session for one workspace folder; must be called on a running event loop.

    It begins to look for the model endpoint in the background. `data` is where
    journals and checkpoints go, the user's data folder if left out.
    """
    workspace = Workspace(root)
    folder = workspace_folder(data or data_folder(), workspace.root)
    ignore = Ignore(workspace)
    checkpoints = Checkpoints(folder / "checkpoints", workspace, ignore)
    worker = Worker(settings.model)
    permissions = Permissions(editor, remember)
    crew = Crew(workspace, ignore, checkpoints, editor, documents, worker, permissions)
    runs = Runs(
        folder / "runs",
        workspace.root,
        settings,
        undo=lambda changes: checkpoints.undo(changes, editor),
        build=crew.agent,
        watch=lambda run_id, recorded: publish(session, run_id, recorded),
        ready=worker.check,
    )
    session = Session(workspace.root, settings, documents, worker, permissions, runs)
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


def workspace_folder(data: Path, root: Path) -> Path:
    """Where the data of one workspace lies: readable by name, unique by path."""
    digest = hashlib.sha256(str(root).encode()).hexdigest()[:12]
    return data / "workspaces" / f"{root.name or 'root'}-{digest}"


class Crew:
    """Puts an Agent together for each run of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        ignore: Ignore,
        checkpoints: Checkpoints,
        editor: Editor,
        documents: Documents,
        worker: Worker,
        permissions: Permissions,
    ) -> None:
        self._workspace = workspace
        self._ignore = ignore
        self._checkpoints = checkpoints
        self._editor = editor
        self._documents = documents
        self._worker = worker
        self._permissions = permissions

    async def agent(self, launch: Launch) -> Agent:
        """Raises ConfigurationError, ModelError when there is no model to ask."""
        settings, record = launch.settings, launch.record
        model = await self._worker.model()
        verifier = Verifier(
            self._workspace, self._checkpoints.tree.hash, settings.goal.check_timeout_seconds
        )
        arbiter = Arbiter(verifier.verify, record.emit, settings.goal.re_entries_max)
        return Agent(
            model, self._toolbox(launch), record, arbiter, await self._terms(launch.task, settings)
        )

    async def _terms(self, task: Task, settings: Settings) -> Terms:
        project = await asyncio.to_thread(
            lambda: project_instructions(self._workspace.root, self._ignore.walk())
        )
        budget_tokens = settings.prompt_tokens_max
        return Terms(
            system=system_text(task.mode, project),
            opening=opening_text(task, self._workspace.root),
            budget=task.budget,
            budget_tokens=budget_tokens,
            rebuild_tokens=round(budget_tokens * settings.context.rebuild_at),
            prices=settings.model.prices,
        )

    def _toolbox(self, launch: Launch) -> Toolbox:
        task, permissions = launch.task, launch.settings.permissions
        approval = Approval(permissions, self._workspace, task.mode)

        async def ask(question: Question) -> Answer:
            return await self._permissions.ask(
                launch.run_id, question, launch.record.emit, permissions.answer_timeout_seconds
            )

        tools = self._reading(launch, approval)
        if task.mode == "build":
            tools += self._changing(launch.record.emit)
        return Toolbox(tools, approval, ask)

    def _reading(self, launch: Launch, approval: Approval) -> list[Tool]:
        """What can change nothing; all that a task in plan mode gets."""
        workspace, emit, chars_max = self._workspace, launch.record.emit, launch.result_chars_max
        return [
            self._discreet(Read(workspace, self._editor, chars_max=chars_max)),
            List(workspace, self._ignore, visible=approval.visible),
            self._discreet(
                Search(workspace, self._ignore, self._documents, visible=approval.visible)
            ),
            self._discreet(Diagnostics(workspace, self._editor)),
            self._discreet(Recall(JournalArchive(launch.journal_path), chars_max=chars_max)),
            Plan(emit),
            Finish(),
        ]

    def _changing(self, emit: Emit) -> list[Tool]:
        editor = self._checkpoints.recording(self._editor, emit)
        return [
            Edit(self._workspace, editor),
            Write(self._workspace, editor),
            self._discreet(Shell(self._workspace, self._checkpoints, emit)),
        ]

    def _discreet(self, tool: Tool) -> Tool:
        return Discreet(tool, self._secrets)

    def _secrets(self) -> tuple[str, ...]:
        key = self._worker.api_key
        return (*([key] if key else ()), *secrets_in(os.environ))
