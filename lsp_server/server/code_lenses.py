"""Code lenses on the goals file: what can be clicked while a run is active.

All of them are code actions too, since many editors have no lenses. They are
offered to every client, as some that show them do not say so.
"""

from __future__ import annotations

from lsprotocol import types

from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.code_actions import answers_to, permission_command, run_commands
from lsp_server.server.folders import Folders
from lsp_server.server.protocol import GOALS_FILE


class CodeLenses:
    """Lenses stand above the first line of the goals file."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def offer(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """The lenses of a document."""
        path = from_lsp.path(params.text_document.uri)
        folder = self._folders.of(path) if path is not None else None
        if folder is None or folder.session is None or path != folder.root / GOALS_FILE:
            return []
        answers = [
            permission_command(title, pending, answer)
            for pending in folder.session.permissions.pending()
            for answer, title in answers_to(pending)
        ]
        return [
            types.CodeLens(range=to_lsp.whole_line(0), command=command)
            for command in (*answers, *run_commands(folder))
        ]
