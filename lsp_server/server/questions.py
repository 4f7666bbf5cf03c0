"""This module words a question of a run for the editor's message box."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.domain.permissions import Answer, Question, visible
from lsp_server.server.folders import Folder
from lsp_server.text.truncate import truncate

DETAIL_CHARS_MAX = 600
"""How much of an operation a message box shows; the diagnostic has more."""

ANSWERS: Mapping[Answer, str] = {
    "once": "Approve once",
    "always": "Always",
    "deny": "Deny",
}
"""Titles are compared as text, as some clients send nothing else back."""


def question_text(
    question: Question, folder: Folder, *, name: str | None, opens_changes: bool
) -> str:
    """Says who asks for what and where, with the operation itself if it is not seen anyway.

    `name` is the folder's name if several are open. `opens_changes` says that the client
    opens what would be done to a file beside the person's work.
    """
    asker = _asker(question, folder)
    where = f" in {name}" if name else ""
    lines = [f"“{asker}” asks{where}: {question.summary}" if asker else question.summary]
    opened = opens_changes and question.path is not None and "\n" in question.detail
    if question.detail not in question.summary and not opened:
        lines.append(truncate(question.detail, DETAIL_CHARS_MAX))
    if question.rule is not None:
        lines.append(f"(Always, in all your projects: {question.rule})")
    return visible("\n".join(lines))


def _asker(question: Question, folder: Folder) -> str | None:
    """The title of the run that asks; None outside of runs."""
    if folder.session is None:
        return None
    askers = {asked.question.id: asked.run_id for asked in folder.session.permissions.pending()}
    titles = {run.run_id: run.title for run in folder.session.runs.active()}
    run_id = askers.get(question.id)
    return titles.get(run_id) if run_id is not None else None
