"""From `initialize` to `shutdown`: capabilities, folders, settings, sessions.

`initialize` only looks at what the client sent. Everything slow begins with
`initialized`; what needs it awaits `workbench()`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.domain.goals import GOALS_FILE
from lsp_server.server import capabilities, configuration, from_lsp
from lsp_server.server import folders as workspace_folders
from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.protocol import PROJECT_SETTINGS_FILE, SOURCE, run_of_token

if TYPE_CHECKING:
    from lsp_server.server.editor_services import EditorServices

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0
"""What stopping all runs may take before it is given up."""

WORKBENCH_SECONDS = 30.0
"""How long a request waits for a server that has just started."""


class Lifecycle:
    """One connection's state that outlives a message."""

    def __init__(self, client: Client, watch_process: Callable[[int], None]) -> None:
        self.folders = Folders()
        self.documents = OpenDocuments(client, self.folders)
        self.background = Background()
        self._client = client
        self._watch_process = watch_process
        self._editor = "unknown editor"
        self._options: dict[str, Any] = {}
        self._pushed: dict[str, Any] = {}
        self._starting: asyncio.Task[EditorServices] | None = None

    def initialize(self, params: types.InitializeParams) -> None:
        """Takes down what the client is and where it works."""
        self._client.can = capabilities.resolve(params)
        self._options = configuration.section(params.initialization_options)
        if params.client_info is not None:
            self._editor = f"{params.client_info.name} {params.client_info.version or ''}".strip()
        if params.process_id is not None:
            self._watch_process(params.process_id)
        for uri in workspace_folders.uris_of(params):
            self._add(uri)

    def initialized(self, _: types.InitializedParams) -> None:
        """Starts everything slow."""
        self._start()

    async def editor_services(self) -> EditorServices:
        """The sessions and what belongs to them, once they are there. Raises TimeoutError."""
        async with asyncio.timeout(WORKBENCH_SECONDS):
            return await asyncio.shield(self._start())

    async def shutdown(self, _: object) -> None:
        """Stops every run, with a deadline; what is asked afterwards is refused."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait({self._starting}, timeout=CLOSE_SECONDS)
        sessions = [folder.session for folder in self.folders if folder.session is not None]
        closing = (session.close() for session in sessions)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*closing, return_exceptions=True)

    async def close(self) -> None:
        """Ends what `shutdown` left, and all background work."""
        await self.shutdown(None)
        await self.background.close()

    def did_change_configuration(self, params: types.DidChangeConfigurationParams) -> None:
        if isinstance(params.settings, Mapping) and SOURCE in params.settings:
            self._pushed = configuration.section(params.settings)
        self._reconfigure(tuple(self.folders))

    def did_change_watched_files(self, params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            self._settings_file_changed(change.uri)
            self._file_changed(change.uri, saved=False)

    def did_save(self, params: types.DidSaveTextDocumentParams) -> None:
        self._settings_file_changed(params.text_document.uri)
        self._file_changed(params.text_document.uri, saved=True)

    def did_change_workspace_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for gone in params.event.removed:
            folder = self.folders.remove(gone.uri)
            if folder is not None:
                self.background.start(self._close(folder), f"closing of {folder.root.name}")
        added = [self._add(new.uri) for new in params.event.added]
        self._reconfigure(tuple(folder for folder in added if folder is not None))

    def cancel_progress(self, params: types.WorkDoneProgressCancelParams) -> None:
        """The Cancel button of a run's progress."""
        run_id = run_of_token(params.token)
        for folder in self.folders:
            active = folder.session.runs.active() if folder.session is not None else ()
            for run in active:
                if folder.session is not None and run.run_id == run_id:
                    folder.session.runs.stop(run.run_id)

    def _add(self, uri: str) -> Folder | None:
        folder = self.folders.add(uri)
        if folder is not None:
            self.documents.adopt(folder)
        elif from_lsp.path(uri) is None:
            log.warning("%s is no folder on this machine, so Holdfast does not work there", uri)
        return folder

    def _start(self) -> asyncio.Task[EditorServices]:
        if self._starting is None:
            self._starting = self.background.start(self._build(), "start")
        return self._starting

    async def _build(self) -> EditorServices:
        name = "lsp_server.server.editor_services"
        module = await asyncio.to_thread(importlib.import_module, name)
        services: EditorServices = module.EditorServices(
            self._client, self.folders, self.documents, self.background, self._editor
        )
        await self._configure(services, tuple(self.folders))
        # An editor that never answers must not hold up the start.
        watching = self._client.watch([f"**/{PROJECT_SETTINGS_FILE}", f"**/{GOALS_FILE}"])
        self.background.start(watching, "watching of settings and goals")
        return services

    def _reconfigure(self, changed: tuple[Folder, ...]) -> None:
        if self._starting is not None and changed:
            self.background.start(self._configure_later(changed), "change of the settings")

    async def _configure_later(self, changed: tuple[Folder, ...]) -> None:
        await self._configure(await self.editor_services(), changed)

    async def _configure(self, services: EditorServices, changed: tuple[Folder, ...]) -> None:
        pulled = await self._client.configuration([folder.uri for folder in changed])
        told = configuration.layer_over(self._options, self._pushed)
        for folder, value in zip(changed, pulled, strict=True):
            layer = configuration.layer_over(told, configuration.section(value))
            await services.configure(folder, layer)

    async def _close(self, folder: Folder) -> None:
        await (await self.editor_services()).close(folder)

    def _settings_file_changed(self, uri: str) -> None:
        path = from_lsp.path(uri)
        folder = self.folders.of(path) if path is not None else None
        if folder is not None and path == folder.root / Path(PROJECT_SETTINGS_FILE):
            self._reconfigure((folder,))

    def _file_changed(self, uri: str, *, saved: bool) -> None:
        """What was shown of goals may not hold any more."""
        path = from_lsp.path(uri)
        folder = self.folders.of(path) if path is not None else None
        if path is None or folder is None or folder.session is None:
            return
        session = folder.session
        session.memory.files_changed([path])
        session.goals.file_saved(check=saved and session.settings.goal.check_on_save)
        session.goals.text_changed(path)
