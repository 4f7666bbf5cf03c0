"""This module leads a connection from `initialize` to `shutdown`: capabilities, folders, sessions.

`initialize` only looks at what the client sent. Everything slow begins with
`initialized`; code that needs it awaits `editor_services()`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.domain.goals import GOALS_FILE
from lsp_server.server import capabilities, from_lsp
from lsp_server.server import folders as workspace_folders
from lsp_server.server.client import Client
from lsp_server.server.configuration import EditorConfiguration
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.notebooks import OpenNotebooks
from lsp_server.server.protocol import PROJECT_SETTINGS_FILE
from lsp_server.server.sessions import Sessions
from lsp_server.system.task_set import TaskSet

if TYPE_CHECKING:
    from lsp_server.server.editor_services import EditorServices

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0
"""How long stopping all runs may take before it is given up."""

START_SECONDS = 30.0
"""How long a request waits for a server that has just started."""


class Lifecycle:
    """A `Lifecycle` holds the state of one connection that outlives a message.

    `watch_process` is called with the process id of the editor, if it names one.
    """

    def __init__(
        self, client: Client, watch_process: Callable[[int], None], sessions: Sessions
    ) -> None:
        self.folders = Folders()
        self.documents = OpenDocuments(client, self.folders)
        self.notebooks = OpenNotebooks(client, self.folders)
        self.configuration = EditorConfiguration(client)
        self.tasks = TaskSet()
        self._client = client
        self._watch_process = watch_process
        self._sessions = sessions
        self._editor = "unknown editor"
        self._starting: asyncio.Task[EditorServices] | None = None

    def initialize(self, params: types.InitializeParams) -> None:
        """Takes down what the client is and where it works."""
        self._client.can = capabilities.resolve(params)
        self.configuration.initialize(params.initialization_options)
        if params.client_info is not None:
            self._editor = f"{params.client_info.name} {params.client_info.version or ''}".strip()
        if params.process_id is not None:
            self._watch_process(params.process_id)
        for uri in workspace_folders.uris_of(params):
            self.add_folder(uri)

    def dropped(self, method: str, params: object) -> None:
        """Takes down of a notification that could not be read whose text is unknown now."""
        match method, params:
            case types.TEXT_DOCUMENT_DID_CHANGE, {"textDocument": {"uri": str(uri)}}:
                self.documents.lose(uri)
            case types.NOTEBOOK_DOCUMENT_DID_CHANGE, {"notebookDocument": {"uri": str(uri)}}:
                self.notebooks.lose(uri)
            case _:
                pass

    def initialized(self, _: types.InitializedParams) -> None:
        """Starts everything slow."""
        self._start()

    async def editor_services(self) -> EditorServices:
        """Waits for the sessions and what belongs to them. Raises TimeoutError."""
        # Shielded: a request that gives up must not cancel the start for all others.
        async with asyncio.timeout(START_SECONDS):
            return await asyncio.shield(self._start())

    def add_folder(self, uri: str) -> Folder | None:
        """Adds a folder; returns None for one that cannot be worked in, which the log says."""
        folder = self.folders.add(uri)
        if folder is not None:
            self.documents.adopt(folder)
            self.notebooks.adopt(folder)
        elif from_lsp.path(uri) is None:
            log.warning("%s is no folder on this machine, so Holdfast does not work there", uri)
        return folder

    def remove_folder(self, uri: str) -> None:
        """Takes a folder out, and ends its session in the background."""
        folder = self.folders.remove(uri)
        if folder is not None:
            self.tasks.start(self._close_folder(folder), f"closing of {folder.root.name}")

    def configure(self, folders: Sequence[Folder]) -> None:
        """Opens the sessions of folders, or gives open ones new settings, in the background."""
        if self._starting is not None and folders:
            self.tasks.start(self._configure_later(folders), "change of the settings")

    async def shutdown(self, _: object) -> None:
        """Gives every session back, with a deadline; requests that come afterwards are refused."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait({self._starting}, timeout=CLOSE_SECONDS)
        closing = (self._sessions.release(each) for each in self.folders.sessions())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*closing, return_exceptions=True)

    async def close(self) -> None:
        """Ends what `shutdown` left, and all background work."""
        await self.shutdown(None)
        await self.tasks.close()

    def _start(self) -> asyncio.Task[EditorServices]:
        if self._starting is None:
            self._starting = self.tasks.start(self._build(), "start")
        return self._starting

    async def _build(self) -> EditorServices:
        # The import takes most of the start, and nothing else may wait for it.
        name = "lsp_server.server.editor_services"
        module = await asyncio.to_thread(importlib.import_module, name)
        services: EditorServices = module.EditorServices(
            self._client,
            self.folders,
            self.documents,
            self.notebooks,
            self.tasks,
            self._sessions,
            self._editor,
            lambda: self._configure_later(tuple(self.folders)),
        )
        await self._configure(services, tuple(self.folders))
        # An editor that never answers must not hold up the start.
        watching = self._client.watch([f"**/{PROJECT_SETTINGS_FILE}", f"**/{GOALS_FILE}"])
        self.tasks.start(watching, "watching of settings and goals")
        return services

    async def _configure_later(self, folders: Sequence[Folder]) -> None:
        await self._configure(await self.editor_services(), folders)

    async def _configure(self, services: EditorServices, folders: Sequence[Folder]) -> None:
        layers = await self.configuration.layers(folders)
        for folder, layer in zip(folders, layers, strict=True):
            await services.configure(folder, layer)

    async def _close_folder(self, folder: Folder) -> None:
        await (await self.editor_services()).close(folder)
