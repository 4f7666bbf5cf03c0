"""Code lenses: on goals what can be done about them, above the goals file what a run needs.

All of them are code actions too, since many editors have no lenses. They are
offered to every client, as some that show them do not say so.
"""

from __future__ import annotations

from lsprotocol import types

from lsp_server.domain.goals import GOALS_FILE
from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.folders import Folders
from lsp_server.server.views import goal_view
from lsp_server.server.views.code_actions import answers_to, permission_command, run_commands


class CodeLenses:
    """Those of goals stand above them, the others above the first line of the goals file."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def offer(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """The lenses of a document."""
        path = from_lsp.path(params.text_document.uri)
        folder = self._folders.of(path) if path is not None else None
        if path is None or folder is None or folder.session is None:
            return []
        on_goals = list(goal_view.lenses(folder, path))
        if path != folder.root / GOALS_FILE:
            return on_goals
        answers = [
            permission_command(title, pending, answer)
            for pending in folder.session.permissions.pending()
            for answer, title in answers_to(pending)
        ]
        on_top = [
            types.CodeLens(range=to_lsp.whole_line(0), command=command)
            for command in (*answers, *run_commands(folder))
        ]
        return on_top + on_goals
