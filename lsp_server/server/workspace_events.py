"""This module handles what the editor reports of the workspace: files, folders, settings."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.server.lifecycle import Lifecycle
from lsp_server.server.protocol import PROJECT_SETTINGS_FILE, run_of_token


class WorkspaceEvents:
    """`WorkspaceEvents` handles notifications about the workspace; all handlers are quick."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._folders = lifecycle.folders

    def did_change_configuration(self, params: types.DidChangeConfigurationParams) -> None:
        self._lifecycle.configuration.change(params.settings)
        self._lifecycle.configure(tuple(self._folders))

    def did_change_watched_files(self, params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            self._file_changed(change.uri, saved=False)

    def did_save(self, params: types.DidSaveTextDocumentParams) -> None:
        self._file_changed(params.text_document.uri, saved=True)

    def did_change_workspace_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for removed in params.event.removed:
            self._lifecycle.remove_folder(removed.uri)
        added = [self._lifecycle.add_folder(new.uri) for new in params.event.added]
        self._lifecycle.configure([folder for folder in added if folder is not None])

    def cancel_progress(self, params: types.WorkDoneProgressCancelParams) -> None:
        """Stops the run whose progress was cancelled."""
        run_id = run_of_token(params.token)
        for session in self._folders.sessions():
            for run in session.runs.active():
                if run.run_id == run_id:
                    session.runs.stop(run.run_id)

    def _file_changed(self, uri: str, *, saved: bool) -> None:
        located = self._folders.locate(uri)
        if located is None:
            return
        folder, path = located
        if path == folder.root / PROJECT_SETTINGS_FILE:
            self._lifecycle.configure((folder,))
        if folder.session is not None:
            folder.session.files_changed([path], saved=saved)
