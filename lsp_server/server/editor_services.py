"""This module has what works for an initialized editor: sessions, commands, actions, views.

Importing it is the slow part of starting, so `lifecycle.py` does that in a thread once
`initialize` is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import lsp_server.assemble.evolution  # noqa: F401 - a session that lasts learns, and here nothing waits for it
from lsp_server.assemble.session import open_session
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ports import Editor
from lsp_server.server.client import Client
from lsp_server.server.commands.command import CommandContext
from lsp_server.server.commands.doctor_report import DoctorReport
from lsp_server.server.commands.registry import CommandRegistry
from lsp_server.server.conversations.conversations import Conversations
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.editor import LspEditor
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.notebooks import OpenNotebooks
from lsp_server.server.sessions import Sessions
from lsp_server.server.views.code_actions import CodeActions
from lsp_server.server.views.code_lenses import CodeLenses
from lsp_server.server.views.diagnostics_view import DiagnosticsView
from lsp_server.server.views.presenter import Presenter
from lsp_server.server.views.status_view import StatusView
from lsp_server.server.views.symbols import SymbolSearch
from lsp_server.server.views.virtual_documents import VirtualDocuments
from lsp_server.session.notices import (
    ExtensionsChanged,
    GoalsChanged,
    InboxChanged,
    IndexProgressed,
    Notice,
    Notify,
    RunEvent,
    StatusChanged,
)
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings
from lsp_server.system.task_set import TaskSet
from lsp_server.wording.evolution_texts import inbox_text
from lsp_server.workspace.files.documents import Documents

log = logging.getLogger(__name__)


class EditorServices:
    """The sessions of all folders, and everything that shows and commands them.

    `editor` is the name of the client, for the doctor's report. `reload` reads all settings again.
    """

    def __init__(
        self,
        client: Client,
        folders: Folders,
        open_documents: OpenDocuments,
        open_notebooks: OpenNotebooks,
        tasks: TaskSet,
        sessions: Sessions,
        editor: str,
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._folders = folders
        self._open = open_documents
        self._notebooks = open_notebooks
        self._sessions = sessions
        self._problems_shown: set[str] = set()
        status = StatusView(client, folders, outlives_editor=sessions.outlive_editors)
        diagnostics = DiagnosticsView(client, folders, open_documents)
        self.presenter = Presenter(client, folders, diagnostics, status, tasks)
        self.virtual_documents = VirtualDocuments(client, folders, tasks)
        self.conversations = Conversations(client, tasks, self._editor_of)
        open_documents.opened = self.conversations.open
        self.code_actions = CodeActions(client, folders, open_documents)
        self.code_lenses = CodeLenses(folders)
        self.symbols = SymbolSearch(folders)
        self.commands = CommandRegistry(
            CommandContext(
                client, folders, tasks, status, self.virtual_documents, self.conversations, reload
            ),
            DoctorReport(client, folders, editor, outlives_editor=sessions.outlive_editors),
        )

    async def configure(self, folder: Folder, layer: Mapping[str, Any]) -> None:
        """Opens the folder's session, or gives an open one new settings.

        `layer` are the settings of the editor.
        """
        settings = await self._settings(folder, layer)
        if folder not in self._folders:
            return  # It was closed meanwhile.
        if folder.session is not None:
            folder.session.reconfigure(settings)
            return
        try:
            folder.session = await self._open_session(folder, settings)
            self.presenter.show_at_work(folder.session)
            self.presenter.show_interrupted(folder.session)
            for path, text in folder.documents.buffers().items():
                self.conversations.open(folder, path, text)
        except (HoldfastError, OSError) as error:
            folder.problem = f"{folder.root.name} cannot be opened: {error}"
            log.exception("%s", folder.problem)
            self._client.show("error", folder.problem)
        self.presenter.refresh()

    async def close(self, folder: Folder) -> None:
        """Ends the folder's session and takes back what was shown for it."""
        session, folder.session = folder.session, None
        folder.problem = f"{folder.root.name} is no folder of the workspace any more"
        if session is not None:
            self.conversations.forget(session)
            await self._sessions.release(session)
        self.presenter.refresh()

    async def _open_session(self, folder: Folder, settings: Settings) -> Session:
        show_index = self.presenter.index_progress(folder)

        def tell(session: Session, notice: Notice) -> None:
            match notice:
                case RunEvent(run_id, recorded):
                    self.presenter.publish(session, run_id, recorded)
                    self.virtual_documents.see(run_id)
                    self.conversations.follow(run_id, recorded)
                case GoalsChanged():
                    self.presenter.refresh_soon()
                case IndexProgressed(progress):
                    show_index(progress)
                case StatusChanged() | ExtensionsChanged():
                    self.presenter.refresh()
                case InboxChanged(new):
                    self.presenter.refresh()
                    if new:
                        self._client.show("info", inbox_text(new))

        return await self._sessions.open(folder, settings, self._editor_of, tell, _open_watched)

    def _editor_of(self, folder: Folder) -> LspEditor:
        return LspEditor(self._client, self._open, self._folders, folder)

    async def _settings(self, folder: Folder, layer: Mapping[str, Any]) -> Settings:
        """The settings of a folder; each problem in them is shown once."""
        loaded = await asyncio.to_thread(load, folder.root, editor=layer)
        for problem in map(str, loaded.problems):
            if problem not in self._problems_shown:
                self._problems_shown.add(problem)
                self._client.show("warning", problem)
        return loaded.settings


def _open_watched(
    root: Path, settings: Settings, editor: Editor, documents: Documents, notify: Notify
) -> Session:
    session = open_session(root, settings, editor, documents, notify)
    session.watch()
    return session
