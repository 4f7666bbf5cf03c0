"""This module offers code lenses: on goals their commands, above the goals file those of runs.

All of them are code actions too, since many editors have no lenses. They are offered to
every client, as some that show lenses do not declare it.
"""

from __future__ import annotations

from lsprotocol import types

from lsp_server.domain.goals import GOALS_FILE
from lsp_server.server import to_lsp
from lsp_server.server.folders import Folders
from lsp_server.server.questions import action_titles
from lsp_server.server.views import conversation_view, goal_view, inbox_view, skill_view
from lsp_server.server.views.code_actions import permission_command, run_commands


class CodeLenses:
    """`CodeLenses` offers lenses above each goal, and for runs above the goals file."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def offer(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """Returns the lenses of a document."""
        located = self._folders.locate(params.text_document.uri)
        if located is None or located[0].session is None:
            return []
        folder, path = located
        session = folder.require_session()
        on_goals = [
            *goal_view.lenses(folder, session.goals, path),
            *skill_view.lenses(session.skills, path),
            *skill_view.workflow_lenses(session.workflows, path),
            *inbox_view.lenses(
                session.evolution.inbox, path, folder.documents.buffers().get(path, "")
            ),
        ]
        answers = [
            permission_command(title, pending, answer)
            for pending in session.permissions.pending()
            for answer, title in action_titles(pending.question)
        ]
        about_runs = (*answers, *run_commands(session))
        if path != folder.root / GOALS_FILE:
            return [*on_goals, *conversation_view.lenses(folder, path, about_runs)]
        on_top = [
            types.CodeLens(range=to_lsp.whole_line(0), command=command) for command in about_runs
        ]
        return on_top + on_goals
